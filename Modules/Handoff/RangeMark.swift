public import Machine
public import Ring

/// A partition of which an owner has missed writes that no hint was kept for.
///
/// The generation tells a mark from a later one of the same partition: a walk that began before a write was missed does
/// not wipe its mark.
public struct RangeMark: Hashable, Sendable {
    /// Who missed the writes.
    public var owner: NodeID
    /// Where.
    public var partition: PartitionID
    /// Grows with every write that is missed.
    public var generation: UInt64

    /// A mark.
    public init(owner: NodeID, partition: PartitionID, generation: UInt64) {
        self.owner = owner
        self.partition = partition
        self.generation = generation
    }
}
