import Machine
import Testing

@testable import Causality

@Suite struct EpochTests {
    @Test func `epochs come from a durable block only, and the next is asked for when half is used`() {
        var epochs = EpochAllocator(blockSize: 4)
        #expect(epochs.allocate() == nil)
        #expect(epochs.reservation() == 5)
        #expect(epochs.reservation() == nil)
        #expect(epochs.allocate() == nil)
        epochs.reserved(upTo: 5)
        #expect(epochs.available == 4)
        #expect(epochs.allocate() == 1)
        #expect(epochs.reservation() == nil)
        #expect(epochs.allocate() == 2)
        #expect(epochs.reservation() == 9)
        #expect(epochs.allocate() == 3 && epochs.allocate() == 4)
        #expect(epochs.allocate() == nil)
        epochs.reservationFailed()
        #expect(epochs.reservation() == 9)
        epochs.reserved(upTo: 9)
        #expect(epochs.allocate() == 5)
    }

    @Test func `whenever a run stops, the next goes on behind all that it used`() {
        for seed in 0..<UInt64(300) {
            var generator = SeededGenerator(seed: seed)
            var durable: UInt64 = 1
            var highest: UInt64 = 0
            for _ in 0..<6 {
                var epochs = EpochAllocator(resumingAt: durable, blockSize: 1 + generator.below(9))
                #expect(epochs.firstOfThisRun > highest)
                for _ in 0..<generator.below(40) {
                    if let bound = epochs.reservation() {
                        // Persisting may fail, with or without an effect.
                        let isPersisted = generator.chance(2, in: 3)
                        if isPersisted || generator.chance(1, in: 2) {
                            durable = bound
                        }
                        if isPersisted {
                            epochs.reserved(upTo: bound)
                        } else {
                            epochs.reservationFailed()
                        }
                    }
                    if let epoch = epochs.allocate() {
                        #expect(epoch > highest && epoch < durable, "seed \(seed)")
                        highest = epoch
                    }
                }
            }
        }
    }

    @Test func `epochs that a context already claims to know are passed over`() {
        var epochs = EpochAllocator(blockSize: 8)
        epochs.reserved(upTo: 5)
        let forged = CausalContext([
            Dot(actor: actor("a", epoch: 1), counter: Dot.counterLimit), Dot(actor: actor("a", epoch: 2), counter: 1),
            Dot(actor: actor("b", epoch: 3), counter: 1),
        ])
        #expect(epochs.allocate(of: actor("a").node, unknownTo: forged) == 3)
        #expect(epochs.allocate(of: actor("a").node, unknownTo: forged) == 4)
        #expect(epochs.allocate(of: actor("a").node, unknownTo: forged) == nil)
    }

    @Test func `at the end of all epochs there are none, and no trap`() {
        var epochs = EpochAllocator(resumingAt: .max, blockSize: 4)
        #expect(epochs.reservation() == nil)
        #expect(epochs.allocate() == nil)
        #expect(EpochAllocator(resumingAt: 0).firstOfThisRun == 1)
    }

    @Test func `a record keeps its epoch only while nothing hints at a loss`() {
        let node = actor("a").node
        let known = CausalContext([dot("a", 1), dot("a", 2)])
        func epoch(
            over local: (context: CausalContext, epoch: UInt64)?, floor: UInt64 = 1,
            incoming: CausalContext = CausalContext()
        ) -> KeyEpoch {
            KeyEpoch.forStore(by: node, over: local, floor: floor, incoming: incoming)
        }
        #expect(epoch(over: (known, 1)) == .keep(1))
        #expect(epoch(over: (known, 1), incoming: known) == .keep(1))
        #expect(epoch(over: (known, 1), incoming: CausalContext([dot("b", 9)])) == .keep(1))
        #expect(epoch(over: (known, 5), incoming: CausalContext([dot("a", 9)])) == .keep(5))
        #expect(epoch(over: nil) == .fresh)
        #expect(epoch(over: (known, 1), floor: 2) == .fresh)
        #expect(epoch(over: (known, 0), floor: 0) == .fresh)
        #expect(epoch(over: (known, 1), incoming: CausalContext([dot("a", 3)])) == .fresh)
        #expect(epoch(over: (known, 1), incoming: CausalContext([dot("a", 9)])) == .fresh)
        let full = CausalContext(VersionVector([dot("a", Dot.counterLimit)]))
        #expect(epoch(over: (full, 1)) == .fresh)

        let object = Object([("a", 2, ["value"])])
        #expect(!object.needsFreshEpoch(for: actor("a"), incoming: known))
        #expect(object.needsFreshEpoch(for: actor("a"), incoming: CausalContext([dot("a", 3)])))
        #expect(!object.needsFreshEpoch(for: actor("a", epoch: 2), incoming: CausalContext([dot("a", 3)])))
    }
}
