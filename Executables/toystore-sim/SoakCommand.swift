import ArgumentParser
import Glibc
import Simulator
import Synchronization

/// Runs one seed after another.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Runs fresh seeds for some time, and keeps those that break a rule.",
        discussion: """
            Prints where it is every ten seconds or so, each seed that breaks a rule with the command to replay it, and in \
            the end how often each thing that can happen was met. Runs that have begun when the time is up are finished. \
            Ends with 1 where a rule broke.
            """)

    @Option(parsing: .unconditional, help: "Real hours; parts of one too.")
    var hours = 1.0

    @Option(parsing: .unconditional, help: "Runs at a time, one thread each.")
    var jobs = 1

    @Option(parsing: .unconditional, help: "The first seed; drawn where there is none.", transform: Values.seed)
    var firstSeed: UInt64?

    @Option(parsing: .unconditional, help: "Runs in all, if that is reached before the time is up. (default: no limit)")
    var runs: Int?

    @Option(help: "The file to which failing seeds are added, one line each; `kept` runs them again.")
    var failures = "toystore-sim-failures.txt"

    @OptionGroup
    var world: WorldArguments

    func validate() throws {
        guard hours > 0, hours < 10_000 else { throw ValidationError("--hours: above 0 and below 10000, not \(hours)") }
        guard runs ?? 1 > 0 else { throw ValidationError("--runs: at least 1") }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        let failures = NamedFile(path: failures, argument: "--failures")
        try failures.checkThatItCanBeWritten()
        let first = firstSeed ?? .random(in: 0..<1 << 53)
        print("seeds from \(first) on")
        let progress = SoakProgress(firstSeed: first, runLimit: runs ?? .max, hours: hours)
        await withTaskGroup { group in
            for _ in 0..<jobs {
                group.addTask {
                    while let seed = progress.nextSeed() {
                        progress.add(Simulation(world.options(seed: seed)).run(), failures: failures)
                    }
                }
            }
        }
        print(progress.summary)
        if progress.hasFailed {
            throw ExitCode.failure
        }
    }
}
