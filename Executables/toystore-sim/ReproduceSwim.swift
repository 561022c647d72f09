import ArgumentParser
import Simulator

/// SWIM's claims.
struct ReproduceSwim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swim",
        abstract: "The first detection of a failure, the load of a member, and both at 10, 100 and 1,000 members.")

    @Option(parsing: .unconditional, help: "Decides everything.", transform: Values.seed)
    var seed: UInt64 = 1

    func run() throws {
        let report = SwimReport(SwimExperiment(seed: seed))
        print(report.table)
        try fail(with: report.flaws)
    }
}
