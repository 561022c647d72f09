import Machine
import Simulator
import Testing

@testable import Causality

/// Contexts against what they stand for, sets of dots: all of them in a small world.
@Suite struct CausalContextTests {
    /// Counters 1...4 of one actor and 1...3 of another.
    static let universe = (1...4).map { dot("a", $0) } + (1...3).map { dot("b", $0) }

    static let sets: [Set<Dot>] = (0..<(1 << universe.count)).map { bits in
        Set(universe.indices.filter { bits >> $0 & 1 == 1 }.map { universe[$0] })
    }

    @Test func `a context holds exactly the dots that went in, in one form whatever their order`() {
        var generator = SeededGenerator(seed: 1)
        for set in Self.sets {
            let sorted = CausalContext(set.sorted())
            let shuffled = CausalContext(set.sorted().shuffled(using: &generator))
            #expect(sorted == shuffled)
            #expect(sorted.brokenInvariant == nil)
            #expect(Set(Self.universe.filter(sorted.contains)) == set)
            #expect(!sorted.contains(dot("c", 1)) && !sorted.contains(dot("a", 5)))
            for name: Character in ["a", "b", "c"] {
                let highest = set.filter { $0.actor == actor(name) }.map(\.counter).max() ?? 0
                #expect(sorted.highestCounter(of: actor(name)) == highest)
            }
            #expect(sorted.isEmpty == set.isEmpty)
        }
    }

    @Test func `inserting says whether the dot was new`() {
        for set in Self.sets {
            for dot in Self.universe {
                var context = CausalContext(set.sorted())
                #expect(context.insert(dot) == !set.contains(dot))
                #expect(context == CausalContext(set.union([dot]).sorted()))
            }
        }
    }

    @Test func `merging is the union, descending is the superset`() {
        let contexts = Self.sets.map { CausalContext($0.sorted()) }
        var wrong = 0
        for (left, leftSet) in zip(contexts, Self.sets) {
            for (right, rightSet) in zip(contexts, Self.sets) {
                var merged = left
                merged.merge(right)
                let isRight =
                    merged == CausalContext(leftSet.union(rightSet).sorted()) && merged.brokenInvariant == nil
                    && left.descends(from: right) == leftSet.isSuperset(of: rightSet)
                if !isRight {
                    wrong += 1
                    #expect(isRight, "\(left) and \(right) gave \(merged)")
                }
                if wrong > 10 {
                    return
                }
            }
        }
    }

    @Test func `after a put the client's context is what it sent and its own dot, with the gap in the cloud`() {
        let sent = CausalContext([dot("a", 1), dot("b", 1)])
        let after = WriteContext.seen(sent).following(dot("a", 4))
        #expect(after.vector == VersionVector([dot("a", 1), dot("b", 1)]))
        #expect(after.cloud == [dot("a", 4)])
        #expect(WriteContext.everythingHere.following(dot("a", 4)) == CausalContext([dot("a", 4)]))
    }
}
