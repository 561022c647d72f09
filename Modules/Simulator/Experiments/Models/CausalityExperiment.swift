/// Production objects against the causal-history oracle, and the explosion of siblings that dotted version vectors end.
public enum CausalityExperiment {
    /// Makes so many random runs.
    public static func run(runs: Int) -> ExperimentReport {
        var report = ExperimentReport("Causality against causal histories, \(runs) random runs")
        var errors = 0
        for seed in 0..<UInt64(max(runs, 0)) {
            if let failure = CausalRun.failure(seed: seed) {
                errors += 1
                report.require(errors > 10, failure)
            }
        }
        let siblings = CausalRun.siblings(afterInterleaving: 100)
        let explosion = CausalRun.siblingsOfPerServerVectors(afterInterleaving: 100)
        report.table([
            ["", "plan", "ours"],
            ["runs that differ from the oracle", "0", "\(errors)"],
            ["siblings after 100 interleaved writes of two clients", "2", "\(siblings)"],
            ["the same with one vector for each server (a model)", "100", "\(explosion)"],
        ])
        report.require(siblings == 2, "\(siblings) siblings, not 2")
        report.require(explosion == 100, "\(explosion) siblings in the model of old, not 100")
        return report
    }
}
