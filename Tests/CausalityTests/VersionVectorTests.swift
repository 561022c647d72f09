import Machine
import Simulator
import Testing

@testable import Causality

@Suite struct VersionVectorTests {
    /// Every vector with counters 0...2 of three actors.
    static let all: [VersionVector] = (0..<27).map { number in
        let counters = [number % 3, number / 3 % 3, number / 9]
        return VersionVector(zip("abc", counters).map { dot($0, UInt64($1)) })
    }

    static func counters(_ vector: VersionVector) -> [UInt64] { "abc".map { vector[actor($0)] } }

    @Test func `merging takes the greater counter of each actor, dominating means that none is greater`() {
        for left in Self.all {
            for right in Self.all {
                let pairs = zip(Self.counters(left), Self.counters(right))
                var merged = left
                merged.merge(right)
                #expect(Self.counters(merged) == pairs.map { max($0, $1) })
                #expect(merged == VersionVector(left.entries + right.entries))
                #expect(CausalContext(merged).brokenInvariant == nil)
                #expect(left.dominates(right) == pairs.allSatisfy { $0 >= $1 })
            }
        }
    }

    @Test func `a vector holds the dots up to each counter, and none of other actors`() {
        let vector = VersionVector([dot("b", 2)])
        #expect(vector.contains(dot("b", 1)) && vector.contains(dot("b", 2)))
        #expect(!vector.contains(dot("b", 3)) && !vector.contains(dot("a", 1)) && !vector.contains(dot("c", 1)))
        #expect(vector[actor("b", epoch: 2)] == 0)
        #expect(VersionVector([dot("b", 0)]).isEmpty)
    }
}
