import Machine
import Synchronization

/// Runs seed after seed with a planted bug, until it was found a few times or the seeds are used up; shared by its jobs.
package final class PlantedTrial: Sendable {
    private struct State {
        var next: UInt64
        var runs = 0
        var found: [RunOutcome] = []
        var seconds = 0.0
    }

    /// The bug, which whoever runs the trial has planted.
    package let bug: PlantedBug
    /// What brings it about; `nil` where the seeds draw their faults.
    package let circumstances: PlantedBug.Circumstances?
    private let firstSeed: UInt64
    private let seedLimit: Int
    private let wanted: Int
    private let state: Mutex<State>

    /// A trial of at most so many seeds that ends when the bug was found as often as `wanted`.
    package init(
        _ bug: PlantedBug, _ circumstances: PlantedBug.Circumstances?, firstSeed: UInt64, seedLimit: Int, wanted: Int
    ) {
        self.bug = bug
        self.circumstances = circumstances
        self.firstSeed = firstSeed
        self.seedLimit = seedLimit
        self.wanted = wanted
        state = Mutex(State(next: firstSeed))
    }

    /// Runs seeds until there is nothing left to do; as many callers at a time as there are processors.
    package func work() {
        while let seed = nextSeed() {
            let outcome = Simulation(PlantedBug.options(seed: seed, circumstances)).run()
            state.withLock { state in
                state.runs += 1
                state.seconds += outcome.seconds
                if outcome.violation != nil {
                    state.found.append(outcome)
                }
            }
        }
    }

    private func nextSeed() -> UInt64? {
        state.withLock { state in
            guard state.next - firstSeed < UInt64(seedLimit), state.found.count < wanted else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// What has come of it.
    package var result: PlantedResult {
        state.withLock { state in
            let found = state.found.sorted { $0.options.seed < $1.options.seed }
            return PlantedResult(bug: bug, isPlain: circumstances == nil, runs: state.runs, found: found)
        }
    }
}

/// In how many seeds a planted bug was found, and by which rules.
package struct PlantedResult: Sendable {
    package let bug: PlantedBug
    /// Whether the seeds drew their faults.
    package let isPlain: Bool
    package let runs: Int
    /// The runs that found it, by their seeds.
    package let found: [RunOutcome]

    /// The rules that broke and how often each, the most frequent first.
    package var invariants: [(invariant: Invariant, count: Int)] {
        Invariant.allCases.map { invariant in
            (invariant, found.count { $0.violation?.invariant == invariant })
        }.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
    }

    /// How many seeds it takes on average, `nil` where no seed found it.
    package var seedsEach: Double? {
        found.isEmpty ? nil : Double(runs) / Double(found.count)
    }

    /// One row of the table.
    package var row: String {
        let rules = invariants.map { "\($0.invariant) \($0.count)" }.joined(separator: ", ")
        let mean = seedsEach.map { "\(Double(Int($0 * 10 + 0.5)) / 10)" } ?? "–"
        return
            "| \(bug.rawValue) | \(isPlain ? "drawn" : "its own") | \(rules.isEmpty ? "–" : rules) | \(found.count) of \(runs) | \(mean) |"
    }

    /// The head of the table.
    package static let head = """
        | bug | faults | found by | in | seeds each |
        |---|---|---|---|---|
        """

    /// The first run that has found it and passes without it, as a line of the file; looked for while nothing is planted.
    package func seed() -> PlantedSeed? {
        let outcome = found.first { Simulation($0.options).run().violation == nil }
        return outcome.flatMap { outcome in
            outcome.violation.map { PlantedSeed(bug: bug, invariant: $0.invariant, options: outcome.options) }
        }
    }
}
