import Machine
import Ring

/// Placement by the production ring: balance, movement, what is lost when members are, and Dynamo's figure 8.
public enum PlacementExperiment {
    /// Draws so many rings of each reference model, and a few of production.
    public static func run(runs: Int, seed: UInt64 = 1) -> ExperimentReport {
        var report = ExperimentReport("Placement, N=3, \(runs) rings of each model, seed \(seed)")
        addBalance(runs, seed, to: &report)
        addLosses(seed, to: &report)
        addStrategies(runs, seed, to: &report)
        return report
    }

    // MARK: - Balance and movement

    /// Identities of production rings.
    private static let rings: UInt64 = 5

    private static func addBalance(_ runs: Int, _ seed: UInt64, to report: inout ExperimentReport) {
        var table = [
            [
                "max/mean load; copies moved for each that must", "balance plan", "ours", "join plan", "ours",
                "leave plan", "ours",
            ]
        ]
        for (each, planned) in [(16, 1.74), (64, 1.32), (256, 1.18)] {
            let balance = TokenModel.imbalance(runs: max(runs * 16 / each, 1), seed: seed) { generator in
                TokenModel.randomTokens(members: 100, each: each, replicas: 3, zones: 3, &generator)
            }
            // The plan's figure is that of one ring, so it may be off by as much as one ring is.
            let (mean, deviation) = balance
            report.require(
                "\(each) random tokens", mean, near: planned, within: 0.02 + deviation / mean, digits: 2)
            table.append([
                "\(each) random tokens, 100 members, 3 zones (a model)", "\(planned)",
                "\(ExperimentReport.text(mean, 2))±\(ExperimentReport.text(deviation, 2))", "–", "–", "–", "–",
            ])
        }
        // What rendezvous hashing with independent draws under the same bound gives; the production ring may be better.
        for (partitions, balance, join, leave) in [(4096, 1.055, 1.58, 1.64), (16_384, 1.051, 1.15, 1.19)] {
            let ours = movement(members: 99, partitions: partitions, seed: seed)
            table.append([
                "production ring, Q=\(partitions), 99 members, 3 zones", "\(balance)",
                ExperimentReport.text(ours.balance, 3), "\(join)", ExperimentReport.text(ours.join, 2), "\(leave)",
                ExperimentReport.text(ours.leave, 2),
            ])
            report.require("balance, Q=\(partitions)", ours.balance, near: balance, within: 0.02, digits: 3)
            report.require(ours.join <= join * 1.02, "join, Q=\(partitions): \(ours.join), more than \(join)")
            report.require(ours.leave <= leave * 1.02, "leave, Q=\(partitions): \(ours.leave), more than \(leave)")
            report.require(
                ours.brokenZones == 0, "Q=\(partitions): \(ours.brokenZones) partitions have two owners in a zone")
        }
        report.table(table)
    }

    /// The worst balance and the mean movement when one member joins or leaves.
    private static func movement(
        members count: Int, partitions: Int, seed: UInt64
    ) -> (balance: Double, join: Double, leave: Double, brokenZones: Int) {
        guard let configuration = RingConfiguration(partitions: partitions) else { return (.nan, .nan, .nan, 0) }
        var result = (balance: 0.0, join: 0.0, leave: 0.0, brokenZones: 0)
        for seed in seed..<seed + rings {
            let members = members(count + 1, zones: 3, seed: seed)
            let ring = Ring(Membership(members.dropLast()), configuration: configuration)
            result.balance = max(result.balance, imbalance(of: ring))
            let larger = Ring(Membership(members), configuration: configuration)
            let smaller = Ring(Membership(members.dropLast(2)), configuration: configuration)
            result.join += excess(from: ring, to: larger, of: members[count]) / Double(rings)
            result.leave += excess(from: ring, to: smaller, of: members[count - 1]) / Double(rings)
            for partition in ring.partitions {
                let zones = ring.replicas(of: partition).prefix(3).map { ring.members[Int($0)].zone }.sorted()
                result.brokenZones += zip(zones, zones.dropFirst()).contains { $0 == $1 } ? 1 : 0
            }
        }
        return result
    }

    private static func imbalance(of ring: Ring) -> Double {
        let owned = ring.members.indices.map { Double(ring.ownedCount(of: MemberIndex($0))) }
        return (owned.max() ?? 0) * Double(owned.count) / owned.reduce(0, +)
    }

    /// The copies that move for each that has to: those of the member that comes or goes.
    private static func excess(from old: Ring, to new: Ring, of member: Member) -> Double {
        guard let plan = RingPlan(from: old, to: new) else { return .nan }
        let owned = [old, new].map { ring in ring.index(of: member.id).map(ring.ownedCount(of:)) ?? 0 }
        return Double(plan.transfers) / Double(max(owned[0] + owned[1], 1))
    }

