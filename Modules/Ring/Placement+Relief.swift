extension Placement {
    /// Brings members that took more than their capacity back to it where chains of exchanges can: one gives a partition
    /// to another, which gives one of its own to a third, until one has room.
    ///
    /// Rare: unequal weights or zones of few members, where the owners that a partition must have are all full. Each
    /// search looks at the partitions of at most ``searchLimit`` members, so the work is bounded, and so is the success:
    /// where a search finds nothing the bound on the load yields.
    mutating func relieve() {
        var loads = [Int](repeating: 0, count: candidates.count)
        for owner in owners {
            loads[Int(owner)] += 1
        }
        for member in 0..<candidates.count {
            while loads[member] > shares.capacities[member], let chain = chain(from: member, loads: loads) {
                // From the far end, so that each step is the one that was looked at; a step that an earlier one made
                // impossible ends the work on this member.
                for step in chain.reversed() {
                    guard mayExchange(step.giver, for: step.taker, in: step.partition) else { return }
                    let row = (step.partition * replicas)..<((step.partition + 1) * replicas)
                    for position in row where owners[position] == MemberIndex(step.giver) {
                        owners[position] = MemberIndex(step.taker)
                    }
                    loads[step.giver] -= 1
                    loads[step.taker] += 1
                }
            }
        }
    }

    private struct Exchange {
        let giver: Int
        let taker: Int
        let partition: Int
    }

    private static let searchLimit = 32

    /// The shortest chain of exchanges from a member to one with room, breadth first.
    private func chain(from member: Int, loads: [Int]) -> [Exchange]? {
        var arrivals = [Exchange?](repeating: nil, count: candidates.count)
        var queue = [member]
        var next = 0
        while next < queue.count, next < Self.searchLimit {
            let giver = queue[next]
            next += 1
            var end: Exchange?
            var endCost = UInt64.max
            for position in owners.indices where owners[position] == MemberIndex(giver) {
                let partition = position / replicas
                for taker in 0..<candidates.count where taker != member && arrivals[taker] == nil {
                    guard mayExchange(giver, for: taker, in: partition) else { continue }
                    let exchange = Exchange(giver: giver, taker: taker, partition: partition)
                    let cost = costs[partition * candidates.count + taker]
                    if loads[taker] >= shares.capacities[taker] {
                        arrivals[taker] = exchange
                        queue.append(taker)
                    } else if cost < endCost {
                        end = exchange
                        endCost = cost
                    }
                }
            }
            guard let end else { continue }
            var chain = [end]
            while let last = chain.last, let before = arrivals[last.giver] {
                chain.append(before)
            }
            return chain.reversed()
        }
        return nil
    }

    /// Whether a partition may have one owner in place of another: distinct members, and within the bounds of the zones.
    private func mayExchange(_ giver: Int, for taker: Int, in partition: Int) -> Bool {
        let row = owners[(partition * replicas)..<((partition + 1) * replicas)]
        guard row.contains(MemberIndex(giver)), !row.contains(MemberIndex(taker)) else { return false }
        let (from, to) = (candidates.zones[giver], candidates.zones[taker])
        guard from != to else { return true }
        var counts = (from: 0, to: 0)
        for owner in row {
            counts.from += candidates.zones[Int(owner)] == from ? 1 : 0
            counts.to += candidates.zones[Int(owner)] == to ? 1 : 0
        }
        return counts.from > shares.lower[from] && counts.to < shares.upper[to]
    }
}
