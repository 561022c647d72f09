extension Placement {
    /// Moves to the front of each list the owner that shall coordinate: the best of those that have room, by the same
    /// matching, so that no member is the first of many more partitions than others.
    mutating func electFirst() {
        var owned = [Int](repeating: 0, count: candidates.count)
        for owner in owners {
            owned[Int(owner)] += 1
        }
        var elected = Shares.firstCapacities(candidates, owned: owned, partitions: partitions)
            .map { TakenPartitions(capacity: $0) }
        var limits = [UInt64](repeating: .max, count: candidates.count)
        var positions = [Int](repeating: 0, count: partitions)
        var asking = Array((0..<partitions).reversed())
        while let partition = asking.popLast() {
            while positions[partition] < replicas {
                let member = Int(owners[partition * replicas + positions[partition]])
                let cost = costs[partition * candidates.count + member]
                guard cost < limits[member] else {
                    positions[partition] += 1
                    continue
                }
                guard let refused = elected[member].insert(cost: cost, partition: partition) else { break }
                limits[member] = refused.cost
                guard refused.partition == partition else {
                    asking.append(refused.partition)
                    break
                }
            }
        }
        var counts = elected.map(\.count)
        for partition in 0..<partitions {
            let start = partition * replicas
            var position = positions[partition]
            if position == replicas {
                // Nobody has room: the one that comes first the least often.
                let row = start..<(start + replicas)
                position = (row.min { counts[Int(owners[$0])] < counts[Int(owners[$1])] } ?? start) - start
                counts[Int(owners[start + position])] += 1
            }
            let first = owners[start + position]
            for place in (start..<(start + position)).reversed() {
                owners[place + 1] = owners[place]
            }
            owners[start] = first
        }
    }
}
