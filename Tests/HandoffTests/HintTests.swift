import Handoff
import Machine
import Ring
import Testing

@Suite struct HintTests {
    private let epoch = RingEpoch(measure: 1, digest: 0)
    private let hints = [
        HintEntry(key: ByteBuffer(integer: UInt64(1)), token: 1, sequence: 7),
        HintEntry(key: ByteBuffer(integer: UInt64(2)), token: 2, sequence: 8),
    ]

    private func bench() -> Bench<HintDelivery> { Bench(machine: HintDelivery(seed: 1)) }

    private func scan(_ number: UInt64) -> HintDelivery.Effect {
        .scanHints(node(2), after: nil, limit: 1024, ticket(number))
    }

    @Test("A hint goes when its owner has confirmed that it is on disk, in exactly the sequence that was read")
    func deliver() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [1, 2], holders: [1, 2], unreachable: [2])))
        #expect(bench.tell(.hintAdded(node(2))).isEmpty)
        #expect(bench.tell(.viewChanged(view(owners: [1, 2], holders: [1, 2]))) == [scan(1)])
        #expect(
            bench.tell(.hints(ticket(1), hints, next: nil))
                == [.load(hints, byteLimit: HandoffLimits.batchBytes, ticket(2))])
        #expect(
            bench.tell(.transfer(.loaded(ticket(2), [.found(entry(1)), .gone], byteCount: 9)))
                == [.transfer(.send(.deliver(entries: [entry(1)], epoch: epoch), to: node(2), ticket(3)))])
        #expect(
            bench.tell(.transfer(.answered(ticket(3), .delivered))) == [.dropHints(node(2), hints, ticket(4))])
        #expect(bench.tell(.dropped(ticket(4))).isEmpty)
        #expect(bench.machine.pending.isEmpty)
    }

    @Test("No answer but delivered lets a hint go")
    func otherAnswers() {
        for answer in [HandoffResponse.busy, .failed, .wanted([]), .wrongEpoch(.zero)] {
            let bench = bench()
            _ = bench.tell(.viewChanged(view(owners: [1, 2], holders: [1, 2])))
            _ = bench.tell(.hintAdded(node(2)))
            _ = bench.tell(.hints(ticket(1), hints, next: nil))
            _ = bench.tell(.transfer(.loaded(ticket(2), hints.map { .found(entry($0.token)) }, byteCount: 9)))
            let effects = bench.tell(.transfer(.answered(ticket(3), answer)))
            #expect(effects == (answer == .wrongEpoch(.zero) ? [.transfer(.synchronise(with: node(2)))] : []))
            #expect(bench.wait() == [scan(4)])
            #expect(bench.now > .zero)
        }
    }

    @Test("Hints for who is gone, or has nothing to do with the key any more, are dropped undelivered")
    func orphans() {
        for changed in [
            view(owners: [1, 3], holders: [1, 3]), view(owners: [1, 3], holders: [1], members: 3...6),
        ] {
            let bench = bench()
            _ = bench.tell(.viewChanged(changed))
            #expect(bench.tell(.hintAdded(node(2))) == [scan(1)])
            #expect(bench.tell(.hints(ticket(1), hints, next: nil)) == [.dropHints(node(2), hints, ticket(2))])
        }
        // Who holds the key yet may own it again without acquiring it: the hint stays.
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [1, 3], holders: [1, 2])))
        _ = bench.tell(.hintAdded(node(2)))
        #expect(bench.tell(.hints(ticket(1), hints, next: nil)).isEmpty)
        #expect(bench.machine.pending == [node(2)])
    }

    @Test("A hint that is added behind the lap's back has a lap of its own, and a newer one outlives the older's drop")
    func news() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [1, 2], holders: [1, 2])))
        _ = bench.tell(.hintAdded(node(2)))
        #expect(bench.tell(.hintAdded(node(2))).isEmpty)
        #expect(bench.tell(.hints(ticket(1), [], next: nil)) == [scan(2)])
        #expect(bench.tell(.hints(ticket(2), [], next: nil)).isEmpty)
        #expect(bench.machine.pending.isEmpty)
    }

    @Test("A marked range is walked as a whole, and unmarked when all of it is confirmed, but for a later mark")
    func marks() {
        let bench = bench()
        let mark = RangeMark(owner: node(2), partition: PartitionID(index: 0), generation: 3)
        let later = RangeMark(owner: node(2), partition: PartitionID(index: 0), generation: 4)
        _ = bench.tell(.viewChanged(view(owners: [1, 2], holders: [1, 2])))
        #expect(
            bench.tell(.rangeMarked(mark))
                == [.transfer(.scan(PartitionID(index: 0), from: 0, limit: 1024, ticket(1)))])
        let entries = [OfferRequest.Entry(token: 1, hash: 1)]
        _ = bench.tell(.transfer(.scanned(ticket(1), entries, next: nil)))
        #expect(bench.tell(.rangeMarked(later)).isEmpty)
        #expect(
            bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
                == [.unmark(mark), .transfer(.scan(PartitionID(index: 0), from: 0, limit: 1024, ticket(3)))])
        #expect(bench.tell(.transfer(.scanned(ticket(3), [], next: nil))) == [.unmark(later)])
        #expect(bench.machine.pending.isEmpty)
    }
}
