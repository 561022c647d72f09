import ArgumentParser
import Glibc
import Simulator

/// Tries everything in the smallest cluster.
struct ExploreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explore",
        abstract: "Tries every order in which few things can happen to three nodes, one key and two clients.",
        discussion: """
            The nodes are those of production, without gossip. What the options allow happens in every order; what is left \
            after that happens in turn, and the key is read from all owners. Prints the number of different states, or the \
            way to the first flaw, and ends with 1 where there is one. With the defaults that takes minutes and up to 1 GB.
            """)

    @Option(help: "What the clients do: \(Exploration.scenarios.joined(separator: ", ")); or all.")
    var scenario = "all"

    @Option(parsing: .unconditional, help: "Frames that arrive in any order.")
    var deliveries = 8

    @Option(parsing: .unconditional, help: "Power cuts: what was not synced is lost.")
    var crashes = 1

    @Option(parsing: .unconditional, help: "Power cuts after which a node has none of its objects.")
    var amnesias = 1

    @Option(parsing: .unconditional, help: "Times that a node is cut off from the others.")
    var partitions = 1

    @Option(parsing: .unconditional, help: "Times that coordinators lose their patience.")
    var patience = 0

    @Option(parsing: .unconditional, help: "The most states to look at in each scenario; each takes up to 45 bytes.")
    var states = 100_000_000

    @Option(parsing: .unconditional, help: "Threads; the states are the same for any number of them.")
    var jobs = 1

    @Flag(
        help:
            "Tell states of a node with different pasts apart, even where they go on alike: to check that it makes no difference."
    )
    var pastsApart = false

    func validate() throws {
        guard (0...200).contains(deliveries) else { throw ValidationError("--deliveries: 0 to 200") }
        for (name, count) in [
            ("crashes", crashes), ("amnesias", amnesias), ("partitions", partitions), ("patience", patience),
        ] where !(0...3).contains(count) {
            throw ValidationError("--\(name): 0 to 3")
        }
        guard states > 0 else { throw ValidationError("--states: at least 1") }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        var options = Exploration.Options()
        options.deliveries = deliveries
        options.crashes = crashes
        options.amnesias = amnesias
        options.partitions = partitions
        options.patience = patience
        options.stateLimit = states
        options.jobs = jobs
        options.tellsPastsApart = pastsApart
        var isFlawed = false
        for name in scenario == "all" ? Exploration.scenarios : [scenario] {
            guard let exploration = Exploration(name, options) else {
                throw ValidationError("--scenario: \(name) is none of \(Exploration.scenarios.joined(separator: ", "))")
            }
            let clock = ContinuousClock()
            let began = clock.now
            let result = try await exploration.run { result in
                print("  \(name): \(result.states) states and \(result.ends) ends so far")
                fflush(nil)
            }
            let seconds = Double(Int(began.duration(to: clock.now) / .milliseconds(100))) / 10
            print(
                "\(name): \(result.states) states"
                    + (result.isCut ? ", and there are more" : ", all of them")
                    + "; \(result.steps) steps, \(result.ends) ends, \(result.histories) histories, "
                    + "\(result.nodeStates) states of nodes, \(result.nodeEvents) events; \(seconds) s"
                    + (result.flaw != nil ? "" : result.isCut ? "; no flaw so far" : "; no flaw"))
            if let flaw = result.flaw {
                isFlawed = true
                print("\(name): \(flaw)")
            }
            fflush(nil)
        }
        if isFlawed {
            throw ExitCode.failure
        }
    }
}
