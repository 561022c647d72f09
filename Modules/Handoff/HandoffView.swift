public import Machine
public import Ring

/// What the machines of this module know of the cluster: who should own each partition, who holds it, and who can be
/// reached.
///
/// A value of two flat tables, made whenever the ring or somebody's reachability changes; O(partitions × replicas) to
/// make. It stands between the machines and the ring, so that a test can state any situation in one line.
public struct HandoffView: Sendable {
    /// The node whose view it is.
    public let own: NodeID
    /// The membership that it was made from.
    public let epoch: RingEpoch
    /// The number of partitions.
    public let partitionCount: Int
    /// Those that this node should own.
    public let owned: PartitionSet
    /// Those that this node holds completely, by its own word.
    public let held: PartitionSet
    /// The members in the ring, sorted.
    public let members: [NodeID]

    private let isMemberReachable: [Bool]
    private let owners: MemberLists
    private let holders: MemberLists

    /// The view of `own`; `replicas` names the owners and the holders of a partition, all of them among `members`.
    public init(
        own: NodeID, epoch: RingEpoch, partitionCount: Int, members: [NodeID], isReachable: (NodeID) -> Bool,
        replicas: (PartitionID) -> (owners: [NodeID], holders: [NodeID])
    ) {
        let members = members.sorted()
        self.init(
            own: own, epoch: epoch, partitionCount: partitionCount, sortedMembers: members, isReachable: isReachable
        ) { partition, owners, holders in
            let lists = replicas(partition)
            owners.append(contentsOf: lists.owners.compactMap { Self.position(of: $0, in: members) })
            holders.append(contentsOf: lists.holders.compactMap { Self.position(of: $0, in: members) })
        }
    }

    /// The same, where the replicas of a partition are named by their places among the members.
    private init(
        own: NodeID, epoch: RingEpoch, partitionCount: Int, sortedMembers members: [NodeID],
        isReachable: (NodeID) -> Bool,
        replicas: (_ of: PartitionID, _ owners: inout [UInt16], _ holders: inout [UInt16]) -> Void
    ) {
        self.own = own
        self.epoch = epoch
        self.partitionCount = partitionCount
        self.members = members
        isMemberReachable = members.map { $0 == own || isReachable($0) }
        let ownPosition = Self.position(of: own, in: members)
        var owners = MemberLists(partitionCount: partitionCount)
        var holders = MemberLists(partitionCount: partitionCount)
        var owned = PartitionSet.none(of: partitionCount)
        var held = PartitionSet.none(of: partitionCount)
        for index in 0..<UInt32(partitionCount) {
            let partition = PartitionID(index: index)
            replicas(partition, &owners.positions, &holders.positions)
            let (ownerList, holderList) = (owners.endList(), holders.endList())
            if let ownPosition, ownerList.contains(ownPosition) {
                owned.insert(partition)
            }
            if let ownPosition, holderList.contains(ownPosition) {
                held.insert(partition)
            }
        }
        self.owners = owners
        self.holders = holders
        self.owned = owned
        self.held = held
    }

    /// The owners of a partition in the order of preference; none for a partition beyond the ring.
    public func owners(of partition: PartitionID) -> [NodeID] {
        owners[partition].map { members[Int($0)] }
    }

    /// The holders of a partition in the order of their identities; none for a partition beyond the ring.
    public func holders(of partition: PartitionID) -> [NodeID] {
        holders[partition].map { members[Int($0)] }
    }

    /// Whether a node should own a partition.
    public func isOwner(_ node: NodeID, of partition: PartitionID) -> Bool {
        guard let position = Self.position(of: node, in: members) else { return false }
        return owners[partition].contains(position)
    }

    /// Whether a node should own a partition, or still holds it.
    func isOwnerOrHolder(_ node: NodeID, of partition: PartitionID) -> Bool {
        guard let position = Self.position(of: node, in: members) else { return false }
        return owners[partition].contains(position) || holders[partition].contains(position)
    }

    /// Whether a node is an owner of a partition, and can be reached.
    func isReachableOwner(_ node: NodeID, of partition: PartitionID) -> Bool {
        isReachable(node) && isOwner(node, of: partition)
    }

    /// What this node holds without owning it, though every owner holds it too.
    var relieved: PartitionSet {
        held.subtracting(owned).filtered { isHeldByEveryOwner($0) }
    }

    /// Whether every owner holds a partition; false where it has none.
    public func isHeldByEveryOwner(_ partition: PartitionID) -> Bool {
        let list = owners[partition]
        return !list.isEmpty && list.allSatisfy { holders[partition].contains($0) }
    }

    /// Whether a node is in the ring.
    public func isMember(_ node: NodeID) -> Bool {
        Self.position(of: node, in: members) != nil
    }

    /// Whether a node is in the ring and can be reached; this node always can.
    public func isReachable(_ node: NodeID) -> Bool {
        Self.position(of: node, in: members).map { isMemberReachable[Int($0)] } ?? false
    }

    private static func position(of node: NodeID, in members: [NodeID]) -> UInt16? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle] < node {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < members.count && members[low] == node ? UInt16(low) : nil
    }
}

extension HandoffView {
    /// The view of `own` in a ring.
    public init(ring: Ring, own: NodeID, isReachable: (NodeID) -> Bool) {
        // The members of a ring are in the order of their identities.
        self.init(
            own: own, epoch: ring.epoch, partitionCount: ring.configuration.partitions,
            sortedMembers: ring.members.map(\.id), isReachable: isReachable
        ) { partition, owners, holders in
            let replicas = ring.replicas(of: partition)
            let start = holders.count
            for position in 0..<replicas.count {
                if position < replicas.ownerCount {
                    owners.append(replicas[position])
                }
                if replicas.holds(at: position) {
                    holders.append(replicas[position])
                }
            }
            holders[start...].sort()
        }
    }
}

extension HandoffView {
    /// The partition of a token: its top bits.
    public func partition(of token: UInt64) -> PartitionID {
        // A shift by 64, with one partition, gives 0.
        PartitionID(index: UInt32(truncatingIfNeeded: token >> UInt64(64 - partitionCount.trailingZeroBitCount)))
    }

    /// The tokens of a partition.
    public func tokens(of partition: PartitionID) -> ClosedRange<UInt64> {
        let bits = UInt64(partitionCount.trailingZeroBitCount)
        let first = UInt64(partition.index) << (64 - bits)
        return first...(first | .max >> bits)
    }
}

/// A short list of members for each partition, all in one array.
private struct MemberLists: Sendable {
    private var starts: [UInt32] = [0]
    /// All lists, and behind their last what is to be the next.
    var positions: [UInt16] = []

    init(partitionCount: Int) {
        starts.reserveCapacity(partitionCount + 1)
    }

    /// What was added since the last list is a list.
    mutating func endList() -> ArraySlice<UInt16> {
        let start = Int(starts[starts.count - 1])
        starts.append(UInt32(positions.count))
        return positions[start...]
    }

    subscript(partition: PartitionID) -> ArraySlice<UInt16> {
        let index = Int(partition.index)
        guard index + 1 < starts.count else { return [] }
        return positions[Int(starts[index])..<Int(starts[index + 1])]
    }
}
