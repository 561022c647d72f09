import Causality
import Coordinator

/// What one client's session has to find at a key from now on, at whatever node it asks: the four session guarantees (Terry and
/// others, "Session Guarantees for Weakly Consistent Replicated Data", 1994), each as what a read has to know.
struct Session: Equatable {
    /// Monotonic reads: what its reads knew.
    var read = CausalContext()
    /// Read your writes: its writes that were acknowledged.
    var written = CausalContext()
    /// Writes follow reads: what those had read, before they wrote, of whom it has read anything at any key.
    var followed = CausalContext()
    /// Monotonic writes: what the same had written before.
    var preceded = CausalContext()

    /// Takes what another session has to find at the key: this one has read a write that was made in it.
    mutating func follow(_ author: Session) {
        followed.merge(author.read)
        followed.merge(author.followed)
        preceded.merge(author.written)
        preceded.merge(author.preceded)
    }

    /// What a read that knows so much lacks: the guarantees that it breaks, and what each wants it to know.
    func lacking(in context: CausalContext) -> [(guarantee: Invariant, wanted: CausalContext)] {
        var lacking: [(guarantee: Invariant, wanted: CausalContext)] = []
        func look(for wanted: CausalContext, _ guarantee: Invariant) {
            if !context.descends(from: wanted) {
                lacking.append((guarantee, wanted))
            }
        }
        look(for: read, .monotonicReads)
        look(for: written, .readYourWrites)
        look(for: followed, .writesFollowReads)
        look(for: preceded, .monotonicWrites)
        return lacking
    }
}

extension RequestOptions {
    /// Whether it is a read after which the next such read knows at least as much, whoever asks: strict, and of a majority.
    func isAtomicRead(of replicas: Int) -> Bool {
        !sloppy && 2 * (read ?? .quorum).resolved(owners: replicas) > replicas
    }

    /// Whether it is a write that such reads know of once it is acknowledged: likewise.
    func isMajorityWrite(of replicas: Int) -> Bool {
        !sloppy && 2 * (write ?? .quorum).resolved(owners: replicas) > replicas
    }
}
