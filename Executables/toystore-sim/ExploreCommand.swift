import ArgumentParser
import Simulator

/// Tries everything in the smallest cluster.
struct ExploreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explore",
        abstract: "Tries every order in which few things can happen to three nodes, one key and two clients.",
        discussion: """
            The nodes are those of production, without gossip. What the options allow happens in every order; what is left \
            after that happens in turn, and the key is read from all owners. Prints the number of different states, or the \
            way to the first flaw.
            """)

    @Option(help: "What the clients do: \(Exploration.scenarios.joined(separator: ", ")); or all.")
    var scenario = "all"

    @Option(help: "Frames that arrive in any order.")
    var deliveries = 8

    @Option(help: "Power cuts: what was not synced is lost.")
    var crashes = 1

    @Option(help: "Power cuts after which a node has none of its objects.")
    var amnesias = 0

    @Option(help: "Times that a node is cut off from the others.")
    var partitions = 0

    @Option(help: "Times that coordinators lose their patience.")
    var patience = 0

    @Option(help: "The most states to look at in each scenario.")
    var states = 1_000_000

    func run() throws {
        var options = Exploration.Options()
        options.deliveries = deliveries
        options.crashes = crashes
        options.amnesias = amnesias
        options.partitions = partitions
        options.patience = patience
        options.stateLimit = states
        var isFlawed = false
        for name in scenario == "all" ? Exploration.scenarios : [scenario] {
            guard var exploration = Exploration(name, options) else {
                throw ValidationError("--scenario: \(name) is none of \(Exploration.scenarios.joined(separator: ", "))")
            }
            let clock = ContinuousClock()
            let began = clock.now
            let result = try exploration.run { print("  \(name): \($0.states) states so far") }
            let seconds = Int(began.duration(to: clock.now) / .seconds(1))
            print(
                "\(name): \(result.states) states in \(seconds) s"
                    + (result.isCut ? ", and there are more" : ", all of them")
                    + (result.flaw == nil ? ", no flaw" : ""))
            if let flaw = result.flaw {
                isFlawed = true
                print("\(name): \(flaw)")
            }
        }
        if isFlawed {
            throw ExitCode.failure
        }
    }
}
