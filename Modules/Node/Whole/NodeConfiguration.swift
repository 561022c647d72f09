public import Causality
public import Storage

/// What a whole node is told at its start.
public struct NodeConfiguration: Sendable {
    /// For the control plane; it has the cluster's name and numbers.
    public var control: ControlConfiguration
    /// For each request shard.
    public var shard = ShardConfiguration()
    /// How many request shards there are.
    public var shards = 1
    /// Whether commits wait for the disk.
    public var durability = Durability.synced
    /// Limits on what clients' writes may leave.
    public var limits = SiblingLimits()
    /// Hints that are kept key by key; beyond it a whole range is marked.
    public var hintLimit = 1_000_000

    /// The defaults for a cluster.
    public init(control: ControlConfiguration) {
        self.control = control
    }
}
