import ArgumentParser
import Glibc
import Simulator

/// Makes a failing run small.
struct ShrinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shrink",
        abstract:
            "Leaves faults and requests out of a failing run while it breaks the same rule, and prints its command.",
        discussion: """
            Takes the options of the run that failed. Prints a line with what was left out for each smaller run that fails \
            alike, and the story of the smallest with its whole command. Ends with 1 where the run passes, so that \
            there is nothing to leave out.
            """)

    @Option(parsing: .unconditional, help: "The seed of the run that fails.", transform: Values.seed)
    var seed: UInt64

    @OptionGroup
    var world: WorldArguments

    @Option(parsing: .unconditional, help: "Runs to try at most.")
    var attempts = 2000

    func validate() throws {
        guard attempts > 0 else { throw ValidationError("--attempts: at least 1") }
    }

    func run() throws {
        let outcome = Simulation(world.options(seed: seed)).run()
        let began = Shrinker(outcome, attemptLimit: attempts) {
            Simulation($0).run()
        } report: { smaller, leftOut in
            print("  \(Int(smaller.seconds)) simulated seconds without \(leftOut)")
            fflush(nil)
        }
        guard var shrinker = began else {
            print(outcome.report)
            print("nothing to shrink: this run breaks no rule. Are these the options of the one that failed?")
            throw ExitCode.failure
        }
        let before = shrinker.size
        shrinker.shrink()
        print(shrinker.smallest.report)
        print("\(shrinker.size) of \(before) faults and turns are left after \(shrinker.attempts) runs")
    }
}
