import Machine
import Testing

@testable import Gossip

/// One machine, event by event: whole lists of effects.
@Suite struct StepTests {
    static let own = NodeID(high: 7, low: 7)
    static let ownAddress = GossipAddress.literal("10.0.0.1", 7400)

    static func id(_ number: Int) -> NodeID { NodeID(high: 0, low: UInt64(number)) }
    static func address(_ number: Int) -> GossipAddress { .literal("10.0.1.\(number)", 7400) }
    static func member(
        _ number: Int, _ status: GossipMember.Status = .alive, incarnation: UInt64 = 1
    ) -> GossipMember {
        GossipMember(
            id: id(number), address: address(number), incarnation: incarnation, status: status,
            checkedMetadata: ByteBuffer())
    }

    /// A machine with its effects, which moves from deadline to deadline.
    struct Bench {
        var machine: Gossip
        var now = Instant.zero

        mutating func receive(_ event: GossipEvent) -> [GossipEffect] {
            var effects = Effects<GossipEffect>()
            machine.receive(event, at: now, into: &effects)
            return effects.takeAll()
        }

        mutating func hear(_ message: GossipDatagram.Message, from number: Int, _ updates: [GossipUpdate] = [])
            -> [GossipEffect]
        {
            let datagram = GossipDatagram(cluster: .test, message: message, updates: updates)
            return receive(.received(datagram, from: StepTests.address(number)))
        }

        mutating func expire() -> [GossipEffect] {
            guard let deadline = machine.nextDeadline else { return [] }
            now = max(now, deadline)
            var effects = Effects<GossipEffect>()
            machine.expire(at: now, into: &effects)
            return effects.takeAll()
        }
    }

    /// A machine that takes part and has got its own news out of the way, with `others` alive.
    static func bench(others: Int, _ configuration: GossipConfiguration = GossipConfiguration()) -> Bench {
        var quiet = configuration
        quiet.newsInterval = nil
        quiet.pushPullInterval = .seconds(100_000)
        var bench = Bench(machine: startedMachine(quiet, id: own))
        for number in 1...max(1, others) where number <= others {
            _ = bench.receive(
                .pushPullAnswered(
                    GossipState(cluster: .test, sender: id(99), members: [GossipUpdate(member(number))])))
        }
        bench.machine.queue.removeAll()
        return bench
    }

    static func sends(_ effects: [GossipEffect]) -> [(datagram: GossipDatagram, to: GossipAddress)] {
        effects.compactMap { if case .send(let datagram, let address) = $0 { (datagram, address) } else { nil } }
    }

    static func observed(_ effects: [GossipEffect]) -> [GossipObservation] {
        effects.compactMap { if case .observe(let observation) = $0 { observation } else { nil } }
    }

