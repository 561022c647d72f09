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

    @Test(arguments: Exploration.scenarios)
    func `no order of few frames and one misfortune loses a write or issues a dot twice`(scenario: String) throws {
        // More of each takes the release build: `toystore-sim explore`.
        for options in [Self.options { $0.crashes = 1 }, Self.options { $0.amnesias = 1 }] {
            var exploration = try #require(Exploration(scenario, options))
            let result = try exploration.run()
            #expect(result.flaw == nil)
            #expect(!result.isCut && result.states > 10 && result.paths > 0)
        }
    }

    @Test func `an exploration is the same each time, and ends at its limit`() throws {
        var first = try #require(Exploration("writes", Self.options { _ in }))
        var second = try #require(Exploration("writes", Self.options { _ in }))
        let (one, other) = (try first.run(), try second.run())
        #expect(one.states == other.states && one.paths == other.paths)
        var short = try #require(Exploration("writes", Self.options { $0.stateLimit = 3 }))
        #expect(try short.run().isCut)
        #expect(Exploration("nothing") == nil)
    }
}
