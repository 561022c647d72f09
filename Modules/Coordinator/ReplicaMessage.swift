public import Causality
public import Machine
public import Ring

/// What one node asks of another about one key.
public enum ReplicaRequest: Equatable, Sendable {
    /// Your copy of this key.
    case read(key: ByteBuffer, view: PlacementView)
    /// Merge this object into your copy, and answer when that is stored.
    case store(key: ByteBuffer, object: Object, purpose: StorePurpose)
    /// Coordinate this write: you are the first owner that I can reach. The timeout is what is left of the client's.
    case coordinate(PutRequest, view: PlacementView)
}

/// How the sender sees the partition of a key: equal fingerprints mean the same owners and the same holders.
///
/// A request carries it, so that a replica which knows better says so, rather than answering for a partition that it no
/// longer, or does not yet, hold.
public struct PlacementView: Hashable, Sendable {
    /// The sender's ring as a whole.
    public var epoch: RingEpoch
    /// The sender's view of this partition.
    public var fingerprint: UInt64

    /// The view of one partition in one ring.
    public init(epoch: RingEpoch, fingerprint: UInt64) {
        self.epoch = epoch
        self.fingerprint = fingerprint
    }
}

/// Why an object is to be stored.
public enum StorePurpose: Hashable, Sendable {
    /// A client's write: it counts towards W only where both ends agree about the partition.
    case write(PlacementView)
    /// A client's write for an owner that cannot be reached: keep it until it has gone home.
    case standIn
    /// Read repair, hints and strays: always taken, since merging is always safe.
    case repair
}

/// The answer to a ``ReplicaRequest``.
public enum ReplicaResponse: Equatable, Sendable {
    /// The copy, or that there is none.
    case copy(Object?)
    /// Merged and stored; on disk, or only in memory.
    case stored(durable: Bool)
    /// The coordinated write's answer.
    case coordinated(Response)
    /// We disagree about this partition, and this is my ring: let us compare memberships, then ask again. Nothing was done.
    case wrongEpoch(RingEpoch)
    /// Too much work; nothing was done.
    case busy
    /// Storage failed; a store may or may not have happened.
    case failed
}
