/// How many partitions each member should own: in proportion to the weights, as far as distinct members and distinct
/// zones allow.
///
/// A partition is to have `lower[z]` to `upper[z]` owners in zone z. The bounds are as even as the zones' sizes allow: with
/// as many zones as replicas or more, none or one; else each zone that is large enough has a copy before any has two
/// more than another. A member owns a partition once. Within these bounds the shares are those of water that is poured
/// into vessels as wide as the weights: a member or zone that is full leaves the rest to the others.
struct Shares: Sendable {
    /// For each zone: the fewest owners of a partition.
    let lower: [Int]
    /// For each zone: the most owners of a partition.
    let upper: [Int]
    /// For each member: the most partitions that it is given, its share and a twentieth, rounded up.
    let capacities: [Int]
    /// For each member: its share in units of 2^-16 partitions.
    let shares: [UInt64]

    /// `replicas` is at most the number of candidates.
    init(_ candidates: Candidates, partitions: Int, replicas: Int) {
        var sizes = [Int](repeating: 0, count: candidates.zoneCount)
        for zone in candidates.zones {
            sizes[zone] += 1
        }
        // The least number of owners in each zone that makes room for all replicas.
        var height = 0
        while sizes.reduce(0, { $0 + min($1, height) }) < replicas {
            height += 1
        }
        lower = sizes.map { min($0, max(0, height - 1)) }
        upper = sizes.map { min($0, height) }

        let whole = UInt64(partitions) << 16
        let (lower, upper) = (lower, upper)
        func zoneTotals(at level: UInt64) -> [UInt64] {
            var totals = [UInt64](repeating: 0, count: sizes.count)
            for (member, zone) in candidates.zones.enumerated() {
                totals[zone] += Self.share(candidates.weights[member], at: level, limit: whole)
            }
            return totals.indices.map { zone in
                min(max(totals[zone], UInt64(lower[zone]) * whole), UInt64(upper[zone]) * whole)
            }
        }
        let level = Self.lowestLevel { zoneTotals(at: $0).reduce(0, +) >= UInt64(replicas) * whole }
        var shares = [UInt64](repeating: 0, count: candidates.count)
        for (zone, total) in zoneTotals(at: level).enumerated() {
            let members = candidates.zones.indices.filter { candidates.zones[$0] == zone }
            let poured = Self.pour(
                total, over: members.map { candidates.weights[$0] },
                limits: [UInt64](repeating: whole, count: members.count))
            for (member, share) in zip(members, poured) {
                shares[member] = share
            }
        }
        self.shares = shares
        capacities = shares.map(Self.capacity(for:))
    }

    /// How many partitions each owner should come first for, and a twentieth more, rounded up: in proportion to the
    /// weights, as far as what each owns allows.
    static func firstCapacities(_ candidates: Candidates, owned: [Int], partitions: Int) -> [Int] {
        pour(UInt64(partitions) << 16, over: candidates.weights, limits: owned.map { UInt64($0) << 16 })
            .map(capacity(for:))
    }

    /// Divides a total in proportion to the weights, nobody getting more than its limit.
    private static func pour(_ total: UInt64, over weights: [UInt64], limits: [UInt64]) -> [UInt64] {
        func shares(at level: UInt64) -> [UInt64] {
            weights.indices.map { share(weights[$0], at: level, limit: limits[$0]) }
        }
        return shares(at: lowestLevel { shares(at: $0).reduce(0, +) >= total })
    }

    /// A share and a twentieth, rounded up.
    private static func capacity(for share: UInt64) -> Int {
        Int((share + share / 20 + 0xffff) >> 16)
    }

    private static func share(_ weight: UInt64, at level: UInt64, limit: UInt64) -> UInt64 {
        min(limit, (level * weight) >> 16)
    }

    /// The lowest level of the water for which a condition holds that holds for all higher ones. At 2^48 a member of
    /// weight 1 is full of 2^16 partitions.
    private static func lowestLevel(_ holds: (UInt64) -> Bool) -> UInt64 {
        var low: UInt64 = 0
        var high: UInt64 = 1 << 48
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}
