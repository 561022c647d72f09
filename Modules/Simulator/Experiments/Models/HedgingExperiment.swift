import Coordinator
import Machine
import Node

/// What hedging does to the tail of reads: two of three answers under Yammer's delays, with the coordination and the delay of
/// production.
public enum HedgingExperiment {
    private enum Policy: CaseIterable {
        case two, three, hedged

        var name: String {
            switch self {
            case .two: "ask two"
            case .three: "ask three"
            case .hedged: "ask two, the third when that takes long"
            }
        }

        /// p99 and p99.9 in milliseconds, and how much more load than with two that is, as planned.
        var planned: (p99: Double, p999: Double, load: String) {
            switch self {
            case .two: (93, 199, "–")
            case .three: (6.7, 32, "50 %")
            case .hedged: (12.2, 35, "5 %")
            }
        }
    }

    private struct Outcome {
        /// In milliseconds, ascending.
        var latencies: [Double] = []
        var asked = 0
        var hedged = 0

        func percentile(_ share: Double) -> Double {
            latencies.isEmpty ? 0 : latencies[min(Int(Double(latencies.count) * share), latencies.count - 1)]
        }
    }

    /// Draws so many reads for each policy.
    public static func run(runs: Int, seed: UInt64 = 1) -> ExperimentReport {
        var report = ExperimentReport(
            "Hedged reads, R=2 of 3, Yammer's delays, \(runs) reads for each row, seed \(seed)")
        var table = [
            ["", "p50", "p95", "p99 plan", "p99", "p99.9 plan", "p99.9", "more load plan", "more load", "hedged"]
        ]
        var tails: [Double] = []
        for policy in Policy.allCases {
            let outcome = outcome(policy, runs: max(runs, 1), seed: seed)
            let planned = policy.planned
            let (p99, p999) = (outcome.percentile(0.99), outcome.percentile(0.999))
            let load = Double(outcome.asked) / Double(2 * max(runs, 1)) - 1
            table.append([
                policy.name, ExperimentReport.text(outcome.percentile(0.5), 1),
                ExperimentReport.text(outcome.percentile(0.95), 1), "\(planned.p99)", ExperimentReport.text(p99, 1),
                "\(planned.p999)", ExperimentReport.text(p999, 1), planned.load,
                "\(ExperimentReport.text(load * 100, 1)) %",
                "\(ExperimentReport.text(Double(outcome.hedged) / Double(max(runs, 1)) * 100, 1)) %",
            ])
            report.require("\(policy.name), p99", p99, near: planned.p99, within: 0.2, digits: 1)
            report.require("\(policy.name), p99.9", p999, near: planned.p999, within: 0.2, digits: 1)
            if policy == .hedged {
                report.require(load <= 0.06, "\(load * 100) % more load, and not 6 % at most")
            }
            tails.append(p999)
        }
        let cut = tails[0] / max(tails[2], .leastNonzeroMagnitude)
        report.table(table)
        report.say(
            "  p99.9 is cut to 1/\(ExperimentReport.text(cut, 1)) of what it is without hedging; at least 1/5 is asked")
        report.require(cut >= 5, "p99.9 is cut to 1/\(ExperimentReport.text(cut, 1)) only")
        return report
    }

    private static func outcome(_ policy: Policy, runs: Int, seed: UInt64) -> Outcome {
        var generator = SeededGenerator(seed: seed)
        var outcome = Outcome()
        outcome.latencies.reserveCapacity(runs)
        var delay = HedgeDelay(within: ShardConfiguration().hedgeDelay)
        // The delay finds its place before anything is counted.
        for _ in 0..<5_000 where policy == .hedged {
            _ = read(policy, &delay, &generator)
        }
        for _ in 0..<runs {
            let (latency, asked, isHedged) = read(policy, &delay, &generator)
            outcome.latencies.append(latency)
            outcome.asked += asked
            outcome.hedged += isHedged ? 1 : 0
        }
        outcome.latencies.sort()
        return outcome
    }

    private static let map = ReplicaMap(owners: [0, 1, 2], holders: [0, 1, 2], fallbacks: [], reachable: [0, 1, 2])

    /// One read from its beginning to its answer: how long that takes in milliseconds, how many were asked, and whether by a
    /// hedge.
    private static func read(
        _ policy: Policy, _ delay: inout HedgeDelay, _ generator: inout SeededGenerator
    ) -> (latency: Double, asked: Int, isHedged: Bool) {
        let trips = DelayModel.yammer.roundTrips(there: DelayModel.yammer.rest, &generator)
        var get = GetCoordination(
            map: map, requirement: .read(.count(2), primaries: nil, map: map), isSloppy: false,
            reach: policy == .three ? .everyHolder : .enough(first: nil))
        /// When each answers, of those who were asked and have not.
        var answers: [(time: Double, position: Int)] = []
        var asked = 0
        func ask(_ positions: PositionSet, at time: Double) {
            for position in positions {
                asked += 1
                answers.append((time + trips[position].there + trips[position].back, position))
            }
        }
        ask(get.begin().ask, at: 0)
        let due = Double(delay.delay) / 1e6
        var awaitsHedge = policy == .hedged
        while let next = answers.indices.min(by: { answers[$0].time < answers[$1].time }) {
            if awaitsHedge, answers[next].time > due {
                awaitsHedge = false
                delay.saw(inTime: get.answered.count, late: get.outstanding.count)
                ask(get.hedge().ask, at: due)
                continue
            }
            let (time, position) = answers.remove(at: next)
            if get.receive(nil, from: position).reply != nil {
                if awaitsHedge {
                    delay.saw(inTime: get.answered.count, late: 0)
                }
                return (time, asked, policy == .hedged && !awaitsHedge)
            }
        }
        return (.infinity, asked, false)
    }
}
