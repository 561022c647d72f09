import Machine
import Simulator
import Testing

@testable import Causality

/// What makes it safe to merge copies in any order, any number of times.
@Suite struct MergeLawTests {
    /// The law that a triple breaks, or `nil`.
    static func brokenLaw(_ x: Object, _ y: Object, _ z: Object) -> String? {
        let both = x.merged(y)
        if x.merged(x) != x { return "idempotent" }
        if both != y.merged(x) { return "commutative" }
        if both.merged(z) != x.merged(y.merged(z)) { return "associative" }
        if both.merged(x) != both || both.merged(y) != both { return "absorbing" }
        if !both.covers(x) || !both.covers(y) { return "inflationary" }
        var contexts = x.context
        contexts.merge(y.context)
        if both.context != contexts { return "the context of the merge is the join of the contexts" }
        if (both == x) != x.covers(y) { return "covering means that merging changes nothing" }
        var changed = x
        if changed.merge(y) == x.covers(y) { return "merging says whether it changed anything" }
        if x.isSameState(as: y) != (x == y) { return "the same dots are the same state" }
        return both.brokenInvariant
    }

    @Test func `the laws hold for all states that three dots can make`() {
        let dots = [dot("a", 1), dot("a", 2), dot("b", 2)]
        // Each dot is unknown, known and replaced, or live.
        let objects = (0..<27).map { number in
            let states = [number % 3, number / 3 % 3, number / 9]
            return Object(
                context: CausalContext(zip(dots, states).filter { $1 > 0 }.map { $0.0 }),
                siblings: zip(dots, states).filter { $1 == 2 }.map {
                    Sibling(dot: $0.0, timestamp: .zero, content: .text("\($0.0)"))
                })
        }
        for x in objects {
            for y in objects {
                for z in objects {
                    if let law = Self.brokenLaw(x, y, z) {
                        Issue.record("\(law): \(x), \(y), \(z)")
                        return
                    }
                }
            }
        }
    }

    @Test func `the laws hold for states that clients and replicas reach`() throws {
        for seed in 0..<UInt64(runs(3_000)) {
            var generator = SeededGenerator(seed: seed)
            var world = CausalWorld(copies: 3, clients: 3)
            var states: [Object] = [Object()]
            for _ in 0..<16 {
                let copy = CausalRun.step(&world, &generator).copy
                states.append(world.copies[copy].object)
            }
            for _ in 0..<3 {
                let triple = (0..<3).map { _ in states[Int(generator.below(UInt64(states.count)))] }
                let law = Self.brokenLaw(triple[0], triple[1], triple[2])
                try #require(law == nil, "seed \(seed)")
            }
        }
    }
}
