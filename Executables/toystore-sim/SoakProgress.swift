import Glibc
import Simulator
import Synchronization

/// How far a soak is: shared by its jobs.
final class SoakProgress: Sendable {
    private struct State {
        var nextSeed: UInt64
        var runsLeft: Int
        var runs = 0
        var failures = 0
        var seconds = 0.0
        var events = 0
        var requests = 0
        var marks = Marks()
        var lastLine: ContinuousClock.Instant
    }

    private let state: Mutex<State>
    private let began: ContinuousClock.Instant
    private let end: ContinuousClock.Instant

    init(firstSeed: UInt64, runLimit: Int, hours: Double) {
        began = ContinuousClock.now
        end = began + .seconds(hours * 3600)
        state = Mutex(State(nextSeed: firstSeed, runsLeft: runLimit, lastLine: began))
    }

    var hasFailed: Bool { state.withLock { $0.failures > 0 } }

    /// The seed of the next run, or `nil` where the soak is over.
    func nextSeed() -> UInt64? {
        guard ContinuousClock.now < end else { return nil }
        return state.withLock { state in
            guard state.runsLeft > 0 else { return nil }
            state.runsLeft -= 1
            defer { state.nextSeed &+= 1 }
            return state.nextSeed
        }
    }

    /// Counts a run, keeps its seed where it failed, and shows where the soak is from time to time.
    func add(_ outcome: RunOutcome, failures file: NamedFile) {
        state.withLock { state in
            state.runs += 1
            state.seconds += outcome.seconds
            state.events += outcome.events
            state.requests += outcome.operations
            state.marks.merge(outcome.marks)
            if let violation = outcome.violation {
                state.failures += 1
                print("seed \(outcome.options.seed) broke \(violation.invariant): \(violation.what)")
                print("  \(outcome.options.command)")
                do {
                    try file.add("\(outcome.options.arguments) | \(violation.invariant): \(violation.what)\n")
                } catch {
                    print("  not kept: \(error)")
                }
            }
            if ContinuousClock.now - state.lastLine > .seconds(10) {
                state.lastLine = ContinuousClock.now
                print(line(state))
            }
            fflush(nil)
        }
    }

    /// All of it, with what was never met.
    var summary: String {
        state.withLock { state in
            let missing = state.marks.missing.map { "\($0)" }.joined(separator: ", ")
            return "\(line(state))\n\(state.marks)\nnever met: \(missing.isEmpty ? "nothing" : missing)"
        }
    }

    private func line(_ state: State) -> String {
        let elapsed = (ContinuousClock.now - began) / .seconds(1)
        let hours = Double(Int(state.seconds / 36)) / 100
        return "\(state.runs) runs, \(state.failures) failed; \(hours) simulated hours, \(state.requests) requests, "
            + "\(state.events) events; \(Int(state.seconds / max(elapsed, 0.001))) simulated seconds in each real one"
    }
}