    @Test func `nothing is said of oneself before the incarnation is on disk`() {
        // memberlist#180
        var bench = Bench(
            machine: Gossip(
                id: Self.own, address: Self.ownAddress, cluster: .test, restoredIncarnation: 20, seed: 1))
        #expect(bench.machine.nextDeadline == nil)
        #expect(bench.receive(.join(seeds: [Self.address(1), Self.ownAddress])) == [.persistIncarnation(36)])
        let ping = GossipDatagram.Message.ping(sequence: 1, source: Self.id(1), target: Self.own, digest: 0)
        let accusation = GossipUpdate(
            GossipMember(
                id: Self.own, address: Self.ownAddress, incarnation: 20, status: .unreachable,
                checkedMetadata: ByteBuffer()))
        #expect(bench.hear(ping, from: 1, [accusation]) == [])
        let state = GossipState(cluster: .test, sender: Self.id(1), members: [accusation])
        let call = PushPullID(rawValue: 5)
        #expect(bench.receive(.pushPullRequested(state, call)) == [.refusePushPull(call, .notTakingPart)])
        #expect(bench.machine.nextDeadline == nil)

        let started = bench.receive(.incarnationPersisted(36))
        #expect(
            started == [
                .observe(.started(incarnation: 21)), .pushPull(bench.machine.state, to: Self.address(1)),
            ])
        #expect(bench.machine.state.members.map(\.member) == [bench.machine.own])
        #expect(bench.machine.own.incarnation == 21)
    }

    @Test func `a ping is answered to where it came from, with what is held against its sender`() {
        var bench = Self.bench(others: 2)
        let ping = GossipDatagram.Message.ping(sequence: 9, source: Self.id(1), target: Self.own, digest: 0)
        let answer = GossipDatagram.Message.acknowledgement(sequence: 9, source: Self.own, digest: 0)
        #expect(
            bench.hear(ping, from: 8) == [
                .send(GossipDatagram(cluster: .test, message: answer), to: Self.address(8))
            ])
        let suspicion = GossipUpdate(Self.member(1, .suspect), accuser: Self.id(2))
        let effects = bench.hear(ping, from: 1, [suspicion])
        #expect(
            effects == [
                .observe(.suspected(Self.member(1, .suspect), by: Self.id(2))),
                .send(GossipDatagram(cluster: .test, message: answer, updates: [suspicion]), to: Self.address(1)),
            ])
    }

    @Test func `a ping for another, of another cluster, or a stray answer is not answered`() {
        var bench = Self.bench(others: 1)
        let other = GossipDatagram.Message.ping(sequence: 9, source: Self.id(1), target: Self.id(5), digest: 0)
        #expect(bench.hear(other, from: 1) == [])
        let foreign = GossipDatagram(
            cluster: ClusterTag(name: "other"), message: .news(source: Self.id(1)),
            updates: [GossipUpdate(Self.member(3))])
        #expect(
            bench.receive(.received(foreign, from: Self.address(1))) == [.observe(.wrongCluster(foreign.cluster))])
        let state = GossipState(cluster: foreign.cluster, sender: Self.id(1), members: foreign.updates)
        let call = PushPullID(rawValue: 1)
        #expect(
            bench.receive(.pushPullRequested(state, call)) == [
                .observe(.wrongCluster(foreign.cluster)), .refusePushPull(call, .wrongCluster),
            ])
        #expect(bench.machine.member(Self.id(3)) == nil)
        let stray = GossipDatagram.Message.acknowledgement(sequence: 1, source: Self.id(1), digest: 0)
        #expect(bench.hear(stray, from: 1) == [])
        #expect(bench.hear(.negativeAcknowledgement(sequence: 1, source: Self.id(1)), from: 1) == [])
    }

    @Test func `a probe without an answer goes to helpers, then to suspicion, then to a verdict`() throws {
        var bench = Self.bench(others: 5)
        let first = try #require(Self.sends(bench.expire()).first)
        guard case .ping(let sequence, _, let target, _) = first.datagram.message else {
            Issue.record("no ping")
            return
        }
        let started = bench.now
        let requests = Self.sends(bench.expire())
        #expect(started.duration(to: bench.now) == .milliseconds(500))
        #expect(requests.count == 3)
        #expect(Set(requests.map(\.to)).count == 3)
        for request in requests {
            #expect(
                request.datagram.message
                    == .pingRequest(sequence: sequence, source: Self.own, target: target, address: first.to))
            #expect(request.to != first.to)
        }
        // One helper of three says that it is there: 1 for the probe, 2 for the missed nacks.
        #expect(bench.hear(.negativeAcknowledgement(sequence: sequence, source: Self.id(2)), from: 2) == [])
        let end = bench.expire()
        #expect(started.duration(to: bench.now) == .seconds(1))
        #expect(Self.observed(end).first == .healthChanged(3))
        #expect(bench.machine.member(target)?.status == .suspect)
        // Unconfirmed: β · α · max(1, log10 6) periods.
        let deadline = bench.now.advanced(by: .seconds(24))
        while bench.machine.member(target)?.status == .suspect {
            _ = bench.expire()
        }
        #expect(bench.now == deadline)
        #expect(bench.machine.member(target)?.status == .unreachable)
    }

    @Test func `an answer by a helper counts, and one from another member does not`() throws {
        var bench = Self.bench(others: 5)
        let first = try #require(Self.sends(bench.expire()).first)
        guard case .ping(let sequence, _, let target, _) = first.datagram.message else {
            Issue.record("no ping")
            return
        }
        _ = bench.expire()
        let impostor = Self.id(target == Self.id(1) ? 2 : 1)
        _ = bench.hear(.acknowledgement(sequence: sequence, source: impostor, digest: 0), from: 3)
        _ = bench.hear(.acknowledgement(sequence: sequence, source: target, digest: 4), from: 3)
        _ = bench.expire()
        #expect(bench.machine.member(target)?.status == .alive)
        #expect(bench.machine.healthScore == 0)
    }

    @Test func `a helper asks, hands the answer on, and says at 80 percent that it has none`() throws {
        var bench = Self.bench(others: 2)
        let request = GossipDatagram.Message.pingRequest(
            sequence: 77, source: Self.id(1), target: Self.id(9), address: Self.address(9))
        let asked = Self.sends(bench.hear(request, from: 1))
        #expect(asked.map(\.to) == [Self.address(9)])
        guard case .ping(let sequence, Self.own, Self.id(9), 0) = asked.first?.datagram.message else {
            Issue.record("no ping")
            return
        }
        let start = bench.now
        var nacks: [(datagram: GossipDatagram, to: GossipAddress)] = []
        while nacks.isEmpty {
            nacks = Self.sends(bench.expire()).filter { $0.to == Self.address(1) }
            nacks.removeAll { if case .ping = $0.datagram.message { true } else { false } }
        }
        #expect(start.duration(to: bench.now) == .milliseconds(400))
        #expect(nacks.first?.datagram.message == .negativeAcknowledgement(sequence: 77, source: Self.own))
        // Late, and handed on all the same, with the target's own digest.
        let answer = bench.hear(.acknowledgement(sequence: sequence, source: Self.id(9), digest: 5), from: 9)
        #expect(
            Self.sends(answer).map(\.datagram.message) == [
                .acknowledgement(sequence: 77, source: Self.id(9), digest: 5)
            ])
        #expect(bench.hear(.acknowledgement(sequence: sequence, source: Self.id(9), digest: 5), from: 9) == [])
    }

    @Test func `a helper with its hands full says so at once`() {
        var configuration = GossipConfiguration()
        configuration.relayLimit = 4
        var bench = Self.bench(others: 1, configuration)
        for number in 0..<10 {
            let request = GossipDatagram.Message.pingRequest(
                sequence: UInt64(number), source: Self.id(1), target: Self.id(9), address: Self.address(9))
            let messages = Self.sends(bench.hear(request, from: 1)).map(\.datagram.message)
            let isRefused = messages == [.negativeAcknowledgement(sequence: UInt64(number), source: Self.own)]
            #expect(isRefused == (number >= 4))
        }
    }

    @Test func `an accusation is contradicted by a higher incarnation, at once and in the same answer`() throws {
        var bench = Self.bench(others: 2)
        var word = bench.machine.own
        word.status = .suspect
        let ping = GossipDatagram.Message.ping(sequence: 9, source: Self.id(1), target: Self.own, digest: 0)
        let effects = bench.hear(ping, from: 1, [GossipUpdate(word, accuser: Self.id(1))])
        #expect(Self.observed(effects) == [.healthChanged(1), .refuted(incarnation: 2)])
        #expect(Self.sends(effects).first?.datagram.updates == [GossipUpdate(bench.machine.own)])
        #expect(bench.machine.own.incarnation == 2)
        // The same again is old news.
        bench.machine.queue.removeAll()
        let again = bench.hear(ping, from: 1, [GossipUpdate(word, accuser: Self.id(1))])
        #expect(Self.observed(again) == [])
        #expect(bench.machine.own.incarnation == 2)
        // But whoever tells it may not have heard the answer.
        #expect(Self.sends(again).first?.datagram.updates == [GossipUpdate(bench.machine.own)])
    }

    @Test func `a contradiction beyond what is on disk waits for the disk`() {
        var bench = Self.bench(others: 2)
        var word = bench.machine.own
        word.status = .unreachable
        word.incarnation = 500
        let effects = bench.hear(.news(source: Self.id(1)), from: 1, [GossipUpdate(word, accuser: Self.id(1))])
        #expect(effects == [.observe(.metNewerSelf(word)), .observe(.healthChanged(1)), .persistIncarnation(516)])
        #expect(bench.hear(.news(source: Self.id(1)), from: 1, [GossipUpdate(word, accuser: Self.id(1))]) == [])
        #expect(bench.machine.own.incarnation == 1)
        #expect(bench.receive(.incarnationPersisted(516)) == [.observe(.refuted(incarnation: 501))])
        #expect(bench.machine.own.incarnation == 501)
    }

    @Test func `a verdict of others gives a member that nobody here suspected its time`() {
        var bench = Self.bench(others: 6)
        let verdict = GossipUpdate(Self.member(3, .unreachable), accuser: Self.id(1))
        #expect(
            Self.observed(bench.hear(.news(source: Self.id(1)), from: 1, [verdict])) == [
                .suspected(Self.member(3, .suspect), by: Self.id(1))
            ])
        let deadline = bench.now.advanced(by: .seconds(4))
        #expect(bench.machine.table[Self.id(3)]?.suspicion?.deadline == deadline)
        let refutation = GossipUpdate(Self.member(3, incarnation: 2))
        #expect(
            Self.observed(bench.hear(.news(source: Self.id(1)), from: 1, [refutation])) == [
                .alive(Self.member(3, incarnation: 2))
            ])
        #expect(Self.observed(bench.hear(.news(source: Self.id(1)), from: 1, [verdict])) == [])
    }

    @Test
    func `without Lifeguard a verdict is final at once, and suspicion neither shrinks nor is told to the suspect`() {
        var bench = Self.bench(others: 6, .swim)
        let suspicion = GossipUpdate(Self.member(3, .suspect), accuser: Self.id(1))
        _ = bench.hear(.news(source: Self.id(1)), from: 1, [suspicion])
        let deadline = bench.machine.table[Self.id(3)]?.suspicion?.deadline
        #expect(deadline == bench.now.advanced(by: .seconds(4)))
        _ = bench.hear(
            .news(source: Self.id(1)), from: 1, [GossipUpdate(Self.member(3, .suspect), accuser: Self.id(2))])
        #expect(bench.machine.table[Self.id(3)]?.suspicion?.deadline == deadline)
        bench.machine.queue.removeAll()
        let ping = GossipDatagram.Message.ping(sequence: 9, source: Self.id(3), target: Self.own, digest: 0)
        #expect(Self.sends(bench.hear(ping, from: 3)).first?.datagram.updates == [])
        let verdict = GossipUpdate(Self.member(4, .unreachable), accuser: Self.id(1))
        #expect(
            Self.observed(bench.hear(.news(source: Self.id(1)), from: 1, [verdict])) == [
                .unreachable(Self.member(4, .unreachable))
            ])
    }

    @Test func `the first other accusers are told on, and each one shortens the suspicion`() {
        var bench = Self.bench(others: 8)
        func accuse(_ accuser: Int) -> GossipUpdate {
            GossipUpdate(Self.member(3, .suspect), accuser: Self.id(accuser))
        }
        var last = Instant.distantFuture
        for accuser in [1, 2, 4, 5] {
            bench.machine.queue.removeAll()
            _ = bench.hear(.news(source: Self.id(1)), from: 1, [accuse(accuser), accuse(accuser)])
            #expect(bench.machine.queue.contains(Self.id(3)))
            guard let deadline = bench.machine.table[Self.id(3)]?.suspicion?.deadline else {
                Issue.record("no suspicion")
                return
            }
            #expect(deadline < last)
            last = deadline
        }
        bench.machine.queue.removeAll()
        _ = bench.hear(.news(source: Self.id(1)), from: 1, [accuse(6)])
        #expect(bench.machine.queue.isEmpty)
    }

    @Test(arguments: [true, false])
    func `timers that are served far too late start anew, before anyone is condemned`(isNoticed: Bool) {
        var configuration = GossipConfiguration()
        configuration.pauseTolerance = isNoticed ? .seconds(1) : nil
        var bench = Self.bench(others: 5, configuration)
        let suspicion = GossipUpdate(Self.member(3, .suspect), accuser: Self.id(1))
        _ = bench.hear(.news(source: Self.id(1)), from: 1, [suspicion])
        bench.now = bench.now.advanced(by: .seconds(600))
        let effects = bench.expire()
        #expect(Self.observed(effects).contains { if case .wokeLate = $0 { true } else { false } } == isNoticed)
        #expect(bench.machine.member(Self.id(3))?.status == (isNoticed ? .suspect : .unreachable))
        // The contradiction lay unread all the while.
        let refutation = GossipUpdate(Self.member(3, incarnation: 2))
        _ = bench.hear(.news(source: Self.id(3)), from: 3, [refutation])
        #expect(bench.machine.member(Self.id(3))?.status == .alive)
    }

    @Test func `a verdict that comes late in a suspicion ends it, and is no pause of this process`() {
        var configuration = GossipConfiguration()
        configuration.pauseTolerance = .seconds(1)
        var bench = Self.bench(others: 8, configuration)
        _ = bench.hear(
            .news(source: Self.id(1)), from: 1, [GossipUpdate(Self.member(3, .suspect), accuser: Self.id(1))])
        // Late for the shortest suspicion, early for the longest, and with every other timer served.
        bench.machine.removeDeadline(for: .period)
        bench.now = bench.now.advanced(by: .seconds(15))
        #expect(bench.machine.nextDeadline.map { $0 > bench.now } == true)
        _ = bench.hear(
            .news(source: Self.id(1)), from: 1, [GossipUpdate(Self.member(3, .unreachable), accuser: Self.id(1))])
        let effects = bench.expire()
        #expect(Self.observed(effects) == [.unreachable(Self.member(3, .unreachable))])
    }

    @Test func `life in an earlier incarnation does not revive the dead, whoever speaks of it`() {
        for status in [GossipMember.Status.unreachable, .left] {
            var bench = Self.bench(others: 3, .swim)
            let end = GossipUpdate(Self.member(2, status, incarnation: 10), accuser: Self.id(1))
            _ = bench.hear(.news(source: Self.id(1)), from: 1, [end])
            bench.machine.queue.removeAll()
            let life = GossipUpdate(Self.member(2, incarnation: 2))
            let pushPull = PushPullID(rawValue: 1)
            for sender in [Self.id(2), Self.id(3)] {
                let state = GossipState(cluster: .test, sender: sender, members: [life])
                #expect(bench.receive(.pushPullAnswered(state)) == [])
                let answer = bench.receive(.pushPullRequested(state, pushPull))
                #expect(answer == [.answerPushPull(pushPull, bench.machine.state)])
            }
            #expect(bench.hear(.news(source: Self.id(3)), from: 3, [life]) == [])
            #expect(bench.machine.member(Self.id(2)) == end.member)
            #expect(bench.machine.queue.isEmpty)
            // Its own word under the next incarnation does.
            _ = bench.hear(.news(source: Self.id(2)), from: 2, [GossipUpdate(Self.member(2, incarnation: 11))])
            #expect(bench.machine.member(Self.id(2))?.status == .alive)
        }
    }

    @Test func `one that comes back from the dead is asked for all that it knows`() {
        var bench = Self.bench(others: 2)
        _ = bench.hear(
            .news(source: Self.id(1)), from: 1, [GossipUpdate(Self.member(9, .unreachable), accuser: Self.id(1))])
        _ = bench.hear(.news(source: Self.id(1)), from: 1, [GossipUpdate(Self.member(9, incarnation: 2))])
        let calls = bench.expire().compactMap { if case .pushPull(_, let address) = $0 { address } else { nil } }
        #expect(calls == [Self.address(9)])
    }

    @Test func `a table that is full refuses newcomers, and gives them the place of one that left`() {
        var configuration = GossipConfiguration()
        configuration.memberLimit = 3
        var bench = Self.bench(others: 3, configuration)
        let newcomer = GossipUpdate(Self.member(9))
        #expect(Self.observed(bench.hear(.news(source: Self.id(1)), from: 1, [newcomer])) == [.full(Self.id(9))])
        let gone = GossipUpdate(Self.member(2, .left))
        let effects = bench.hear(.news(source: Self.id(1)), from: 1, [gone, newcomer])
        #expect(
            Self.observed(effects) == [.left(Self.member(2, .left)), .dropped(Self.id(2)), .joined(Self.member(9))])
        #expect(bench.machine.members.count == 3)
    }

    @Test func `a stranger that pings is asked for all that it knows`() {
        var bench = Self.bench(others: 1)
        let ping = GossipDatagram.Message.ping(sequence: 9, source: Self.id(5), target: Self.own, digest: 0)
        _ = bench.hear(ping, from: 5)
        #expect(bench.expire().contains(.pushPull(bench.machine.state, to: Self.address(5))))
    }

    @Test func `a good-bye takes a higher incarnation, and ends when it has been told`() {
        var bench = Self.bench(others: 1)
        #expect(bench.receive(.leave) == [])
        #expect(bench.machine.own.status == .left)
        #expect(bench.machine.own.incarnation == 2)
        var told = 0
        while bench.machine.isTakingPart {
            told +=
                Self.sends(bench.expire()).filter { $0.datagram.updates.contains(GossipUpdate(bench.machine.own)) }
                .count
        }
        // λ · ⌈log10 3⌉ = 4 times at most, or until the time for it is over.
        #expect((3...4).contains(told))
        #expect(bench.now <= .zero.advanced(by: .seconds(5)))
        #expect(bench.machine.nextDeadline == nil)
        #expect(bench.receive(.leave) == [])
    }

    @Test func `one that is alone leaves at once, and one that never joined too`() {
        var alone = Self.bench(others: 0)
        #expect(alone.receive(.leave) == [.observe(.departed)])
        var idle = Bench(machine: Gossip(id: Self.own, address: Self.ownAddress, cluster: .test, seed: 1))
        #expect(idle.receive(.leave) == [.observe(.departed)])
    }

    @Test func `metadata over the limit is not taken, and the same again is no news`() {
        var bench = Self.bench(others: 1)
        _ = bench.receive(.metadataChanged(ByteBuffer(repeating: 0, count: 513)))
        _ = bench.receive(.metadataChanged(ByteBuffer()))
        #expect(bench.machine.own.incarnation == 1)
        _ = bench.receive(.metadataChanged(ByteBuffer(string: "x")))
        #expect(bench.machine.own.incarnation == 2)
        #expect(bench.machine.own.metadata == ByteBuffer(string: "x"))
    }
}
