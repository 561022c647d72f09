import Synchronization

/// Which worlds have been explored, and with how many deliveries left at most.
///
/// A world is 16 bytes, the numbers of its parts, so that two are told apart exactly; with its deliveries it takes 17, and
/// the tables are between three eighths and three quarters full. Shared by all jobs.
final class VisitedWorlds: Sendable {
    private struct Table {
        var low: [UInt64]
        var high: [UInt64]
        /// The most deliveries left, and one; 0 for an empty place.
        var deliveries: [UInt8]
        var count = 0

        init(capacity: Int) {
            low = Array(repeating: 0, count: capacity)
            high = low
            deliveries = Array(repeating: 0, count: capacity)
        }

        /// The place of a world, or the empty one where it belongs.
        func place(_ low: UInt64, _ high: UInt64, hash: UInt64) -> Int {
            let mask = deliveries.count - 1
            var place = Int(truncatingIfNeeded: hash) & mask
            while deliveries[place] != 0, self.low[place] != low || self.high[place] != high {
                place = (place + 1) & mask
            }
            return place
        }

        mutating func grow() {
            var larger = Table(capacity: deliveries.count * 2)
            for old in deliveries.indices where deliveries[old] != 0 {
                let place = larger.place(low[old], high[old], hash: VisitedWorlds.hash(low[old], high[old]))
                (larger.low[place], larger.high[place]) = (low[old], high[old])
                larger.deliveries[place] = deliveries[old]
            }
            larger.count = count
            self = larger
        }
    }

    private final class Shard: Sendable {
        let table = Mutex(Table(capacity: 1 << 10))
    }

    private let shards = (0..<256).map { _ in Shard() }

    private static func hash(_ low: UInt64, _ high: UInt64) -> UInt64 {
        let product = (low ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: high ^ 0xa076_1d64_78bd_642f)
        let again = (product.high ^ product.low).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
        return again.high ^ again.low
    }

    /// What has become of a world that was met.
    enum Meeting: Hashable {
        case new
        /// It was met before with fewer deliveries left.
        case again
        case known
    }

    /// Notes a world; it has to be explored unless it is known with as many deliveries left, or more.
    func meet(_ world: TinyWorld) -> Meeting {
        let budget = world.budget
        let low = UInt64(world.hosts.x) << 40 | UInt64(world.hosts.y) << 16 | UInt64(world.outside)
        let rest = UInt64(budget.crashes) << 6 | UInt64(budget.amnesias) << 4 | UInt64(budget.partitions) << 2
        let high = UInt64(world.hosts.z) << 40 | UInt64(world.network) << 8 | rest | UInt64(budget.patience)
        let hash = Self.hash(low, high)
        return shards[Int(hash >> 56)].table.withLock { table in
            if table.count * 4 >= table.deliveries.count * 3 { table.grow() }
            let place = table.place(low, high, hash: hash)
            let known = table.deliveries[place]
            guard known <= budget.deliveries else { return .known }
            table.deliveries[place] = budget.deliveries + 1
            guard known == 0 else { return .again }
            (table.low[place], table.high[place]) = (low, high)
            table.count += 1
            return .new
        }
    }
}
