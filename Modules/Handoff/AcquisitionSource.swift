import Machine
import Ring

/// One holder, as the puller sees it.
struct AcquisitionSource: Sendable {
    enum Phase: Sendable {
        /// Nothing is under way; a pass may be half done.
        case idle
        /// A batch has been asked for.
        case asking(HandoffTicket, deadline: Instant)
        /// A batch goes into the store; then the pass goes on at `next`, or ends.
        case merging(HandoffTicket, next: UInt64?, byteCount: Int)
    }

    let node: NodeID
    var phase = Phase.idle
    /// What is still to be read from it.
    var wanted: PartitionSet
    /// What has been read from it as a whole and merged.
    var done: PartitionSet
    /// What this pass covers: each from its first token.
    var pass: PartitionSet
    /// What it refused in this pass.
    var refused: PartitionSet
    /// Everything of the pass below this token has been merged.
    var cursor: UInt64 = 0
    var readyAt = Instant.zero
    var backoff = Backoff()
    var bytesMerged: UInt64 = 0
    var bytesLeft: UInt64?

    init(node: NodeID, partitionCount: Int) {
        self.node = node
        wanted = .none(of: partitionCount)
        done = .none(of: partitionCount)
        pass = .none(of: partitionCount)
        refused = .none(of: partitionCount)
    }

    func isAsking(_ ticket: HandoffTicket) -> Bool {
        if case .asking(ticket, _) = phase { true } else { false }
    }

    func isMerging(_ ticket: HandoffTicket) -> Bool {
        if case .merging(ticket, _, _) = phase { true } else { false }
    }

    var isActive: Bool {
        if case .idle = phase { false } else { true }
    }

    /// Sets what the next request covers: what is left of the pass, and what has become wanted and lies wholly ahead.
    mutating func preparePass(_ view: HandoffView) {
        pass = pass.intersection(wanted)
        if pass.isEmpty {
            refused = .none(of: refused.capacity)
            pass = wanted
            cursor = pass.first { _ in true }.map { view.tokens(of: $0).lowerBound } ?? 0
        } else {
            for partition in wanted
            where view.tokens(of: partition).lowerBound >= cursor && !refused.contains(partition) {
                pass.insert(partition)
            }
        }
    }

    /// Takes out of the pass what ends below `next`, and returns it; everything where `next` is `nil`.
    mutating func advance(to next: UInt64?, _ view: HandoffView) -> PartitionSet {
        let completed = next.map { next in pass.filtered { view.tokens(of: $0).upperBound < next } } ?? pass
        cursor = next ?? 0
        pass.subtract(completed)
        wanted.subtract(completed)
        done.formUnion(completed)
        return completed
    }

    /// Forgets everything about partitions that this node does not need any more.
    mutating func keepOnly(_ needed: PartitionSet) {
        wanted = wanted.intersection(needed)
        done = done.intersection(needed)
        pass = pass.intersection(needed)
        refused = refused.intersection(needed)
    }
}
