import Ring

// Sets of partitions as the machines need them. All operands have the ring's number of partitions, except those of a
// peer, in which what lies beyond it counts for nothing.

extension PartitionSet {
    func intersection(_ other: PartitionSet) -> PartitionSet {
        filtered { other.contains($0) }
    }

    func subtracting(_ other: PartitionSet) -> PartitionSet {
        filtered { !other.contains($0) }
    }

    func filtered(_ isIncluded: (PartitionID) -> Bool) -> PartitionSet {
        var result = PartitionSet.none(of: capacity)
        for partition in self where isIncluded(partition) {
            result.insert(partition)
        }
        return result
    }

    mutating func formUnion(_ other: PartitionSet) {
        for partition in other {
            insert(partition)
        }
    }

    mutating func subtract(_ other: PartitionSet) {
        for partition in other {
            remove(partition)
        }
    }
}
