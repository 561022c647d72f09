import Causality
import Handoff
public import Ring

/// What a simulated cluster is like before anything goes wrong.
public struct WorldOptions: Sendable {
    /// Partitions and replicas.
    public var ring: RingConfiguration
    /// How many zones the hosts are in, in turn; 0: none has one.
    public var zones = 0
    /// Request shards of each node.
    public var shards = 2
    /// Whether reads ask as few as they need at first, and the others where that takes long.
    public var isHedging = true
    /// Nanoseconds that a packet takes: at least, and beyond that at most.
    public var packetDelay: (least: Int64, spread: UInt64) = (50_000, 400_000)
    /// Nanoseconds that a commit takes: at least, and beyond that at most.
    public var commitDelay: (least: Int64, spread: UInt64) = (100_000, 900_000)

    /// The most siblings that a coordinator lets a write leave.
    public var siblingLimit = SiblingLimits().siblings

    /// Bytes of a batch, and keys of a listing, of what moves between nodes: small ones have more than one of each.
    public var transfer = (batchBytes: HandoffLimits.batchBytes, listing: 1024)

    /// A small ring, so that partitions have many keys each.
    public init(ring: RingConfiguration) {
        self.ring = ring
    }
}

/// What the network does to packets at present; probabilities as parts of 2⁶⁴.
struct NetworkConditions {
    var loss: UInt64 = 0
    var duplication: UInt64 = 0
    var replay: UInt64 = 0
    var reordering: UInt64 = 0
    var corruption: UInt64 = 0
    /// How many frames of the lane for members and whole partitions come late.
    var lateControl: UInt64 = 0
    /// How many packets meet a delay of the heavy tail.
    var delay: UInt64 = 0

    static func threshold(_ probability: Double) -> UInt64 {
        probability <= 0 ? 0 : probability >= 1 ? .max : UInt64(probability * 0x1p64)
    }
}
