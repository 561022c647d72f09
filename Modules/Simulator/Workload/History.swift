import Causality
import Coordinator
import Hashing
import Machine

/// What is known of an operation's outcome.
enum Outcome: Equatable {
    /// There is no answer yet.
    case pending
    /// It was answered as asked.
    case done
    /// It certainly did nothing.
    case notApplied
    /// It may have happened, or may yet.
    case unknown
}

/// One thing that a client did, from its beginning to its answer.
struct Operation {
    enum Kind: Equatable {
        case read
        /// The number of the write among those of its key.
        case write(Int)
    }

    let kind: Kind
    let key: Int
    let client: Int
    let host: Int
    let life: UInt32
    let options: RequestOptions
    let began: Int64
    var ended = Int64.max
    var outcome = Outcome.pending
    /// A read: the siblings that it was shown, by the numbers of their writes.
    var shown: [Int] = []
    /// A read of a quorum: what had been written strictly before it began.
    var settled: CausalContext?
    /// A strict read of a majority: what its client's session has to find.
    var session: Session?
    var failure: RequestFailure?
}

/// One write of a key, as the outside knows it.
struct Write {
    /// Its place among the operations.
    let operation: Int
    let client: Int
    /// `nil` is a delete.
    let value: ByteBuffer?
    /// What its client had seen of the key, with all that went before that: what the write replaces.
    let past: WriteSet
    /// Deletes that its client had seen before anybody was told whose they were.
    let unnamed: CausalContext
    /// What it was sent with.
    var context = CausalContext()
    /// It replaces whatever its coordinator has, which the outside does not know.
    let isBlind: Bool
    /// A set's elements, as their client wrote them.
    let elements: WriteSet
    let began: Int64
    var ended = Int64.max
    var outcome = Outcome.pending
    var dot: Dot?
    /// Written to a quorum, with nobody standing in for an owner.
    var isStrict = false
    /// When its value ends, in milliseconds by a wall clock; 0: never.
    var expiry: UInt64 = 0
    /// Owners and holders of its key as its coordinator knew them when it was acknowledged; none where it could not be asked.
    var replicas: [NodeID] = []
    /// How many nodes had it on disk when it was acknowledged: its W, of the owners that there were.
    var copies: Int
    /// A walker's: the session that it was made in, by walked key.
    var session: [Session] = []
}

/// All that happened to one key.
struct KeyHistory {
    let name: String
    let key: ByteBuffer
    let token: Token
    let model: KeyModel
    var writes: [Write] = []
    /// Whose dot is whose, as far as it was seen; only looked up.
    var writeOfDot: [Dot: Int] = [:]
    /// Dots of strict writes that were acknowledged by at least one, by at least two, and so on.
    private(set) var settled: [CausalContext] = []
    var operations: [Int] = []

    init(name: String, key: ByteBuffer, model: KeyModel) {
        self.name = name
        self.key = key
        token = Token(key: key)
        self.model = model
    }

    /// How the value of a write begins.
    func text(of write: Int, by client: Int) -> String { "\(name)\(Self.infix)\(write) of client \(client)" }

    private static let infix = " write "

    /// Whose value it is; `nil` where nobody wrote it. Each says its number, so nothing as long as a value is hashed.
    func write(of value: ByteBuffer) -> Int? {
        var number = 0
        for byte in value.readableBytesView.dropFirst(name.utf8.count + Self.infix.utf8.count) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), number < writes.count else { break }
            number = 10 * number + Int(byte - UInt8(ascii: "0"))
        }
        return number < writes.count && writes[number].value == value ? number : nil
    }

    /// What a read of R of N replicas meets whoever answers it: what W > N − R have acknowledged.
    func settled(meeting read: Int, of replicas: Int) -> CausalContext {
        let fewer = replicas - read
        return settled.indices.contains(fewer) ? settled[fewer] : CausalContext()
    }

    /// A strict write was acknowledged by so many.
    mutating func settle(_ dot: Dot, at copies: Int) {
        while settled.count < copies {
            settled.append(CausalContext())
        }
        for index in 0..<copies {
            settled[index].insert(dot)
        }
    }
}

/// How a key is used.
enum KeyModel {
    /// Written by anyone, in every way there is.
    case register
    /// Every write adds an element to what its client has read.
    case set
    /// One client writes, each time over its last write; anyone reads. Strict.
    case single
    /// Written by anyone now and then, and read by nobody before the end: what is missing there no read has mended.
    case unread
    /// Read and written by walkers, who come with a session; strictly, by quorums.
    case walkedStrictly
    /// Likewise, by whoever can be reached.
    case walked

    /// The models of the keys that clients read.
    static let visited: [KeyModel] = [.register, .set, .single]
}

/// Everything that the clients did and were told, in order.
struct History {
    var keys: [KeyHistory] = []
    var operations: [Operation] = []
}
