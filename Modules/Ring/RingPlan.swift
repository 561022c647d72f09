public import Machine

/// What moves when one ring follows another: what an operator sees before it moves.
public struct RingPlan: Hashable, Sendable {
    /// A partition whose owners change.
    public struct Change: Hashable, Sendable {
        /// The partition.
        public let partition: PartitionID
        /// The members that become owners, in the new order of preference.
        public let gains: [NodeID]
        /// The members that are owners no longer, in the old order of preference.
        public let losses: [NodeID]
    }

    /// What one member gains and loses.
    public struct Balance: Hashable, Sendable {
        /// The member.
        public let id: NodeID
        /// How many partitions it owned.
        public let before: Int
        /// How many it will own.
        public let after: Int
        /// How many of these are new to it: what it has to fetch.
        public let gained: Int
        /// How many it gives away.
        public var lost: Int { before + gained - after }
    }

    /// The partitions whose owners change, in ascending order. A new order among the same owners is no change.
    public let changes: [Change]
    /// The members of either ring, in the order of their identities.
    public let balances: [Balance]

    /// How many copies move in all.
    public var transfers: Int { balances.reduce(0) { $0 + $1.gained } }

    /// The difference between two rings, or `nil` where their configurations differ: these are two clusters.
    public init?(from old: Ring, to new: Ring) {
        guard old.configuration == new.configuration else { return nil }
        var gained: [NodeID: Int] = [:]
        var changes: [Change] = []
        for partition in new.partitions {
            let before = old.ownerIDs(of: partition)
            let after = new.ownerIDs(of: partition)
            let gains = after.filter { !before.contains($0) }
            let losses = before.filter { !after.contains($0) }
            guard !gains.isEmpty || !losses.isEmpty else { continue }
            changes.append(Change(partition: partition, gains: gains, losses: losses))
            for id in gains {
                gained[id, default: 0] += 1
            }
        }
        self.changes = changes
        let ids = Set(old.members.map(\.id)).union(new.members.map(\.id)).sorted()
        balances = ids.map { id in
            Balance(
                id: id, before: old.index(of: id).map(old.ownedCount(of:)) ?? 0,
                after: new.index(of: id).map(new.ownedCount(of:)) ?? 0, gained: gained[id] ?? 0)
        }
    }
}

extension Ring {
    /// The identities of a partition's owners in order of preference.
    public func ownerIDs(of partition: PartitionID) -> [NodeID] {
        let replicas = replicas(of: partition)
        return replicas.prefix(replicas.ownerCount).map { members[Int($0)].id }
    }
}