    private static func members(_ count: Int, zones: Int, seed: UInt64) -> [Member] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            Member(
                id: NodeID(from: &generator), name: "node \(number)", host: "127.0.0.1", port: 7400,
                zone: "zone \(number % zones)", state: .up, holdings: .none(of: 1))
        }
    }

    // MARK: - Losses

    /// Counted for every pair and every triple of members, so there is no sampling error but that of the identities.
    private static func addLosses(_ seed: UInt64, to report: inout ExperimentReport) {
        var table = [
            ["of 100 members, some partition is", "below quorum, 2 down: plan", "ours", "lost with 3: plan", "ours"]
        ]
        for (partitions, below, lost) in [(1024, 46.0, 0.6), (4096, 92.0, 2.5)] {
            guard let configuration = RingConfiguration(partitions: partitions) else { continue }
            var shares = (pairs: 0.0, triples: 0.0)
            for seed in seed..<seed + rings {
                let ring = Ring(Membership(members(100, zones: 1, seed: seed)), configuration: configuration)
                var pairs = [Bool](repeating: false, count: 100 * 100)
                var triples = [Bool](repeating: false, count: 100 * 100 * 100)
                for partition in ring.partitions {
                    let owners = ring.replicas(of: partition).prefix(3).map(Int.init).sorted()
                    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
                        pairs[owners[first] * 100 + owners[second]] = true
                    }
                    triples[(owners[0] * 100 + owners[1]) * 100 + owners[2]] = true
                }
                shares.pairs += Double(pairs.count { $0 }) / (100 * 99 / 2) * 100 / Double(rings)
                shares.triples += Double(triples.count { $0 }) / (100 * 99 * 98 / 6) * 100 / Double(rings)
            }
            report.require("below quorum, Q=\(partitions)", shares.pairs, near: below, within: 0.02, digits: 0)
            report.require("lost, Q=\(partitions)", shares.triples, near: lost, within: 0.02, digits: 1)
            table.append([
                "Q=\(partitions)", "\(Int(below)) %", "\(ExperimentReport.text(shares.pairs, 1)) %", "\(lost) %",
                "\(ExperimentReport.text(shares.triples, 2)) %",
            ])
        }
        report.table(table)
    }

    // MARK: - Figure 8

    private struct Strategies {
        /// The tokens, or partitions, of all 30 members together.
        let size: Int
        /// Mean over greatest load of the three strategies.
        let paper: [Double]
        let plan: [Double]
        /// The number of partitions of a production ring that comes next.
        let partitions: Int
    }

    private static let figure = [
        Strategies(size: 60, paper: [0.52, 0.53, 0.86], plan: [0.518, 0.52, 0.846], partitions: 64),
        Strategies(size: 240, paper: [0.69, 0.70, 0.90], plan: [0.691, 0.687, 0.891], partitions: 256),
        Strategies(size: 960, paper: [0.82, 0.82, 0.94], plan: [0.832, 0.804, 0.938], partitions: 1024),
        Strategies(size: 3840, paper: [0.91, 0.88, 0.97], plan: [0.911, 0.866, 0.970], partitions: 4096),
    ]

    /// Strategy 2 has its tokens, and so many partitions beside them.
    private static let equalPartitions = 1024

    private static func addStrategies(_ runs: Int, _ seed: UInt64, to report: inout ExperimentReport) {
        let members = 30
        var table = [
            [
                "mean/max load, S=30", "paper S1", "plan", "ours", "paper S2", "plan", "ours", "paper S3", "plan",
                "model", "production (Q)",
            ]
        ]
        for row in figure {
            let each = row.size / members
            let imbalances = [
                TokenModel.imbalance(runs: runs, seed: seed) { generator in
                    TokenModel.randomTokens(members: members, each: each, replicas: 3, &generator)
                },
                TokenModel.imbalance(runs: runs, seed: seed) { generator in
                    TokenModel.equalPartitions(
                        members: members, each: each, partitions: equalPartitions, replicas: 3, &generator)
                },
                TokenModel.imbalance(runs: runs, seed: seed) { generator in
                    TokenModel.dealtPartitions(
                        members: members, partitions: row.size, replicas: 3, &generator)
                },
            ]
            var cells = ["\(row.size) tokens or partitions"]
            for (strategy, imbalance) in imbalances.enumerated() {
                let (name, plan) = ("S\(strategy + 1), \(row.size)", row.plan[strategy])
                report.require(name, 1 / imbalance.mean, near: plan, within: 0.02, digits: 3)
                cells += [
                    ExperimentReport.text(row.paper[strategy], 2), ExperimentReport.text(plan, 3),
                    ExperimentReport.text(1 / imbalance.mean, 3),
                ]
            }
            if let configuration = RingConfiguration(partitions: row.partitions) {
                let worst = (seed..<seed + rings).map { seed in
                    imbalance(
                        of: Ring(Membership(Self.members(members, zones: 1, seed: seed)), configuration: configuration))
                }
                let production = 1 / (worst.reduce(0, +) / Double(worst.count))
                report.require(
                    production >= row.plan[2] * 0.98,
                    "production, Q=\(row.partitions): \(ExperimentReport.text(production, 3)), less than strategy 3's")
                cells.append("\(ExperimentReport.text(production, 3)) (\(row.partitions))")
            }
            table.append(cells)
        }
        report.table(table)
    }
}
