import Machine
import Testing

@testable import Gossip

@Suite struct PrecedenceTests {
    static func word(_ status: GossipMember.Status, _ incarnation: UInt64) -> GossipMember {
        GossipMember(
            id: EncodingTests.first, address: EncodingTests.address, incarnation: incarnation, status: status,
            checkedMetadata: ByteBuffer())
    }

    /// SWIM, section 4.2, with the two that are not final here: for a held word, what replaces it at a lower, the same
    /// and a higher incarnation.
    @Test(arguments: [
        (GossipMember.Status.alive, GossipMember.Status.alive, [false, false, true]),
        (.alive, .suspect, [false, true, true]),
        (.alive, .unreachable, [false, true, true]),
        (.alive, .left, [false, true, true]),
        (.suspect, .alive, [false, false, true]),
        (.suspect, .suspect, [false, false, true]),
        (.suspect, .unreachable, [false, true, true]),
        (.suspect, .left, [false, true, true]),
        (.unreachable, .alive, [false, false, true]),
        (.unreachable, .suspect, [false, false, true]),
        (.unreachable, .unreachable, [false, false, true]),
        (.unreachable, .left, [false, true, true]),
        (.left, .alive, [false, false, true]),
        (.left, .suspect, [false, false, true]),
        (.left, .unreachable, [false, false, true]),
        (.left, .left, [false, false, true]),
    ])
    func `a word replaces another by the table`(
        held: GossipMember.Status, heard: GossipMember.Status, replaces: [Bool]
    ) {
        let results = [4, 5, 6].map { Self.word(heard, $0).supersedes(Self.word(held, 5)) }
        #expect(results == replaces)
        // The machine keeps to it, by news and by exchange, with and without a second opinion.
        for (incarnation, isReplaced) in zip([4, 5, 6] as [UInt64], replaces) {
            var configuration = GossipConfiguration()
            configuration.secondOpinion = false
            for isNews in [true, false] {
                var machine = startedMachine(configuration)
                var effects = Effects<GossipEffect>()
                machine.hear(GossipUpdate(Self.word(held, 5)), from: .news, at: .zero, into: &effects)
                let words = GossipUpdate(Self.word(heard, incarnation))
                machine.hear(words, from: isNews ? .news : .hearsay, at: .zero, into: &effects)
                #expect(machine.member(EncodingTests.first) == (isReplaced ? words.member : Self.word(held, 5)))
            }
        }
    }

    @Test func `a word that says nothing new replaces nothing, and what is neither is another's suspicion`() {
        let accusers = (1...3).map { NodeID(high: 0, low: $0) }
        for held in GossipMember.Status.allCases {
            for heard in GossipMember.Status.allCases {
                for incarnation in UInt64(4)...6 {
                    let (word, holds) = (Self.word(heard, incarnation), Self.word(held, 5))
                    var table = MemberTable(capacity: 1)
                    let suspicion = Suspicion(
                        start: .zero, minimum: 1, maximum: 6, confirmationLimit: 1, accuser: accusers[0])
                    let index = table.insert(
                        MemberTable.Entry(member: holds, since: .zero, suspicion: held == .suspect ? suspicion : nil))
                    func isOld(by accuser: NodeID?) -> Bool {
                        table.isOld(MemberTable.Standing(word), by: accuser, at: index)
                    }
                    let isAccusation = word == holds && heard == .suspect
                    #expect(isOld(by: accusers[1]) != (word.supersedes(holds) || isAccusation))
                    #expect(isOld(by: accusers[0]) != word.supersedes(holds))
                    #expect(isOld(by: nil) != word.supersedes(holds))
                    if isAccusation {
                        // One other accuser is as many as count.
                        _ = table.update(index) { $0.suspicion?.confirm(by: accusers[1]) }
                        #expect(isOld(by: accusers[1]) && isOld(by: accusers[2]))
                    }
                }
            }
        }
    }

    @Test func `old life does not undo a later death`() {
        #expect(!Self.word(.alive, 2).supersedes(Self.word(.unreachable, 10)))
    }

    @Test func `the same words in any order leave the same word`() {
        let words = GossipMember.Status.allCases.flatMap { status in (1...3).map { Self.word(status, $0) } }
        for a in words {
            for b in words {
                #expect(!(a.supersedes(b) && b.supersedes(a)))
                #expect(a == b || a.supersedes(b) || b.supersedes(a))
                for c in words where a.supersedes(b) && b.supersedes(c) {
                    #expect(a.supersedes(c))
                }
            }
        }
    }
}

