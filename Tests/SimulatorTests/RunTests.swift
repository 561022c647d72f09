import Simulator
import Testing

/// Whole runs.
@Suite struct RunTests {
    private static func run(_ seed: UInt64, seconds: Int = 10, faults: [FaultKind] = FaultKind.allCases) -> RunOutcome {
        var options = RunOptions(seed: seed)
        options.seconds = seconds
        options.faults = faults
        return Simulation(options).run()
    }

    @Test(arguments: [3, 4, 5] as [UInt64])
    func `whatever goes wrong, every rule holds`(seed: UInt64) {
        let outcome = Self.run(seed)
        #expect(outcome.violation == nil, "\(outcome.report)")
        #expect(outcome.operations > 0)
    }

    @Test func `one seed gives one run, another seed another`() {
        let first = Self.run(1)
        #expect(Self.run(1).traceHash == first.traceHash)
        #expect(Self.run(2).traceHash != first.traceHash)
    }

    /// Sets and dictionaries are ordered differently in each process; nothing of that may reach an effect.
    @Test func `one seed gives one run in processes with different hash seeds`() async throws {
        let here = "trace \(Self.run(6).traceHash)"
        let child = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print("trace \(RunTests.run(6).traceHash)")
        }
        let output = String(decoding: child?.standardOutputContent ?? [], as: UTF8.self)
        #expect(output.contains(here), "\(here) here, and \(output)")
    }

    @Test func `without faults nothing fails`() {
        let outcome = Self.run(1, faults: [])
        #expect(outcome.violation == nil, "\(outcome.report)")
        for mark in [Mark.unavailable, .timeout, .unknownOutcome, .brokenConnection, .kill, .powerCut, .failedCommit] {
            #expect(outcome.marks[mark] == 0, "\(mark)")
        }
    }
}
