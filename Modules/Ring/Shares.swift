/// How many partitions each member should own: in proportion to the weights, as far as distinct members and distinct
/// zones allow.
///
/// A partition is to have `lower[z]` to `upper[z]` owners in zone z. The bounds are as even as the zones' sizes allow: with
/// as many zones as replicas or more, none or one; else each zone that is large enough has a copy before any has two
/// more than another. A member owns a partition once. Within these bounds the shares are those of water that is poured
/// into vessels as wide as the weights: a member or zone that is full leaves the rest to the others.
struct Shares {
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
        // The lowest level at which the zones take all replicas.
        var level = 0
        while sizes.reduce(0, { $0 + min($1, level) }) < replicas {
            level += 1
        }
        lower = sizes.map { min($0, max(0, level - 1)) }
        upper = sizes.map { min($0, level) }

        let whole = UInt64(partitions) << 16
        var zoneShares = [UInt64](repeating: 0, count: sizes.count)
        func zoneTotals(at level: UInt64) -> [UInt64] {
            var totals = [UInt64](repeating: 0, count: sizes.count)
            for (member, zone) in candidates.zones.enumerated() {
                totals[zone] += Self.share(candidates.weights[member], at: level, limit: whole)
            }
            return totals
        }
        let (lower, upper) = (lower, upper)
        func bounded(_ totals: [UInt64]) -> [UInt64] {
            totals.indices.map {
                min(max(totals[$0], UInt64(lower[$0]) * whole), UInt64(upper[$0]) * whole)
            }
        }
        let common = Self.lowestLevel { bounded(zoneTotals(at: $0)).reduce(0, +) >= UInt64(replicas) * whole }
        zoneShares = bounded(zoneTotals(at: common))
        let zoneLevels = zoneShares.indices.map { zone in
            Self.lowestLevel { zoneTotals(at: $0)[zone] >= zoneShares[zone] }
        }
        let shares = candidates.weights.indices.map { member in
            Self.share(candidates.weights[member], at: zoneLevels[candidates.zones[member]], limit: whole)
        }
        self.shares = shares
        capacities = shares.map { min(partitions, Int(($0 + $0 / 20 + 0xffff) >> 16)) }
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
