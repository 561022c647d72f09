/// For each partition the members that hold it, by their index, ascending: the members' holdings turned around.
struct Holders {
    /// Where the holders of each partition begin in `members`, and where the last ones end.
    private var starts: [Int]
    private var members: [MemberIndex]

    /// O(partitions and all holdings). Holdings for another number of partitions count as none.
    init(_ records: [Member], partitions: Int) {
        starts = [Int](repeating: 0, count: partitions + 1)
        for record in records where record.holdings.capacity == partitions {
            for partition in record.holdings {
                starts[Int(partition.index) + 1] += 1
            }
        }
        for partition in 0..<partitions {
            starts[partition + 1] += starts[partition]
        }
        members = [MemberIndex](repeating: 0, count: starts[partitions])
        var next = starts
        for (index, record) in records.enumerated() where record.holdings.capacity == partitions {
            for partition in record.holdings {
                members[next[Int(partition.index)]] = MemberIndex(index)
                next[Int(partition.index)] += 1
            }
        }
    }

    subscript(partition: Int) -> ArraySlice<MemberIndex> {
        members[starts[partition]..<starts[partition + 1]]
    }
}
