import Machine
import Testing

@testable import Gossip

/// What is asked most often, against plainly correct oracles.
@Suite struct QueueTests {
    @Test func `news goes out in the order in which a plain sorted list would have it`() {
        struct Plain {
            let id: UInt64
            let byteCount: Int
            var sent: Int
            let number: Int
        }
        for seed in UInt64(1)...20 {
            var generator = SeededGenerator(seed: seed)
            var queue = UpdateQueue()
            var plain: [Plain] = []
            for step in 0..<600 {
                let id = generator.below(40)
                switch generator.below(4) {
                case 0, 1:
                    let update = PartsTests.update(id, metadata: Int(generator.below(400)))
                    queue.insert(update)
                    plain.removeAll { $0.id == id }
                    plain.append(Plain(id: id, byteCount: update.encodedByteCount, sent: 0, number: step))
                case 2:
                    var updates: [GossipUpdate] = []
                    var room = 300 + Int(generator.below(1100))
                    let (count, limit) = (1 + Int(generator.below(8)), 1 + Int(generator.below(5)))
                    let excluded = generator.below(40)
                    queue.take(
                        into: &updates, byteCount: room, countLimit: count, sentLimit: limit,
                        excluding: NodeID(high: 0, low: excluded))
                    plain.sort { $0.sent != $1.sent ? $0.sent < $1.sent : $0.number > $1.number }
                    var expected: [UInt64] = []
                    for index in plain.indices
                    where expected.count < count && plain[index].byteCount <= room && plain[index].id != excluded {
                        expected.append(plain[index].id)
                        room -= plain[index].byteCount
                        plain[index].sent += 1
                    }
                    plain.removeAll { expected.contains($0.id) && $0.sent >= limit }
                    #expect(updates.map(\.member.id.low) == expected, "seed \(seed), step \(step)")
                default:
                    if generator.chance(1, in: 4) {
                        queue.remove(NodeID(high: 0, low: id))
                        plain.removeAll { $0.id == id }
                    }
                }
                #expect(queue.count == plain.count, "seed \(seed), step \(step)")
                #expect(queue.contains(NodeID(high: 0, low: id)) == plain.contains { $0.id == id }, "seed \(seed)")
            }
        }
    }

    @Test func `an index of nodes holds what a dictionary would, also where all want the same place`() {
        for seed in UInt64(1)...20 {
            var generator = SeededGenerator(seed: seed)
            var index = NodeIndex()
            var dictionary: [NodeID: Int] = [:]
            for step in 0..<2000 {
                // Half of them have one hash: the two halves of an identity cancel each other out.
                let number = generator.below(60)
                let id = number < 30 ? NodeID(high: number, low: number) : NodeID(high: 0, low: number)
                if generator.chance(1, in: 2) {
                    index.set(step, for: id)
                    dictionary[id] = step
                } else {
                    #expect(index.remove(id) == dictionary.removeValue(forKey: id), "seed \(seed), step \(step)")
                }
                #expect(index.count == dictionary.count)
            }
            for number in UInt64(0)..<60 {
                for id in [NodeID(high: number, low: number), NodeID(high: 0, low: number)] {
                    #expect(index[id] == dictionary[id], "seed \(seed)")
                }
            }
        }
    }
}
