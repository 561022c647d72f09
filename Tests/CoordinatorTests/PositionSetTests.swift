import Coordinator
import Machine
import Testing

@Suite struct PositionSetTests {
    @Test func `a position set agrees with a set of numbers in every operation`() {
        let seed: UInt64 = 7
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let left = Set((0..<generator.below(20)).map { _ in Int(generator.below(64)) })
            let right = Set((0..<generator.below(20)).map { _ in Int(generator.below(64)) })
            let (first, second) = (positions(left), positions(right))
            #expect(Array(first | second) == left.union(right).sorted(), "seed \(seed)")
            #expect(Array(first & second) == left.intersection(right).sorted(), "seed \(seed)")
            #expect(Array(first - second) == left.subtracting(right).sorted(), "seed \(seed)")
            #expect(first.count == left.count && first.isEmpty == left.isEmpty && first.first == left.min())
            #expect((-2..<70).allSatisfy { first.contains($0) == left.contains($0) })
        }
    }

    @Test func `positions are inserted, removed and taken out from the lowest`() {
        var set: PositionSet = [0, 5, 63]
        set.insert(5)
        set.remove(0)
        set.remove(1)
        #expect(set == [5, 63])
        #expect(set.popFirst() == 5)
        #expect(set.popFirst() == 63)
        #expect(set.popFirst() == nil)
        #expect(set.isEmpty)
    }

    @Test func `the first positions go up to a whole word`() {
        #expect(PositionSet(first: 0).isEmpty)
        #expect(PositionSet(first: 3) == [0, 1, 2])
        #expect(PositionSet(first: 64).count == PositionSet.capacity)
        #expect([0, 2].description == "[0, 2]" && PositionSet([0, 2]).description == "{0, 2}")
    }

    private func positions(_ numbers: Set<Int>) -> PositionSet {
        var set = PositionSet()
        for number in numbers {
            set.insert(number)
        }
        return set
    }
}

extension PositionSet {
    /// The set of some positions.
    init(_ positions: [Int]) {
        self.init()
        for position in positions {
            insert(position)
        }
    }
}
