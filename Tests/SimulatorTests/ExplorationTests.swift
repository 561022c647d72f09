import Simulator
import Testing

/// Every order in which few things can happen to the smallest cluster.
@Suite struct ExplorationTests {
    private static func options(_ change: (inout Exploration.Options) -> Void) -> Exploration.Options {
        var options = Exploration.Options()
        (options.deliveries, options.crashes) = (0, 0)
        change(&options)
        return options
    }

    private static func run(
        _ scenario: String, _ change: (inout Exploration.Options) -> Void
    ) async throws -> Exploration.Result {
        let exploration = try #require(Exploration(scenario, options(change)))
        return try await exploration.run()
    }

    @Test(arguments: Exploration.scenarios)
    func `no order of few frames and one misfortune loses a write or issues a dot twice`(
        scenario: String
    ) async throws {
        // More of each takes the release build: `toystore-sim explore`.
        let results = [
            try await Self.run(scenario) { ($0.deliveries, $0.crashes) = (1, 1) },
            try await Self.run(scenario) { ($0.deliveries, $0.amnesias) = (1, 1) },
            try await Self.run(scenario) { $0.partitions = 1 },
            try await Self.run(scenario) { ($0.deliveries, $0.patience) = (1, 1) },
        ]
        for result in results {
            #expect(result.flaw == nil)
            #expect(!result.isCut && result.states > 10 && result.ends > 0)
        }
    }

    @Test(arguments: ["read-write", "delete"])
    func `clients see the same where states of a node with different pasts count as two`(scenario: String) async throws
    {
        let one = try await Self.run(scenario) { ($0.deliveries, $0.crashes) = (1, 1) }
        let two = try await Self.run(scenario) {
            ($0.deliveries, $0.crashes, $0.tellsPastsApart) = (1, 1, true)
        }
        #expect(one.states < two.states && one.nodeStates < two.nodeStates)
        #expect(one.histories == two.histories && two.flaw == nil)
    }

    @Test func `an exploration finds what is wrong, and says the way there`() async throws {
        let result = try await Self.run("delete") {
            ($0.deliveries, $0.amnesias, $0.remembersEpochs) = (2, 1, false)
        }
        let flaw = try #require(result.flaw)
        #expect(flaw.contains("was acknowledged and is lost") && flaw.contains("loses power and all objects"))
        #expect(flaw.split(separator: "\n").count <= 8)
    }

    @Test func `an exploration is the same for any number of jobs, and ends at its limit`() async throws {
        let one = try await Self.run("delete") { ($0.deliveries, $0.crashes) = (1, 1) }
        let other = try await Self.run("delete") { ($0.deliveries, $0.crashes, $0.jobs) = (1, 1, 2) }
        #expect(one.states == other.states && one.ends == other.ends && one.histories == other.histories)
        let short = try await Self.run("delete") { $0.stateLimit = 3 }
        #expect(short.isCut && short.states < one.states)
        #expect(Exploration("nothing") == nil)
    }
}
