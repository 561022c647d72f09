import Causality
import Coordinator
import Machine

/// How stale partial quorums are, by the WARS model (Bailis et al., 2012), with the coordinations of production: a put goes
/// to three replicas and is acknowledged at W, and a get that begins `t` later is fresh where one of its first R answers left a
/// replica that the write had reached. Nothing is repaired meanwhile.
public enum StalenessExperiment {
    private struct Row {
        let model: DelayModel
        let (read, write): (Int, Int)
        /// The 99.9 % t-visibility in milliseconds, as planned and as published, and the share that is fresh at once.
        let (planned, published): (Double, String)
        var fresh: (planned: Double, published: String)?
    }

    private static let rows = [
        Row(model: .solidState, read: 1, write: 1, planned: 1.97, published: "1.85"),
        Row(model: .disk, read: 1, write: 1, planned: 53, published: "45.5", fresh: (0.437, ".439")),
        Row(model: .yammer, read: 1, write: 1, planned: 1471, published: "1364"),
        Row(model: .yammer, read: 2, write: 1, planned: 220, published: "202"),
        Row(model: .wideArea, read: 1, write: 1, planned: 117, published: "113"),
    ]

    /// Draws so many writes, each with its read, for each row. The tolerance is for the plan's milliseconds; with 400,000 writes the
    /// sampling error of the heaviest tail is some 4 %, and grows with the root of what is drawn less.
    public static func run(runs: Int, tolerance: Double = 0.2, seed: UInt64 = 1) -> ExperimentReport {
        var report = ExperimentReport("Staleness of partial quorums, N=3, \(runs) writes for each row, seed \(seed)")
        var table = [
            ["", "R", "W", "99.9 % fresh after ms: paper", "plan", "ours", "fresh at once: paper", "plan", "ours"]
        ]
        var generator = SeededGenerator(seed: seed)
        for row in rows {
            var times = (0..<max(runs, 1)).map { _ in
                staleness(row.model, read: row.read, write: row.write, &generator)
            }
            times.sort()
            let visible = times[min(Int(Double(times.count) * 0.999), times.count - 1)]
            let fresh = Double(times.count { $0 <= 0 }) / Double(times.count)
            let name = "\(row.model.name) R=\(row.read) W=\(row.write)"
            report.require(name, visible, near: row.planned, within: tolerance, digits: 2)
            if let expected = row.fresh {
                report.require("\(name) at once", fresh, near: expected.planned, within: tolerance / 10, digits: 3)
            }
            table.append([
                row.model.name, "\(row.read)", "\(row.write)", row.published, "\(row.planned)",
                ExperimentReport.text(visible, visible < 10 ? 2 : 0), row.fresh?.published ?? "–",
                row.fresh.map { "\($0.planned)" } ?? "–", ExperimentReport.text(fresh, 3),
            ])
        }
        report.table(table)
        return report
    }

    private static let map = ReplicaMap(
        owners: [0, 1, 2], holders: [0, 1, 2], fallbacks: [], reachable: [0, 1, 2])

    /// The least time after the acknowledgement at which a read is fresh, in milliseconds; 0 or less where it always is.
    static func staleness(
        _ model: DelayModel, read: Int, write: Int, _ generator: inout SeededGenerator
    ) -> Double {
        let writes = model.roundTrips(there: model.write, &generator)
        let reads = model.roundTrips(there: model.rest, &generator)
        guard let committed = commit(writes, write) else { return .infinity }
        // A read becomes fresh at an instant at which the write reaches one of the replicas just before the read does.
        let instants = (0..<3).map { writes[$0].there - reads[$0].there - committed }.sorted()
        return instants.first { isFresh($0, writes, reads, read, committed) } ?? .infinity
    }

    /// When the put is acknowledged.
    private static func commit(_ writes: [(there: Double, back: Double)], _ write: Int) -> Double? {
        let requirement = QuorumRequirement.write(.count(write), primaries: nil, durable: nil, map: map)
        var put = PutCoordination(map: map, requirement: requirement, isSloppy: false, own: 0)
        _ = put.begin()
        _ = put.prepared()
        for position in order(writes) where put.acknowledge(position, isDurable: true).reply == .written {
            return writes[position].there + writes[position].back
        }
        return nil
    }

    /// Whether a get that begins so long after the acknowledgement finds the write.
    private static func isFresh(
        _ time: Double, _ writes: [(there: Double, back: Double)], _ reads: [(there: Double, back: Double)],
        _ read: Int,
        _ committed: Double
    ) -> Bool {
        let requirement = QuorumRequirement.read(.count(read), primaries: nil, map: map)
        var get = GetCoordination(map: map, requirement: requirement, isSloppy: false)
        let asked = get.begin().ask
        for position in order(reads) where asked.contains(position) {
            // Subtracted as the candidate was, so that equal instants stay equal.
            let hasReached = writes[position].there - reads[position].there - committed <= time
            if let reply = get.receive(hasReached ? written : nil, from: position).reply {
                return reply == .found(written)
            }
        }
        return false
    }

    private static func order(_ trips: [(there: Double, back: Double)]) -> [Int] {
        trips.indices.sorted { trips[$0].there + trips[$0].back < trips[$1].there + trips[$1].back }
    }

    private static let written: Object = {
        var object = Object()
        object.write(
            .value(ByteBuffer(string: "new"), contentType: ""), timestamp: .zero, seeing: .everythingHere,
            as: ActorID(node: NodeID(high: 0, low: 1), epoch: 1))
        return object
    }()
}
