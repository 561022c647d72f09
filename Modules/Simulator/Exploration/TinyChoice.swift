/// One thing that may happen next in a ``TinyWorld``.
enum TinyChoice: Hashable, Sendable, CustomStringConvertible {
    /// The next frame of a link arrives; the link is sender × 3 + receiver.
    case deliver(Int)
    /// A client begins its next request.
    case begin(Int)
    /// A node's batch reaches its disk.
    case commit(Int)
    /// A node loses power, and starts again with what it had synced.
    case crash(Int)
    /// A node loses power and every object that it had, and starts again as who it is.
    case amnesia(Int)
    /// A node and the two others do not reach each other.
    case isolate(Int)
    /// They do again.
    case heal
    /// Time passes: beyond what a coordinator waits before it turns to others, and short of its deadline.
    case patience

    var description: String {
        switch self {
        case .deliver(let link): "what \(link / 3) sent to \(link % 3) arrives"
        case .begin(let client): "client \(client) asks"
        case .commit(let node): "\(node) commits"
        case .crash(let node): "\(node) loses power"
        case .amnesia(let node): "\(node) loses power and all objects"
        case .isolate(let node): "\(node) is cut off"
        case .heal: "everyone reaches everyone"
        case .patience: "time passes"
        }
    }
}

/// How much may still happen.
struct TinyBudget: Hashable, Sendable {
    /// Frames that arrive in any order before the rest arrives in turn.
    var deliveries: UInt8 = 8
    var crashes: UInt8 = 1
    var amnesias: UInt8 = 0
    var partitions: UInt8 = 0
    var patience: UInt8 = 0

    /// The most deliveries, and the most misfortunes of each kind: what fits into a ``VisitedWorlds``.
    static let deliveryLimit = 200
    static let misfortuneLimit = 3

    /// Nothing more.
    static let none = TinyBudget(deliveries: 0, crashes: 0)
}
