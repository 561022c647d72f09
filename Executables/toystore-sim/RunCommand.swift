import ArgumentParser
import Simulator

#if canImport(Glibc)
import Glibc
#endif

/// Runs one seed.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract:
            "Runs one seed: says that it passed, or which rule broke, with the story and the command to replay it.",
        discussion: "Ends with 1 where a rule broke.")

    @Option(parsing: .unconditional, help: "Decides everything that happens.", transform: Values.seed)
    var seed: UInt64

    @OptionGroup
    var world: WorldArguments

    @Option(help: "Write a line for everything that happens to this file.")
    var trace: String?

    @Flag(help: "Show what was met how often.")
    var marks = false

    func run() throws {
        var options = world.options(seed: seed)
        let file = try trace.map { try NamedFile(path: $0, argument: "--trace").opened() }
        // Written by the one thread of the run only.
        nonisolated(unsafe) let output = file
        if output != nil {
            options.tracer = { line in
                fputs(line + "\n", output)
            }
        }
        let clock = ContinuousClock()
        let began = clock.now
        let outcome = Simulation(options).run()
        let elapsed = began.duration(to: clock.now) / .seconds(1)
        var isTraceWhole = true
        if let output {
            isTraceWhole = ferror(output) == 0
            isTraceWhole = fclose(output) == 0 && isTraceWhole
        }
        print(outcome.report)
        print(
            "\(Int(outcome.seconds / elapsed)) simulated seconds and \(Int(Double(outcome.events) / elapsed)) events in each real one"
        )
        if marks {
            print(outcome.marks)
        }
        if let trace, !isTraceWhole {
            print("the trace in \(trace) is not whole: a write failed (is the disk full?)")
        }
        if outcome.violation != nil || !isTraceWhole {
            throw ExitCode.failure
        }
    }
}
