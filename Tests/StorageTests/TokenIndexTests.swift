import Machine
import Testing

@testable import Storage

@Suite("The index")
struct TokenIndexTests {
    private func slot(_ sequence: UInt64) -> Slot {
        Slot(hash: sequence &* 31, sequence: sequence, segment: 3, offset: 64, byteCount: 80, oldest: 2)
    }

    private func entries(of index: borrowing TokenIndex) -> [ScanCursor] {
        var entries: [ScanCursor] = []
        index.walk(from: 0, after: nil, through: .max) { token, slot in
            entries.append(ScanCursor(token: token, sequence: slot.sequence))
            return true
        }
        return entries
    }

    @Test("random inserts and removals equal a sorted array", arguments: [0, 3, 40] as [UInt64])
    func model(bits: UInt64) {
        // Few bits make long runs of equal tokens.
        var generator = SeededGenerator(seed: 9 + bits)
        var index = TokenIndex()
        var model: Set<ScanCursor> = []
        var oldest: [ScanCursor] = []
        for sequence in 1...3000 as ClosedRange<UInt64> {
            if generator.chance(2, in: 3) || sequence < 1000 {
                let token = generator.next() & (UInt64(1) << bits - 1)
                index.insert(token, slot(sequence))
                model.insert(ScanCursor(token: token, sequence: sequence))
            } else if let some = oldest.popLast() {
                #expect(index.remove(some.token, sequence: some.sequence) != nil)
                model.remove(some)
            }
            if oldest.isEmpty { oldest = model.sorted { $0.sequence > $1.sequence }.suffix(100) }
        }
        var sorted = model.sorted { ($0.token, $0.sequence) < ($1.token, $1.sequence) }
        #expect(entries(of: index) == sorted)
        #expect(index.usage == SpaceUsage(records: sorted.count, bytes: sorted.count * 80))
        #expect(sorted.allSatisfy { index.slot(of: $0.token, sequence: $0.sequence)?.sequence == $0.sequence })
        #expect(index.slot(of: 1, sequence: 0) == nil)
        // Down to nothing, from the middle.
        while !sorted.isEmpty {
            let some = sorted.remove(at: sorted.count / 2)
            index.remove(some.token, sequence: some.sequence)
            if sorted.count % 500 == 0 { #expect(entries(of: index) == sorted) }
        }
        #expect(index.usage == SpaceUsage())
    }

    @Test("entries in order fill the leaves, and entries out of order waste little")
    func memory() {
        var generator = SeededGenerator(seed: 4)
        var random = TokenIndex()
        var sorted = TokenIndex()
        for sequence in 1...20_000 as ClosedRange<UInt64> {
            random.insert(generator.next(), slot(sequence))
            sorted.insert(sequence << 40, slot(sequence))
        }
        func bytes(_ index: borrowing TokenIndex) -> Double {
            var bytes = 0
            for branch in index.branches {
                for leaf in branch.leaves {
                    bytes += leaf.tokens.capacity * 8 + leaf.slots.capacity * MemoryLayout<Slot>.stride + 64
                }
            }
            return Double(bytes) / 20_000
        }
        #expect(MemoryLayout<Slot>.stride == 28)
        #expect(bytes(random) < 42)
        #expect(bytes(sorted) < 38)
    }

    @Test("a slot keeps what it was given, to the ends of its fields")
    func slots() {
        let largest = Slot(
            hash: .max, sequence: Slot.sequenceLimit - 1, segment: .max, offset: 1 << 30, byteCount: 257 << 20,
            oldest: .max - 5)
        #expect(largest.hash == .max && largest.sequence == Slot.sequenceLimit - 1 && largest.segment == .max)
        #expect(largest.offset == 1 << 30 && largest.byteCount == 257 << 20 && largest.oldest == .max - 5)
        #expect(!largest.isDrop)
        let far = Slot(hash: 0, sequence: 1, segment: 100_000, offset: 64, byteCount: 56, oldest: 2)
        #expect(far.oldest == 0, "too far to say: any")
        let drop = Slot(dropWritten: 90_000, oldest: 2, sequence: 1, segment: 100_000, offset: 64, byteCount: 56)
        #expect(drop.isDrop && drop.oldest == 2 && drop.written == 90_000 && drop.byteCount == 56)
    }
}
