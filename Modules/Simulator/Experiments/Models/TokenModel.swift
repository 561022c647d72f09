import Machine

/// The three partitioning strategies of Dynamo (SOSP 2007, section 6.2) as small models, for comparison: how unevenly uniform
/// load falls on members of equal strength.
enum TokenModel {
    /// The greatest load over the mean: its average over the runs, and the standard deviation of one run.
    static func imbalance(runs: Int, seed: UInt64, _ loads: (inout SeededGenerator) -> [Double]) -> (
        mean: Double, deviation: Double
    ) {
        var generator = SeededGenerator(seed: seed)
        let imbalances = (0..<max(runs, 1)).map { _ in
            let loads = loads(&generator)
            return (loads.max() ?? 0) * Double(loads.count) / loads.reduce(0, +)
        }
        let mean = imbalances.reduce(0, +) / Double(imbalances.count)
        let squares = imbalances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(imbalances.count)).squareRoot())
    }

    /// Strategy 1: each member has so many random tokens, and a token's keys go to the next members behind it, in distinct
    /// zones where there are some.
    static func randomTokens(
        members: Int, each: Int, replicas: Int, zones: Int = 0, _ generator: inout SeededGenerator
    ) -> [Double] {
        let (tokens, places) = ring(members, each, &generator)
        var loads = [Double](repeating: 0, count: members)
        var previous = (places.last ?? 0) - 1
        for (index, place) in places.enumerated() {
            for member in owners(from: index, tokens, replicas, zones: zones) {
                loads[member] += place - previous
            }
            previous = place
        }
        return loads
    }

    /// Strategy 2: random tokens as well, but keys go by equal partitions to the next members behind the partition's end.
    static func equalPartitions(
        members: Int, each: Int, partitions: Int, replicas: Int, _ generator: inout SeededGenerator
    ) -> [Double] {
        let (tokens, places) = ring(members, each, &generator)
        var loads = [Double](repeating: 0, count: members)
        var index = 0
        for partition in 1...partitions {
            while index < places.count, places[index] < Double(partition) / Double(partitions) {
                index += 1
            }
            for member in owners(from: index, tokens, replicas) {
                loads[member] += 1
            }
        }
        return loads
    }

    /// Strategy 3: equal partitions, dealt out evenly and shuffled; the other copies go to the next members.
    static func dealtPartitions(
        members: Int, partitions: Int, replicas: Int, _ generator: inout SeededGenerator
    ) -> [Double] {
        let tokens = (0..<partitions).map { $0 % members }.shuffled(using: &generator)
        var loads = [Double](repeating: 0, count: members)
        for partition in 0..<partitions {
            for member in owners(from: partition, tokens, replicas) {
                loads[member] += 1
            }
        }
        return loads
    }

    /// Random places in [0, 1), ascending, and whose they are.
    private static func ring(
        _ members: Int, _ each: Int, _ generator: inout SeededGenerator
    ) -> (tokens: [Int], places: [Double]) {
        var all = (0..<members * each).map { (place: generator.unit(), member: $0 % members) }
        all.sort { $0.place < $1.place }
        return (all.map(\.member), all.map(\.place))
    }

    /// The next distinct members from a place on the ring.
    private static func owners(from start: Int, _ tokens: [Int], _ count: Int, zones: Int = 0) -> [Int] {
        var owners: [Int] = []
        var index = start
        while owners.count < count, index < start + tokens.count {
            let member = tokens[index % tokens.count]
            if !owners.contains(where: { zones > 0 ? $0 % zones == member % zones : $0 == member }) {
                owners.append(member)
            }
            index += 1
        }
        return owners
    }
}
