import Simulator
import Testing

/// Experiments whose figures are known, with fewer runs than `toystore-sim reproduce` makes.
@Suite struct ModelExperimentTests {
    private static func expectReproduced(_ report: ExperimentReport) {
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(!report.lines.isEmpty)
    }

    @Test func `versions are what causal histories say, and siblings do not explode`() {
        Self.expectReproduced(CausalityExperiment.run(runs: 2_000))
    }

    @Test func `reads are as stale as the model says`() {
        Self.expectReproduced(StalenessExperiment.run(runs: 10_000, tolerance: 0.6))
    }

    @Test func `a hedge cuts the tail for a twentieth more load`() {
        Self.expectReproduced(HedgingExperiment.run(runs: 40_000))
    }

    @Test func `a report that is out of its tolerance says so`() {
        var report = ExperimentReport("a trial")
        report.require("near", 1.024, near: 1.0, within: 0.02, digits: 2)
        #expect(report.failures.isEmpty)
        report.require("far", 1.03, near: 1.0, within: 0.02, digits: 2)
        report.require("no number", .nan, near: 1.0, within: 0.02, digits: 2)
        #expect(report.failures.count == 2)
        report.table([["name", "figure"], ["a", "1"]])
        #expect(report.lines == ["  name   figure", "  a           1"])
        #expect(report.text.hasPrefix("a trial\n"))
        #expect(report.text.contains("NOT reproduced: far: 1.030 is not within 2 % of 1.0"))
    }

    @Test(arguments: [
        (0.0, 0, "0"), (-0.04, 1, "0.0"), (-1.25, 1, "-1.3"), (12.345, 2, "12.35"), (.infinity, 2, "inf"),
    ])
    func `figures are written with a fixed count of digits`(value: Double, digits: Int, text: String) {
        #expect(ExperimentReport.text(value, digits) == text)
    }
}
