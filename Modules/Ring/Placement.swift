/// The owners of every partition.
///
/// Each partition wants the members that bid the least for it (see ``Rendezvous``), within the bounds of the zones; each
/// member takes no more than its capacity (see ``Shares``), and of those that want it keeps the ones for which it bid the
/// least. This is a many-to-many stable matching, found by deferred acceptance (Gale and Shapley 1962): a partition asks
/// its next best member, a full member turns away the one for which it had bid the most, and that one asks on. What comes
/// out is one stable matching whatever the order of asking, so a new member disturbs only the chains that it starts.
///
/// O(members × partitions) for the bids, and O(members) for each request; requests are few more than owners.
struct Placement: Sendable {
    let candidates: Candidates
    let shares: Shares
    let partitions: Int
    /// How many owners each partition has.
    let replicas: Int

    /// What each member bids for each partition, partition by partition.
    private(set) var costs: [UInt64]
    /// The owners, `replicas` for each partition: positions among the candidates until the end, then member indices.
    var owners: [MemberIndex]
    private var ownerCounts: [UInt8]
    /// A member takes a partition for which it bids less than this.
    private var limits: [UInt64]
    /// What each member has taken.
    private var taken: [TakenPartitions]
    /// How many owners of the partition at hand each zone has.
    private var zoneCounts: [Int]

    init(_ candidates: Candidates, configuration: RingConfiguration) {
        self.candidates = candidates
        partitions = configuration.partitions
        replicas = min(configuration.replicas, candidates.count)
        shares = Shares(candidates, partitions: partitions, replicas: replicas)
        costs = [UInt64](repeating: 0, count: partitions * candidates.count)
        owners = [MemberIndex](repeating: 0, count: partitions * replicas)
        ownerCounts = [UInt8](repeating: 0, count: partitions)
        limits = [UInt64](repeating: .max, count: candidates.count)
        taken = shares.capacities.map { TakenPartitions(capacity: $0) }
        zoneCounts = [Int](repeating: 0, count: candidates.zoneCount)
        guard replicas > 0 else { return }

        for partition in 0..<partitions {
            candidates.bid(for: partition, into: &costs, from: partition * candidates.count)
        }
        match()
        if complete() {
            relieve()
        }
        orderByPreference()
        electFirst()
        for position in owners.indices {
            owners[position] = candidates.placed[Int(owners[position])]
        }
        costs = []
        taken = []
    }

    /// The owners of a partition in order of preference, as indices of the ring's members.
    func owners(of partition: Int) -> ArraySlice<MemberIndex> {
        owners[(partition * replicas)..<((partition + 1) * replicas)]
    }

    private mutating func match() {
        var asking = Array((0..<partitions).reversed())
        while let partition = asking.popLast() {
            while Int(ownerCounts[partition]) < replicas, let member = bestBidder(for: partition, unlimited: false) {
                add(member, to: partition)
                let cost = costs[partition * candidates.count + member]
                guard let refused = taken[member].insert(cost: cost, partition: partition) else { continue }
                limits[member] = refused.cost
                remove(member, from: refused.partition)
                if refused.partition != partition {
                    asking.append(refused.partition)
                }
            }
        }
    }

    /// Gives partitions that nobody with room could take to the best bidder beyond its capacity, and says whether there
    /// were any: the bound on the load yields, the number of copies and of zones does not.
    private mutating func complete() -> Bool {
        var found = false
        for partition in 0..<partitions {
            while Int(ownerCounts[partition]) < replicas, let member = bestBidder(for: partition, unlimited: true) {
                add(member, to: partition)
                found = true
            }
        }
        return found
    }

    /// The member with the lowest bid of those that may be the next owner, or `nil` where there is none.
    private mutating func bestBidder(for partition: Int, unlimited: Bool) -> Int? {
        let owned = partition * replicas
        let ownerCount = Int(ownerCounts[partition])
        for zone in zoneCounts.indices {
            zoneCounts[zone] = 0
        }
        for owner in owned..<(owned + ownerCount) {
            zoneCounts[candidates.zones[Int(owners[owner])]] += 1
        }
        // The places that are taken or must stay free for zones below their lower bound.
        var bound = 0
        for zone in zoneCounts.indices {
            bound += max(zoneCounts[zone], shares.lower[zone])
        }
        let start = partition * candidates.count
        var best: Int?
        var bestCost = UInt64.max
        for member in 0..<candidates.count {
            let cost = costs[start + member]
            guard cost < bestCost, unlimited || cost < limits[member] else { continue }
            let zone = candidates.zones[member]
            let inZone = zoneCounts[zone]
            guard inZone < shares.upper[zone], inZone < shares.lower[zone] || bound < replicas,
                !owners[owned..<(owned + ownerCount)].contains(MemberIndex(member))
            else { continue }
            best = member
            bestCost = cost
        }
        return best
    }

    private mutating func add(_ member: Int, to partition: Int) {
        owners[partition * replicas + Int(ownerCounts[partition])] = MemberIndex(member)
        ownerCounts[partition] += 1
    }

    private mutating func remove(_ member: Int, from partition: Int) {
        let start = partition * replicas
        let last = start + Int(ownerCounts[partition]) - 1
        for position in start...last where owners[position] == MemberIndex(member) {
            owners[position] = owners[last]
        }
        ownerCounts[partition] -= 1
    }

    private mutating func orderByPreference() {
        for partition in 0..<partitions {
            let row = (partition * replicas)..<((partition + 1) * replicas)
            let start = partition * candidates.count
            owners[row].sort { (costs[start + Int($0)], $0) < (costs[start + Int($1)], $1) }
        }
    }
}
