public import Coordinator

/// What a request shard goes by.
public struct ShardConfiguration: Sendable {
    /// R where a request does not say.
    public var read = QuorumSize.quorum
    /// W where a request does not say.
    public var write = QuorumSize.quorum
    /// Nanoseconds until a request has its answer, where it does not say.
    public var timeout: Int64 = 5_000_000_000
    /// The longest timeout that a request may ask for, in nanoseconds.
    public var timeoutLimit: Int64 = 60_000_000_000
    /// Nanoseconds of silence of a replica until a fallback is asked as well.
    public var patience: Int64 = 300_000_000
    /// Whether a read asks as many holders as its answer needs, and the others only where that takes long; or all at once.
    public var isHedging = true
    /// The bounds of the nanoseconds that a hedged read waits before it asks the others: within them it is what
    /// one holder in twenty does not answer in.
    public var hedgeDelay: ClosedRange<Int64> = 1_000_000...300_000_000
    /// The least nanoseconds until a request that met another view of its partition is tried again, if no other view comes before:
    /// the other node may have been the one behind.
    public var retryDelay: Int64 = 25_000_000
    /// The most requests of each kind in flight; beyond it the answer is `busy`.
    public var requestLimit = 16_384
    /// The most questions of other nodes in work; beyond it the answer is `busy`.
    public var replicaLimit = 65_536
    /// Whether a copy on this node's disk counts as durable: `false` where its store does not sync.
    public var isDurable = true
    /// How long a client that met `busy` should wait, in milliseconds.
    public var retryAfterMilliseconds = 100

    /// The defaults.
    public init() {}
}