/// A machine that takes part, alone.
func startedMachine(
    _ configuration: GossipConfiguration = GossipConfiguration(), id: NodeID = NodeID(high: 7, low: 7)
) -> Gossip {
    var machine = Gossip(
        id: id, address: .literal("10.0.0.1", 7400), cluster: .test, configuration: configuration, seed: 1)
    var effects = Effects<GossipEffect>()
    machine.receive(.join(seeds: []), at: .zero, into: &effects)
    machine.receive(.incarnationPersisted(16), at: .zero, into: &effects)
    return machine
}

@Suite struct PartsTests {
    @Test func `each member is probed at least once in two laps, whoever comes and goes`() {
        for seed in UInt64(1)...20 {
            var generator = SeededGenerator(seed: seed)
            var rotation = ProbeRotation()
            let ids = (0..<50).map { NodeID(high: UInt64($0), low: 1) }
            for id in ids {
                rotation.insert(id, using: &generator)
            }
            var lastSeen: [NodeID: Int] = [:]
            for step in 0..<2000 {
                guard let id = rotation.next(using: &generator) else {
                    Issue.record("nobody to probe")
                    return
                }
                #expect(step - lastSeen[id, default: 0] <= 2 * 50, "seed \(seed)")
                lastSeen[id] = step
            }
            // Each lap meets each member once, though others are taken out and put in within it.
            var churned = ProbeRotation()
            for id in ids.prefix(25) {
                churned.insert(id, using: &generator)
            }
            var met: [NodeID: Int] = [:]
            for step in 0..<25 {
                if step % 5 == 4 {
                    churned.insert(ids[25 + step], using: &generator)
                    churned.remove(ids[25 + step])
                }
                if let id = churned.next(using: &generator) {
                    met[id, default: 0] += 1
                }
            }
            #expect(met.count == 25 && met.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        }
    }

    @Test func `a sample is of different members that pass, and each is as likely`() {
        var generator = SeededGenerator(seed: 3)
        var rotation = ProbeRotation()
        for number in 0..<10 {
            rotation.insert(NodeID(high: 0, low: UInt64(number)), using: &generator)
        }
        var counts: [NodeID: Int] = [:]
        for _ in 0..<6000 {
            let chosen = rotation.sample(3, using: &generator) { $0.low != 4 }
            #expect(Set(chosen).count == 3)
            for id in chosen {
                counts[id, default: 0] += 1
            }
        }
        #expect(counts[NodeID(high: 0, low: 4)] == nil)
        #expect(counts.count == 9)
        #expect(counts.values.allSatisfy { (1800...2200).contains($0) })
    }

    static func update(_ number: UInt64, metadata: Int = 0) -> GossipUpdate {
        GossipUpdate(
            GossipMember(
                id: NodeID(high: 0, low: number), address: EncodingTests.address, incarnation: 1, status: .alive,
                checkedMetadata: ByteBuffer(repeating: 0, count: metadata)))
    }

    @Test func `news goes out least sent first, newest first, and as often as it may`() {
        var queue = UpdateQueue()
        func take(_ count: Int, excluding: NodeID? = nil) -> [UInt64] {
            var updates: [GossipUpdate] = []
            queue.take(into: &updates, byteCount: 1400, countLimit: count, sentLimit: 3, excluding: excluding)
            return updates.map(\.member.id.low)
        }
        for number in UInt64(1)...3 {
            queue.insert(Self.update(number))
        }
        #expect(take(2) == [3, 2])
        #expect(take(2) == [1, 3])
        queue.insert(Self.update(4))
        #expect(take(3) == [4, 2, 1])
        #expect(take(9, excluding: NodeID(high: 0, low: 4)) == [3, 2, 1])
        #expect(take(9) == [4])
        #expect(take(9) == [4])
        #expect(queue.isEmpty)
        // A newer word about the same member takes the place of the older.
        queue.insert(Self.update(5))
        queue.insert(Self.update(5, metadata: 1))
        #expect(queue.count == 1)
    }

    @Test func `what does not fit is passed over and kept`() {
        var queue = UpdateQueue()
        queue.insert(Self.update(1))
        queue.insert(Self.update(2, metadata: 500))
        var updates: [GossipUpdate] = []
        queue.take(into: &updates, byteCount: 200, countLimit: 64, sentLimit: 1, excluding: nil)
        #expect(updates.map(\.member.id.low) == [1])
        updates = []
        queue.take(into: &updates, byteCount: 1400, countLimit: 64, sentLimit: 1, excluding: nil)
        #expect(updates.map(\.member.id.low) == [2])
        #expect(queue.isEmpty)
    }

    @Test func `a suspicion shrinks with each other accuser, by Lifeguard's formula`() {
        let second: Int64 = 1_000_000_000
        var suspicion = Suspicion(
            start: .zero, minimum: 5 * second, maximum: 30 * second, confirmationLimit: 3,
            accuser: NodeID(high: 0, low: 1))
        #expect(suspicion.deadline == Instant(nanoseconds: 30 * second))
        let isNew1 = suspicion.confirm(by: NodeID(high: 0, low: 1))
        #expect(!isNew1)
        // 30 − 25 · log 2 / log 4 = 17.5 and 30 − 25 · log 3 / log 4 = 10.188.
        let isNew2 = suspicion.confirm(by: NodeID(high: 0, low: 2))
        #expect(isNew2)
        #expect(abs(suspicion.deadline.nanoseconds - 17_500_000_000) < 1000)
        let isNew3 = suspicion.confirm(by: NodeID(high: 0, low: 3))
        #expect(isNew3)
        #expect(abs(suspicion.deadline.nanoseconds - 10_187_968_749) < 1000)
        let isNew4 = suspicion.confirm(by: NodeID(high: 0, low: 4))
        #expect(isNew4)
        #expect(suspicion.deadline == Instant(nanoseconds: 5 * second))
        let isNew5 = suspicion.confirm(by: NodeID(high: 0, low: 5))
        #expect(!isNew5)
        var cut = Suspicion(
            start: .zero, minimum: 5, maximum: 30, confirmationLimit: 3, accuser: NodeID(high: 0, low: 1))
        cut.cut()
        #expect(cut.deadline == Instant(nanoseconds: 5))
    }

    @Test func `logarithms are right`() {
        let known = [(1.0, 0.0), (2, 0.6931471805599453), (10, 2.302585092994046), (0.001, -6.907755278982137)]
        for (value, expected) in known {
            #expect(abs(naturalLogarithm(value) - expected) < 1e-9)
        }
        #expect(abs(decimalLogarithm(1000) - 3) < 1e-9)
        #expect([1, 2, 10, 11, 100, 101, 1025].map(decimalLogarithmRoundedUp) == [0, 1, 1, 2, 2, 3, 4])
        #expect(decimalLogarithmRoundedUp(.max) == 19)
    }

    @Test func `local health stays between 0 and 8, and scales times`() {
        var health = LocalHealth(isEnabled: true)
        let isChangedAtBest = health.add(-1)
        let isChanged = health.add(5)
        #expect(!isChangedAtBest && isChanged && health.score == 5 && health.scaled(10) == 60)
        _ = health.add(100)
        #expect(health.score == 8)
        var off = LocalHealth(isEnabled: false)
        let isOffChanged = off.add(5)
        #expect(!isOffChanged && off.scaled(10) == 10)
    }

    @Test func `an incarnation is used once it is on disk, and a peer's number cannot overflow it`() {
        var reserve = IncarnationReserve(restored: 40)
        func want(above floor: UInt64) -> UInt64? { reserve.want(above: floor) }
        func take() -> UInt64? { reserve.takeReady() }
        #expect(want(above: 40) == 56)
        #expect(take() == nil)
        reserve.persisted(56)
        #expect(take() == 41)
        #expect(take() == nil)
        #expect(want(above: 41) == nil)
        #expect(take() == 42)
        #expect(want(above: 100) == 116)
        #expect(want(above: 110) == nil)
        reserve.persisted(.max)
        #expect(take() == 111)
        #expect(want(above: GossipMember.incarnationLimit) == nil)
        #expect(take() == nil)
        #expect(want(above: GossipMember.incarnationLimit - 1) == GossipMember.incarnationLimit)
    }

    @Test func `a full table gives way the one that left longest ago, then the one lost longest ago`() {
        var table = MemberTable(capacity: 4)
        let statuses: [(GossipMember.Status, Int64)] = [(.alive, 0), (.unreachable, 1), (.left, 5), (.left, 4)]
        for (number, (status, since)) in statuses.enumerated() {
            var member = Self.update(UInt64(number)).member
            member.status = status
            _ = table.insert(
                MemberTable.Entry(
                    member: member, since: Instant(nanoseconds: since), suspicion: nil, accuser: nil))
        }
        #expect(table.isFull)
        for expected in [3, 2, 1] {
            #expect(table.expendable == expected)
            table.remove(expected)
        }
        #expect(table.expendable == nil)
        #expect(table.count == 1)
    }

    @Test func `a configuration that cannot work says why`() {
        #expect(GossipConfiguration().flaw == nil)
        #expect(GossipConfiguration.swim.flaw == nil)
        var configuration = GossipConfiguration()
        configuration.probeTimeout = .seconds(1)
        #expect(configuration.flaw == "probeTimeout is less than probeInterval")
    }
}
