public import Machine
public import Ring

// What a node checks before it answers a ``HandoffRequest``. The machines of the sender rely on these rules.

extension HandoffView {
    /// Which partitions of a pull this node must refuse: those that it does not hold, and those of which it does not know
    /// the puller as an owner.
    ///
    /// Only a copy that is read when its holder knows of the new owner covers all that was acknowledged before: from then
    /// on the holder acknowledges nothing to a coordinator that leaves the new owner out. Check and read belong into one
    /// step of the shell.
    public func refusals(of request: PullRequest, by puller: NodeID) -> PartitionSet {
        request.partitions.filtered { !held.contains($0) || !isOwner(puller, of: $0) }
    }

    /// Whether this node may confirm an offer of a partition, or a delivery into it, as its owner.
    ///
    /// It must know itself as an owner, in a membership that has come at least as far as the sender's: the sender drops
    /// its copy upon this word. Otherwise the answer is ``HandoffResponse/wrongEpoch(_:)``.
    public func canConfirm(_ partition: PartitionID, at epoch: RingEpoch) -> Bool {
        self.epoch.measure >= epoch.measure && owned.contains(partition)
    }
}
