import Gossip

/// SWIM's claims beside what is measured here, and what of it is outside the tolerance.
public struct SwimReport: Sendable {
    /// The sizes of the groups.
    public static let sizes = [10, 100, 1000]
    /// How far the mean of the first detection may be from what the size of the group makes it, beside twice its standard error.
    static let detectionTolerance = 0.02
    /// How far the load may be from two datagrams in a period.
    static let loadTolerance = 0.1

    /// The table.
    public let table: String
    /// What is outside the tolerance, a sentence each.
    public let flaws: [String]

    /// Runs the experiment.
    public init(_ experiment: SwimExperiment, sizes: [Int] = Self.sizes, samples: Int = 20_000, crashes: Int = 3) {
        var flaws: [String] = []
        var detection = AlignedTable(["members", "first probe, periods", "± 2 σ", "expected", "longest gap, laps"])
        for size in sizes {
            let found = experiment.detection(members: size, samples: samples)
            let gap = found.longestGap.map { $0 / Double(size - 1) }
            let expected = Self.expectedDetection(size)
            detection.add([
                "\(size)", "\(found.mean.rounded(to: 3))", "\((2 * found.standardError).rounded(to: 3))",
                "\(expected.rounded(to: 3))", gap.map { "\($0.rounded(to: 2))" } ?? "-",
            ])
            if abs(found.mean - expected) > Self.detectionTolerance * expected + 2 * found.standardError {
                flaws.append("\(size) members: the first probe comes after \(found.mean.rounded(to: 3)) periods")
            }
            if let gap, gap > 2 {
                flaws.append("\(size) members: one was not probed for \(gap.rounded(to: 2)) laps")
            }
        }
        var load = AlignedTable([
            "members", "plain: datagrams/s", "bytes/s", "Lifeguard: datagrams/s", "bytes/s",
            "a crash a minute: datagrams/s", "bytes/s",
        ])
        var crash = AlignedTable([
            "members", "plain: suspected, s", "first verdict", "last verdict", "Lifeguard: suspected, s",
            "first verdict", "last verdict",
        ])
        for size in sizes {
            let loads = [
                experiment.load(members: size, .swim), experiment.load(members: size, GossipConfiguration()),
                experiment.load(members: size, GossipConfiguration(), isOneDead: true),
            ]
            load.add(["\(size)"] + loads.flatMap { ["\($0.datagrams.rounded(to: 2))", "\(Int($0.bytes))"] })
            for (name, datagrams) in [("plain", loads[0].datagrams), ("Lifeguard", loads[1].datagrams)]
            where abs(datagrams - 2) > 2 * Self.loadTolerance {
                flaws.append("\(size) members, \(name): \(datagrams.rounded(to: 2)) datagrams a period")
            }
            let found = [GossipConfiguration.swim, GossipConfiguration()].map {
                experiment.crashes(members: size, $0, crashes: min(crashes, size / 2))
            }
            crash.add(
                ["\(size)"]
                    + found.flatMap { [$0.suspicion, $0.firstVerdict, $0.lastVerdict] }.map { "\($0.rounded(to: 2))" })
            for found in found where !found.lastVerdict.isFinite {
                flaws.append("\(size) members: a crash was not noticed in a minute")
            }
        }
        table = [
            "The first probe of a failed member (paper: e / (e − 1) = 1.58 periods), and the longest gap (paper: 2 laps)",
            detection.text, "", "What a member sends (paper: 2 messages a period, whatever the size)", load.text, "",
            "A crash, with a period of one second", crash.text,
        ].joined(separator: "\n")
        self.flaws = flaws
    }

    /// The mean where each of the n − 1 others walks its own shuffled list: in k periods, one after the other, none of them meets
    /// the member with the probability (1 − k / (n − 1))ⁿ⁻¹, of which the sum tends to e / (e − 1).
    static func expectedDetection(_ members: Int) -> Double {
        let others = members - 1
        return (0..<others).reduce(0) { sum, k in
            sum + (0..<others).reduce(1.0) { product, _ in product * (1 - Double(k) / Double(others)) }
        }
    }
}
