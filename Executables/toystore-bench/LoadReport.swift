import Coordinator
import Foundation
import LoadGenerator

/// The result of a load, for people and programs.
struct LoadReport: Codable {
    /// The puts, or the gets.
    struct Operation: Codable {
        let name: String
        /// Answers to requests that began while it counted.
        let operations: Int
        /// Answers that came while it counted, in a second.
        let perSecond: Double
        /// In microseconds.
        let latency: LatencySummary?
        /// By kind; kinds without any are left out.
        let failures: [String: Int]
    }

    let cluster: String
    let load: String
    let machine: MachineDescription
    /// The seconds that counted.
    let seconds: Double
    let operations: [Operation]
    /// The rate asked for, in an open loop.
    let rate: Int?
    /// Requests that an open loop had no room for in its time.
    let unsent: Int
    /// Gets whose key was not there.
    let absent: Int
    /// Keys that could not be written beforehand.
    let unwrittenKeys: Int
    /// CPU time of this process in the seconds that counted.
    let cpuSeconds: Double
    /// The same for each answer, in microseconds.
    let cpuMicrosecondsPerOperation: Double?
    /// Of that, the generator's own threads.
    let generatorMicrosecondsPerOperation: Double?
    /// Whether the nodes' CPU time is in it.
    let nodesInProcess: Bool

    init(_ result: LoadResult, plan: LoadPlan, cluster: String, isOwnCluster: Bool, unwrittenKeys: Int) {
        let tally = result.tally
        self.cluster = cluster
        load = Self.describe(plan)
        machine = .current
        seconds = Double(result.window) / 1e9
        operations = [("put", tally.puts, plan.mix.puts), ("get", tally.gets, plan.mix.gets)].compactMap {
            name, operation, share in
            guard share > 0 else { return nil }
            let failures = LoadFailureKind.allCases.map { ($0.rawValue, operation.failures($0)) }.filter { $0.1 > 0 }
            return Operation(
                name: name, operations: operation.latencies.count, perSecond: result.rate(of: operation),
                latency: operation.latencies.summary, failures: Dictionary(uniqueKeysWithValues: failures))
        }
        if case .open(let rate, _) = plan.pace {
            self.rate = rate
        } else {
            rate = nil
        }
        unsent = tally.unsent
        absent = tally.absent
        self.unwrittenKeys = unwrittenKeys
        cpuSeconds = Double(result.processTime) / 1e9
        let answers = Double(tally.answeredInTime)
        cpuMicrosecondsPerOperation = answers > 0 ? Double(result.processTime) / 1000 / answers : nil
        generatorMicrosecondsPerOperation = answers > 0 ? Double(result.generatorTime) / 1000 / answers : nil
        nodesInProcess = isOwnCluster
    }

    /// The load in words.
    static func describe(_ plan: LoadPlan) -> String {
        let pace =
            switch plan.pace {
            case .closed(let inFlight): "closed loop, \(plan.connections) connections × \(inFlight) in flight"
            case .open(let rate, _): "open loop, \(Figure.grouped(rate)) a second on \(plan.connections) connections"
            }
        let quorums = [plan.options.read.map { "R \($0)" }, plan.options.write.map { "W \($0)" }].compactMap { $0 }
        return
            ([
                pace, "\(plan.mix)", "values of \(Figure.grouped(plan.valueByteCount)) bytes",
                "\(Figure.grouped(plan.keys)) keys",
            ] + (quorums.isEmpty ? ["the nodes' R and W"] : quorums)).joined(separator: ", ")
    }

    /// The report as JSON, with a newline at its end.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }

    /// The report as a table.
    var text: String {
        var rows = [["", "operations", "ops/s", "p50", "p90", "p99", "p99.9", "max", "failed"]]
        for operation in operations {
            let latencies = operation.latency.map { [$0.p50, $0.p90, $0.p99, $0.p999, $0.max].map(Figure.latency) }
            rows.append(
                [operation.name, Figure.grouped(operation.operations), Figure.fixed(operation.perSecond, digits: 0)]
                    + (latencies ?? Array(repeating: "–", count: 5))
                    + [Figure.grouped(operation.failures.values.reduce(0, +))])
        }
        var notes = [
            ("cluster", cluster), ("load", load), ("machine", "\(machine.cores) cores, \(machine.model)"),
            ("measured", "\(Figure.fixed(seconds, digits: 1)) s"),
        ]
        for operation in operations where !operation.failures.isEmpty {
            let kinds = operation.failures.sorted { $0.key < $1.key }.map { "\($0.key) \(Figure.grouped($0.value))" }
            notes.append(("failed \(operation.name)s", kinds.joined(separator: ", ")))
        }
        if unsent > 0 {
            notes.append(
                (
                    "not sent",
                    "\(Figure.grouped(unsent)) requests found no room in time: the cluster is slower than the rate, and latencies are longer than shown"
                ))
        }
        if absent > 0 {
            notes.append(("absent", "\(Figure.grouped(absent)) gets found no key"))
        }
        if unwrittenKeys > 0 {
            notes.append(("not written", "\(Figure.grouped(unwrittenKeys)) keys could not be written beforehand"))
        }
        if let each = cpuMicrosecondsPerOperation, let own = generatorMicrosecondsPerOperation {
            let share =
                nodesInProcess ? ", \(Figure.fixed(own, digits: 1)) of them the generator's" : " (the generator alone)"
            notes.append(
                (
                    "CPU",
                    "\(Figure.fixed(cpuSeconds, digits: 1)) s of this process, \(Figure.fixed(each, digits: 1)) µs an operation\(share)"
                ))
        }
        return Figure.table(rows) + "\n" + notes.map { "\($0): \($1)\n" }.joined()
    }
}
