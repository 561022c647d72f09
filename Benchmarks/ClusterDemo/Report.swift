/// What came of it, as a table.
struct Report {
    let records: Int
    var load = Tally()
    var reads: [(name: String, tally: Tally)] = []
    var partitions = 0
    var moved = 0
    var copies = 0
    var repaired = 0
    var time: Duration = .zero
    var stopTroubles: [String] = []
    private var phases: [(name: String, time: Duration)] = []

    init(records: Int) {
        self.records = records
    }

    mutating func note(_ phase: String, _ start: ContinuousClock.Instant) {
        phases.append((phase, start.duration(to: .now)))
    }

    private var lost: Int { reads.reduce(0) { $0 + $1.tally.lost } }
    private var wrong: Int { reads.reduce(0) { $0 + $1.tally.wrong } }
    var isGood: Bool { load.done == records && lost == 0 && wrong == 0 && stopTroubles.isEmpty }

    @MainActor
    func print() {
        let reading = reads.map { ($0.name, $0.tally) }
        var rows: [(String, String)] = [
            ("acknowledged writes", load.done.grouped),
            ("  sent again, outcome unknown", load.repeatedUnknown.grouped),
            ("  sent again, refused", load.repeatedRefused.grouped),
        ]
        rows += reading.map { ("found with \($0.0), through 4 nodes", $0.1.found.grouped) }
        rows += [
            ("lost", lost.grouped),
            ("wrong", wrong.grouped),
            ("copies put back by read repair", repaired.grouped),
            ("copies on disk at the end", "\(copies.grouped) (3 × \(records.grouped) = \((3 * records).grouped))"),
            ("copies of partitions moved by the join", "\(moved.grouped) of \((3 * partitions).grouped)"),
        ]
        rows += phases.map { ("time: \($0.name)", $0.time.text) }
        rows.append(("time in all", time.text))
        let width = rows.map { $0.0.count }.max() ?? 0
        let line = String(repeating: "─", count: width + 40)
        Swift.print(line)
        for (name, value) in rows {
            Swift.print(name + String(repeating: " ", count: width - name.count + 3) + value)
        }
        Swift.print(line)
        for example in reads.flatMap(\.tally.examples).prefix(5) + stopTroubles {
            Swift.print("! \(example)")
        }
        Swift.print(isGood ? "nothing lost, nothing wrong" : "FAILED")
    }
}
