import Machine
import Testing

@Suite struct DeadlineQueueTests {
    private static func at(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

    @Test func `an empty queue has no deadline and nothing expires`() {
        var queue = DeadlineQueue()
        #expect(queue.earliest == nil)
        #expect(queue.count == 0)
        #expect(queue.popExpired(at: .distantFuture) == nil)
        #expect(queue.deadline(of: 3) == nil)
        queue.remove(3)
        #expect(queue.count == 0)
    }

    @Test func `a deadline expires at its instant and not before`() {
        var queue = DeadlineQueue()
        queue.set(Self.at(10), for: 0)
        #expect(queue.popExpired(at: Self.at(9)) == nil)
        #expect(queue.popExpired(at: Self.at(10)) == 0)
        #expect(queue.popExpired(at: Self.at(10)) == nil)
    }

    @Test func `equal deadlines come out in the order of their names, however they went in`() {
        for rotation in 0..<7 {
            var queue = DeadlineQueue()
            for offset in 0..<7 {
                queue.set(Self.at(5), for: UInt32((offset * 3 + rotation) % 7))
            }
            var names: [UInt32] = []
            while let name = queue.popExpired(at: Self.at(5)) {
                names.append(name)
            }
            #expect(names == [0, 1, 2, 3, 4, 5, 6])
        }
    }

    @Test func `a deadline that is set again moves, sooner or later`() {
        var queue = DeadlineQueue()
        for name in 0..<10 as Range<UInt32> {
            queue.set(Self.at(Int64(name) + 10), for: name)
        }
        queue.set(Self.at(1), for: 9)
        #expect(queue.earliest == Self.at(1))
        queue.set(Self.at(100), for: 9)
        #expect(queue.earliest == Self.at(10))
        #expect(queue.deadline(of: 9) == Self.at(100))
        #expect(queue.count == 10)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random operations do what a dictionary and a search for the least do`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = DeadlineQueue()
        var oracle: [UInt32: Instant] = [:]
        let names = generator.below(60) + 1
        // Few different instants in half of the runs, so that equal deadlines are common.
        let instants = generator.chance(1, in: 2) ? 8 : UInt64(1_000_000)

        func least() -> (name: UInt32, deadline: Instant)? {
            oracle.map { (name: $0.key, deadline: $0.value) }.min { ($0.deadline, $0.name) < ($1.deadline, $1.name) }
        }

        for step in 0..<1000 {
            let name = UInt32(generator.below(names))
            let instant = Instant(nanoseconds: Int64(generator.below(instants)))
            switch generator.below(6) {
            case 0, 1, 2:
                queue.set(instant, for: name)
                oracle[name] = instant
            case 3:
                queue.remove(name)
                oracle[name] = nil
            case 4:
                let expected = least().flatMap { $0.deadline <= instant ? $0.name : nil }
                #expect(queue.popExpired(at: instant) == expected, "seed \(seed), step \(step)")
                if let expected {
                    oracle[expected] = nil
                }
            default:
                #expect(queue.deadline(of: name) == oracle[name], "seed \(seed), step \(step)")
            }
            #expect(queue.count == oracle.count, "seed \(seed), step \(step)")
            #expect(queue.earliest == least()?.deadline, "seed \(seed), step \(step)")
        }
        while let expected = least() {
            #expect(queue.popExpired(at: .distantFuture) == expected.name, "seed \(seed), emptying")
            oracle[expected.name] = nil
        }
        #expect(queue.earliest == nil)
    }
}
