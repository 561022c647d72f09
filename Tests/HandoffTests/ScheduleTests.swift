import Handoff
import Machine
import Ring
import Testing

/// Every event in every state that random schedules reach, late and foreign tickets included: no trap, no timer in the
/// past that stays there, and the same effects for the same seed.
@Suite struct ScheduleTests {
    private func randomView(_ generator: inout SeededGenerator) -> HandoffView {
        func some(_ generator: inout SeededGenerator) -> [UInt64] {
            (1...5).filter { _ in generator.chance(1, in: 2) }
        }
        return view(
            owners: some(&generator), holders: some(&generator), unreachable: Set(some(&generator)),
            members: 1...(generator.chance(1, in: 8) ? 3 : 5))
    }

    private func randomResponse(_ generator: inout SeededGenerator) -> HandoffResponse {
        switch generator.below(7) {
        case 0: .wanted((0..<Int(generator.below(3))).map { _ in Int(generator.below(4)) - 1 })
        case 1: .wrongEpoch(.zero)
        case 2: .busy
        case 3: .failed
        case 4: .delivered
        default:
            batch(
                generator.chance(1, in: 2) ? [3] : [], next: generator.chance(1, in: 2) ? nil : generator.next() >> 1,
                refused: generator.chance(1, in: 4) ? partitions(0, 1) : partitions())
        }
    }

    private func randomTransfer(_ generator: inout SeededGenerator, _ ticket: HandoffTicket) -> TransferEvent {
        switch generator.below(4) {
        case 0:
            .scanned(
                ticket, (0..<generator.below(3)).map { OfferRequest.Entry(token: $0, hash: $0) },
                next: generator.chance(1, in: 2) ? nil : generator.next() >> 2)
        case 1:
            .loaded(
                ticket, (0..<generator.below(3)).map { [.found(entry($0)), .gone, .unreadable][Int($0)] }, byteCount: 9)
        case 2: .answered(ticket, randomResponse(&generator))
        default: .failed(ticket)
        }
    }

    /// Runs a machine on random events and gives all its effects as text.
    private func run<Subject: StateMachine>(
        _ subject: Subject, seed: UInt64, _ event: (inout SeededGenerator, HandoffTicket) -> Subject.Event
    ) -> String {
        var generator = SeededGenerator(seed: seed)
        let bench = Bench(machine: subject)
        var trace = ""
        var recent: UInt64 = 1
        for _ in 0..<150 {
            let name = ticket(recent + 3 - min(generator.below(8), recent + 3))
            let effects = bench.tell(event(&generator, name))
            recent += UInt64(effects.count)
            trace += String(describing: effects)
            if generator.chance(1, in: 3) {
                let effects = bench.wait()
                recent += UInt64(effects.count)
                trace += String(describing: effects)
                #expect(
                    bench.machine.nextDeadline.map { $0 > bench.now } ?? true, "seed \(seed): a timer that stays due")
            }
        }
        return trace
    }

    @Test("Acquisition takes any event in any state")
    func acquisition() {
        for seed in UInt64(1)...200 {
            func once() -> String {
                run(Acquisition(partitionCount: 4, seed: seed), seed: seed) { generator, ticket in
                    switch generator.below(8) {
                    case 0...1: .viewChanged(self.randomView(&generator))
                    case 2...4: .answered(ticket, self.randomResponse(&generator), byteCount: 5)
                    case 5: .failed(ticket)
                    case 6: .merged(ticket)
                    default: .mergeFailed(ticket)
                    }
                }
            }
            #expect(once() == once(), "seed \(seed)")
        }
    }

    @Test("Homecoming takes any event in any state")
    func homecoming() {
        for seed in UInt64(1)...200 {
            func once() -> String {
                run(Homecoming(partitionCount: 4, seed: seed), seed: seed) { generator, ticket in
                    switch generator.below(12) {
                    case 0: .viewChanged(self.randomView(&generator))
                    case 1: .inventory(partitions(0, 2))
                    case 2: .strayStored(PartitionID(index: UInt32(generator.below(6))))
                    case 3...9: .transfer(self.randomTransfer(&generator, ticket))
                    case 10: .dropped(ticket)
                    default: generator.chance(1, in: 3) ? .pause : .resume
                    }
                }
            }
            #expect(once() == once(), "seed \(seed)")
        }
    }

    @Test("HintDelivery takes any event in any state")
    func delivery() {
        for seed in UInt64(1)...200 {
            func once() -> String {
                run(HintDelivery(seed: seed), seed: seed) { generator, ticket in
                    let owner = node(generator.below(7) + 1)
                    let mark = RangeMark(
                        owner: owner, partition: PartitionID(index: UInt32(generator.below(5))),
                        generation: generator.below(9))
                    let hint = HintEntry(key: ByteBuffer(integer: UInt64(3)), token: generator.next(), sequence: 3)
                    return switch generator.below(14) {
                    case 0: .viewChanged(self.randomView(&generator))
                    case 1: .inventory(owners: [owner], marks: [mark])
                    case 2: .hintAdded(owner)
                    case 3: .rangeMarked(mark)
                    case 4...5:
                        .hints(
                            ticket, generator.chance(1, in: 2) ? [hint] : [],
                            next: generator.chance(1, in: 2) ? nil : HintCursor(token: hint.token, key: hint.key))
                    case 6...11: .transfer(self.randomTransfer(&generator, ticket))
                    case 12: .dropped(ticket)
                    default: generator.chance(1, in: 3) ? .pause : .resume
                    }
                }
            }
            #expect(once() == once(), "seed \(seed)")
        }
    }
}
