import ArgumentParser
import Simulator

/// Lifeguard's five rows.
struct ReproduceLifeguard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lifeguard",
        abstract:
            "False verdicts and detection in a group whose members stand still now and then, by Lifeguard's parts.")

    @Flag(help: "All 6,480 runs of the paper's grid and 180 of detection, for each row.")
    var full = false

    @Option(help: "Runs at a time, one thread each.")
    var jobs = 1

    @Option(help: "Decides everything.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        let experiment = LifeguardExperiment(isFull: full, seed: seed)
        let variants = LifeguardVariant.allCases
        let count = experiment.cells.count * variants.count
        let tallies = await withTaskGroup(of: [LifeguardExperiment.Tally].self) { group in
            for job in 0..<jobs {
                group.addTask {
                    var tallies = variants.map { _ in LifeguardExperiment.Tally() }
                    for number in stride(from: job, to: count, by: jobs) {
                        let row = number % variants.count
                        tallies[row].merge(experiment.run(experiment.cells[number / variants.count], variants[row]))
                    }
                    return tallies
                }
            }
            return await group.reduce(into: variants.map { _ in LifeguardExperiment.Tally() }) { all, some in
                for row in all.indices {
                    all[row].merge(some[row])
                }
            }
        }
        let report = LifeguardReport(tallies)
        print(report.table)
        try fail(with: report.flaws)
    }
}

extension ParsableCommand {
    /// Says what is outside the tolerance, and exits with 1 if anything is.
    func fail(with flaws: [String]) throws {
        guard !flaws.isEmpty else { return print("within the tolerance") }
        for flaw in flaws {
            print("outside the tolerance: \(flaw)")
        }
        throw ExitCode.failure
    }
}
