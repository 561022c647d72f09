import Machine
import Testing

@testable import Causality

/// What the papers on dotted version vector sets show, held to the letter.
@Suite struct DottedVersionVectorSetTests {
    @Test func `a client that writes blindly twice in a row makes siblings, as in the paper's example`() {
        var copy = Object()
        copy.write("v1", seeing: .seen(CausalContext()), as: "a")
        #expect(copy == Object([("a", 1, ["v1"])]))

        copy.write("v2", seeing: .seen(CausalContext()), as: "a")
        #expect(copy == Object([("a", 2, ["v2", "v1"])]))

        copy.write("v3", seeing: .seen(CausalContext([dot("a", 1)])), as: "a")
        #expect(copy == Object([("a", 3, ["v3", "v2"])]))
    }

    @Test func `a copy without values takes away what it knows to be replaced, and no more`() {
        let older = Object([("a", 1, [])])
        let newer = Object([("a", 2, ["v2", "v1"])])
        #expect(older.merged(newer) == Object([("a", 2, ["v2"])]))
        #expect(newer.merged(older) == Object([("a", 2, ["v2"])]))
    }

    @Test func `two replicas that wrote concurrently keep both values, and a write that saw both replaces both`() {
        let left = Object([("a", 1, ["left"])])
        let right = Object([("b", 1, ["right"])])
        var both = left.merged(right)
        #expect(both == Object([("a", 1, ["left"]), ("b", 1, ["right"])]))
        both.write("joined", seeing: .seen(both.context), as: "b")
        #expect(both == Object([("a", 1, []), ("b", 2, ["joined"])]))
        #expect(left.merged(both) == both)
        #expect(right.merged(both) == both)
    }

    @Test func `a hundred interleaved writes of two clients, each with its own last context, leave two siblings`() {
        var copy = Object()
        var contexts = [CausalContext(), CausalContext()]
        for turn in 0..<100 {
            let seen = WriteContext.seen(contexts[turn % 2])
            let dot = copy.write("\(turn)", seeing: seen, as: "a")
            contexts[turn % 2] = seen.following(dot)
        }
        #expect(copy.values == ["98", "99"])
        #expect(copy.context == CausalContext([dot("a", 100)] + (1..<100).map { dot("a", $0) }))
        #expect(copy.context.cloud.isEmpty)
    }
}
