import Machine
import Testing

@Suite struct BoundedQueueTests {
    @Test func `what goes in comes out in order, and what does not fit is refused`() {
        var queue = BoundedQueue<Int>(capacity: 3)
        #expect(queue.isEmpty && queue.first == nil)
        #expect(queue.popFirst() == nil)
        #expect((1...4).map { queue.append($0) } == [true, true, true, false])
        #expect(queue.isFull)
        #expect(queue.first == 1)
        #expect(queue.popFirst() == 1)
        #expect(queue.append(5) == true)
        #expect((0..<3).map { _ in queue.popFirst() } == [2, 3, 5])
        #expect(queue.isEmpty && !queue.isFull)
    }

    @Test func `an element that has left is let go at once`() {
        final class Payload {}
        var queue = BoundedQueue<Payload>(capacity: 4)
        weak var observed: Payload?
        do {
            let payload = Payload()
            observed = payload
            queue.append(payload)
        }
        #expect(observed != nil)
        _ = queue.popFirst()
        #expect(observed == nil)
    }

    @Test func `an optional element is an element even where it is nil`() {
        var queue = BoundedQueue<Int?>(capacity: 2)
        queue.append(nil)
        queue.append(1)
        #expect(queue.count == 2)
        #expect(queue.popFirst() == .some(nil))
        #expect(queue.popFirst() == .some(1))
        #expect(queue.popFirst() == .none)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `random operations do what an array does`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        // Every capacity up to 24, and larger ones: growth by doubling ends at the capacity in many ways.
        let capacity = seed < 24 ? Int(seed) + 1 : Int(generator.below(300)) + 25
        var queue = BoundedQueue<UInt64>(capacity: capacity)
        var oracle: [UInt64] = []
        // The chance to append drifts, so that the queue is full at times and empty at others.
        var appends: UInt64 = 50
        for step in 0..<1500 {
            if step % 100 == 0 {
                appends = generator.below(100)
            }
            if generator.chance(appends, in: 100) {
                let value = generator.next()
                #expect(queue.append(value) == (oracle.count < capacity), "seed \(seed), step \(step)")
                if oracle.count < capacity {
                    oracle.append(value)
                }
            } else {
                let expected = oracle.isEmpty ? nil : oracle.removeFirst()
                #expect(queue.popFirst() == expected, "seed \(seed), step \(step)")
            }
            #expect(queue.count == oracle.count, "seed \(seed), step \(step)")
            #expect(queue.first == oracle.first, "seed \(seed), step \(step)")
            #expect(queue.isEmpty == oracle.isEmpty && queue.isFull == (oracle.count == capacity))
        }
    }
}
