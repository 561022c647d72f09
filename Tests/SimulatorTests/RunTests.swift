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
}
