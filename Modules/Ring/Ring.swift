public import Hashing
import Machine

/// Which members should hold each partition, which do, and who stands in: a pure function of a membership.
///
/// The same membership gives the same tables on every node, in whatever order it arrived, so members whose gossip has
/// converged agree without a coordinator. Immutable; a change of the membership makes a new ring (O(members × partitions)).
public final class Ring: Sendable {
    /// What was fixed at the cluster's birth.
    public let configuration: RingConfiguration
    /// The membership that the ring was made from.
    public let epoch: RingEpoch
    /// The members in the ring (joining, up or leaving) in the order of their identities: the index is their
    /// ``MemberIndex``.
    public let members: [Member]

    @usableFromInline let replicaSets: [ReplicaSet]
    /// How far a token is shifted to give its partition.
    @usableFromInline let shift: UInt64
    let candidates: Candidates
    private let placement: Placement
    private let ownedCounts: [Int]

    /// The ring of a membership. Never fails: with fewer members than replicas the lists are as long as the members,
    /// with none they are empty. Holdings for another number of partitions count as none.
    ///
    /// - Parameter previous: Any ring: where it places the same members by the same weights and zones, as nearly always
    ///   when partitions are on their way, its owners are taken over and not computed again.
    public init(_ membership: Membership, configuration: RingConfiguration, after previous: Ring? = nil) {
        self.configuration = configuration
        epoch = membership.epoch
        shift = UInt64(64 - configuration.partitionBits)
        let members = membership.records.filter { $0.effectiveState.isInRing }
        self.members = members
        if let previous, previous.configuration == configuration, Self.areAlikeToPlacement(members, previous.members) {
            candidates = previous.candidates
            placement = previous.placement
        } else {
            candidates = Candidates(members, configuration: configuration)
            placement = Placement(candidates, configuration: configuration)
        }
        (replicaSets, ownedCounts) = Self.replicaSets(members, placement, configuration)
    }

    /// Whether placement sees no difference between two lists of members: all that ``Candidates`` are made from.
    private static func areAlikeToPlacement(_ left: [Member], _ right: [Member]) -> Bool {
        left.elementsEqual(right) { left, right in
            left.id == right.id && left.effectiveState.isPlaced == right.effectiveState.isPlaced
                && left.effectiveWeight == right.effectiveWeight && left.zone == right.zone
        }
    }

    /// The partition of a token: its top bits.
    @inlinable
    public func partition(of token: Token) -> PartitionID {
        PartitionID(index: UInt32(truncatingIfNeeded: token.value >> shift))
    }

    /// The owners and holders of a partition; empty for one beyond the ring's. O(1), without allocation.
    @inlinable
    public func replicas(of partition: PartitionID) -> ReplicaSet {
        let index = Int(partition.index)
        return index < replicaSets.count ? replicaSets[index] : .empty
    }

    /// The tokens of a partition.
    public func tokens(of partition: PartitionID) -> ClosedRange<UInt64> {
        let first = UInt64(partition.index) << shift
        return first...(first | .max >> UInt64(configuration.partitionBits))
    }

    /// The place of a member in this ring, or `nil` where it is not in it; O(log n).
    public func index(of id: NodeID) -> MemberIndex? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].id < id {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < members.count && members[low].id == id ? MemberIndex(low) : nil
    }

    /// How many partitions a member owns; 0 for an index beyond the ring's.
    public func ownedCount(of member: MemberIndex) -> Int {
        Int(member) < ownedCounts.count ? ownedCounts[Int(member)] : 0
    }

    /// The partitions that a member owns, in ascending order; O(partitions).
    public func partitions(ownedBy member: MemberIndex) -> [PartitionID] {
        replicaSets.indices.lazy.filter { self.replicaSets[$0].isOwner(member) }.map { PartitionID(index: UInt32($0)) }
    }

    /// All partitions, in ascending order.
    public var partitions: some Sequence<PartitionID> {
        (0..<UInt32(configuration.partitions)).lazy.map { PartitionID(index: $0) }
    }

    private static func replicaSets(
        _ members: [Member], _ placement: Placement, _ configuration: RingConfiguration
    ) -> ([ReplicaSet], [Int]) {
        var ownedCounts = [Int](repeating: 0, count: members.count)
        var sets: [ReplicaSet] = []
        sets.reserveCapacity(configuration.partitions)
        let holders = Holders(members, partitions: configuration.partitions)
        // What is hashed into a fingerprint.
        var words: [UInt64] = []
        func name(_ id: NodeID) {
            words.append(id.high.bigEndian)
            words.append(id.low.bigEndian)
        }
        var list: [MemberIndex] = []
        for partition in 0..<configuration.partitions {
            list.removeAll(keepingCapacity: true)
            list.append(contentsOf: placement.owners(of: partition))
            for owner in list {
                ownedCounts[Int(owner)] += 1
            }
            let ownerCount = list.count
            words.removeAll(keepingCapacity: true)
            words.append(UInt64(ownerCount).bigEndian)
            for owner in list {
                name(members[Int(owner)].id)
            }
            var mask: UInt64 = 0
            for holder in holders[partition] {
                if let position = list[..<ownerCount].firstIndex(of: holder) {
                    mask |= 1 << UInt64(position)
                } else if list.count < ReplicaSet.limit {
                    mask |= 1 << UInt64(list.count)
                    list.append(holder)
                } else {
                    continue
                }
                name(members[Int(holder)].id)
            }
            let fingerprint = words.withUnsafeBytes { Murmur3.hash128($0).0 }
            sets.append(
                ReplicaSet(members: list, ownerCount: ownerCount, holdsMask: mask, fingerprint: fingerprint))
        }
        return (sets, ownedCounts)
    }
}
