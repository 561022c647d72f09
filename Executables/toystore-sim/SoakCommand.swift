import ArgumentParser
import Glibc
import Simulator
import Synchronization

/// Runs one seed after another.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Runs fresh seeds for some time, and keeps those that break a rule.")

    @Option(help: "Real hours; parts of one too.")
    var hours = 1.0

    @Option(help: "Runs at a time, one thread each.")
    var jobs = 1

    @Option(help: "The first seed; drawn where there is none.")
    var firstSeed: UInt64?

    @Option(help: "Runs in all, if that is reached before the time is up.")
    var runs = Int.max

    @Option(help: "Where failing seeds are kept, one line each.")
    var failures = "toystore-sim-failures.txt"

    @OptionGroup
    var world: WorldArguments

    func validate() throws {
        guard hours > 0, hours < 10_000 else { throw ValidationError("--hours: above 0") }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        let progress = SoakProgress(firstSeed: firstSeed ?? .random(in: 0..<1 << 53), runLimit: runs, hours: hours)
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
