public import Coordinator

/// What the clients of a simulated cluster do.
public struct WorkloadOptions: Sendable {
    /// How many clients there are; each does one thing at a time.
    public var clients = 8
    /// Keys of each kind: registers, sets, single-writer registers.
    public var keysOfEachKind = 6
    /// How many keys more are written, and read by nobody before the end.
    public var unreadKeys = 96
    /// How many clients more go from node to node with their sessions, and how many keys they have for that: every other one
    /// is read and written strictly, the first is.
    public var walkers = 0
    /// See ``walkers``.
    public var walkedKeys = 0
    /// Nanoseconds between an answer and the client's next operation, at most; at least a millisecond, each order of
    /// magnitude as likely as another, so that clients come in bursts.
    public var pause: Int64 = 1_600_000_000
    /// Nanoseconds until a request has its answer.
    public var timeout: Int64 = 2_000_000_000
    /// R of most requests.
    public var read = QuorumSize.quorum
    /// W of most requests.
    public var write = QuorumSize.quorum
    /// R of requests for keys with one writer.
    public var singleRead = QuorumSize.quorum
    /// W of those.
    public var singleWrite = QuorumSize.quorum
    /// Whether fallbacks may stand in for those.
    public var isSingleSloppy = false
    /// Whether fallbacks may stand in, for requests that are not strict by their nature.
    public var sloppy = true
    /// Bytes of each value, beyond its name.
    public var valueBytes = 64
    /// Bytes of one value in so many.
    public var largeValueBytes = 20_000
    /// How seldom a value is large; 0: never.
    public var largeValueRarity: UInt64 = 0

    /// How seldom a value of a register has an end, a second to two minutes from its write; 0: never.
    public var expiryRarity: UInt64 = 0
    /// Of so many keys that are drawn the first is taken: 1 makes all alike.
    public var hotness = 1

    /// The defaults.
    public init() {}
}
