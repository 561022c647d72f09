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

    @Option(parsing: .unconditional, help: "Runs at a time, one thread each.")
    var jobs = RunProgress.coreCount

    @Option(
        parsing: .unconditional,
        help: "Microseconds that a member takes for each message that waited while it stood still; 0: none.")
    var reading = 0

    @Option(parsing: .unconditional, help: "Decides everything.", transform: Values.seed)
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
        guard (0...1_000_000).contains(reading) else { throw ValidationError("--reading: 0 to 1000000") }
    }

    func run() async throws {
        let experiment = LifeguardExperiment(isFull: full, seed: seed, readingTime: .microseconds(reading))
        let runs = experiment.runs
        let progress = RunProgress(count: runs.count)
        let nothing = LifeguardVariant.allCases.map { _ in LifeguardExperiment.Tally() }
        let tallies = await withTaskGroup(of: [LifeguardExperiment.Tally].self) { group in
            for _ in 0..<jobs {
                group.addTask {
                    var tallies = nothing
                    while let number = progress.next() {
                        let run = runs[number]
                        tallies[run.row].merge(experiment.run(run.cell, LifeguardVariant.allCases[run.row]))
                        progress.finishedOne()
                    }
                    return tallies
                }
            }
            return await group.reduce(into: nothing) { all, some in
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
