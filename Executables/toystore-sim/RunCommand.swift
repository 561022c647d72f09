import ArgumentParser
import Simulator

/// Runs one seed.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract:
            "Runs one seed: says that it passed, or which rule broke, with the story and the command to replay it.")

    @Option(help: "Decides everything that happens.")
    var seed: UInt64

    @Option(help: "The nodes at the beginning, 1 to 12.")
    var nodes = 5

    @Option(help: "Simulated minutes of load and faults.")
    var minutes: Int?

    @Option(help: "Simulated seconds of load and faults, in place of minutes.")
    var seconds: Int?

    @Option(help: "Classes of faults, as a,b,c; all; none. Without it about half of them are drawn.")
    var faults: String?

    @Flag(help: "Show what was met how often.")
    var marks = false

    func run() throws {
        var options = RunOptions(seed: seed)
        options.nodes = nodes
        options.seconds = seconds ?? (minutes ?? 1) * 60
        if let faults {
            guard let kinds = FaultOptions.kinds(named: faults) else {
                throw ValidationError("--faults: one of \(FaultKind.allCases.map(\.rawValue).joined(separator: ","))")
            }
            options.faults = kinds
            options.isEachFault = true
        }
        let clock = ContinuousClock()
        let began = clock.now
        let outcome = Simulation(options).run()
        let elapsed = began.duration(to: clock.now) / .seconds(1)
        print(outcome.report)
        print(
            "\(Int(outcome.seconds / elapsed)) simulated seconds in each, \(Int(Double(outcome.events) / elapsed)) events"
        )
        if marks {
            for mark in Mark.allCases {
                print("  \(mark): \(outcome.marks[mark])")
            }
        }
        if outcome.violation != nil {
            throw ExitCode.failure
        }
    }
}
