extension Ring {
    /// Who stands in for owners that cannot be reached: all placed members that are not among the replicas, in the order
    /// in which they bid for the partition; first the best of each zone in which there is no owner.
    ///
    /// Computed on demand, in O(n log n) for n members: tens of nanoseconds a member.
    public func fallbacks(of partition: PartitionID) -> [MemberIndex] {
        guard Int(partition.index) < configuration.partitions else { return [] }
        let replicas = replicas(of: partition)
        var costs = [UInt64](repeating: 0, count: candidates.count)
        candidates.bid(for: Int(partition.index), into: &costs, from: 0)
        var represented = [Bool](repeating: false, count: candidates.zoneCount)
        var others: [Int] = []
        for (position, member) in candidates.placed.enumerated() {
            switch replicas.firstIndex(of: member) {
            case .some(let place) where place < replicas.ownerCount: represented[candidates.zones[position]] = true
            case .some: break
            case .none: others.append(position)
            }
        }
        others.sort { (costs[$0], $0) < (costs[$1], $1) }
        var first: [MemberIndex] = []
        var rest: [MemberIndex] = []
        for position in others {
            if represented[candidates.zones[position]] {
                rest.append(candidates.placed[position])
            } else {
                represented[candidates.zones[position]] = true
                first.append(candidates.placed[position])
            }
        }
        return first + rest
    }
}
