import Gossip
import Machine
import Node
import Ring
import Testing
import Wire

/// A node goes by a membership, and tells it, only when it is on disk.
@Suite struct MembershipTests {
    private static let own = NodeID(high: 1, low: 1)
    private static let other = NodeID(high: 2, low: 2)
    private let ring = RingConfiguration.standard

    private func member(_ id: NodeID, _ state: MemberState = .up) -> Member {
        Member(
            id: id, name: "node", host: "10.0.0.\(id.low)", port: 7400, state: state,
            holdings: state == .up ? .all(of: ring.partitions) : .none(of: ring.partitions))
    }

    private func control(knowing members: [Member]) -> ControlPlane {
        ControlPlane(
            own: Self.own, membership: Membership(members), restoredIncarnation: 1,
            configuration: ControlConfiguration(cluster: "virtual", ring: ring), seed: 1)
    }

    private func exchange(_ members: [Member]) -> MembershipExchange {
        MembershipExchange(configuration: ring, membership: Membership(members))
    }

    private struct Told {
        var persisted: [Membership] = []
        var published: [RingEpoch] = []
        var spread: [Membership] = []
        var actors: [NodeID] = []
        var acceptsWrites = false

        init(_ effects: inout Effects<ControlEffect>) {
            for effect in effects.takeAll() {
                switch effect {
                case .persistMembership(let membership, _): persisted.append(membership)
                case .publish(let view): published.append(view.ring.epoch)
                case .exchange(let exchange, _), .answerExchange(let exchange, _): spread.append(exchange.membership)
                case .takeActor(let actor): actors.append(actor)
                case .acceptWrites: acceptsWrites = true
                default: break
                }
            }
        }
    }

    private let caller = ControlCaller(connection: 1, requestID: 1)

    @Test func `what is not on disk is neither gone by nor told, and what comes meanwhile is written at once`() {
        var control = control(knowing: [member(Self.own)])
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        let alone = control.membership
        _ = Told(&effects)

        control.receive(.exchangeRequested(exchange([member(Self.other)]), caller), at: .zero, into: &effects)
        var told = Told(&effects)
        #expect(told.persisted.count == 1 && told.published.isEmpty && told.spread == [alone])

        let third = NodeID(high: 3, low: 3)
        let fourth = NodeID(high: 4, low: 4)
        for id in [third, fourth] {
            control.receive(.exchangeRequested(exchange([member(id)]), caller), at: .zero, into: &effects)
        }
        told = Told(&effects)
        #expect(told.persisted.isEmpty && told.published.isEmpty && told.spread == [alone, alone])

        control.receive(.membershipPersisted, at: .zero, into: &effects)
        told = Told(&effects)
        #expect(control.membership.records.map(\.id) == [Self.own, Self.other])
        #expect(told.published == [control.membership.epoch])
        #expect(told.spread.allSatisfy { $0 == control.membership } && !told.spread.isEmpty)
        #expect(told.persisted.map { $0.records.map(\.id) } == [[Self.own, Self.other, third, fourth]])
    }

    @Test func `a membership that could not be written is written again after a while`() {
        var control = control(knowing: [member(Self.own)])
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        control.receive(.exchangeRequested(exchange([member(Self.other)]), caller), at: .zero, into: &effects)
        control.receive(.membershipNotPersisted, at: .zero, into: &effects)
        _ = Told(&effects)
        let again = Instant.zero.advanced(by: .seconds(1))
        #expect(control.nextDeadline.map { $0 <= again } == true)
        control.expire(at: again, into: &effects)
        #expect(Told(&effects).persisted.count == 1)
        #expect(control.membership.records.count == 1)
    }

    @Test func `a later word of the node than its own makes it another actor that holds nothing, once`() {
        let before = member(Self.own)
        var control = control(knowing: [before, member(Self.other)])
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        #expect(!Told(&effects).acceptsWrites)
        var later = before
        for name in ["once", "twice"] {
            later.amend { $0.name = name }
            control.receive(.exchangeAnswered(exchange([later]), from: Self.other), at: .zero, into: &effects)
        }
        let told = Told(&effects)
        #expect(told.actors.count == 1 && told.actors != [Self.own])
        for _ in 0..<2 {
            control.receive(.membershipPersisted, at: .zero, into: &effects)
            // Not before every shard knows that the node holds nothing.
            #expect(!Told(&effects).acceptsWrites)
        }
        control.receive(.viewAdopted(control.membership.epoch), at: .zero, into: &effects)
        #expect(Told(&effects).acceptsWrites)
        #expect(control.ownRecord?.name == before.name)
        #expect(control.ownRecord?.holdings.isEmpty == true)
        #expect(control.ownRecord.map { $0.version > later.version } == true)
    }

    @Test
    func `a node with others to ask coordinates nothing until most have spoken, or as another actor when none has`() {
        var control = control(knowing: [member(Self.own), member(Self.other)])
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        #expect(!Told(&effects).acceptsWrites)
        control.receive(.viewAdopted(control.membership.epoch), at: .zero, into: &effects)
        #expect(!Told(&effects).acceptsWrites)
        control.expire(at: Instant.zero.advanced(by: .seconds(2)), into: &effects)
        let told = Told(&effects)
        #expect(told.acceptsWrites && told.actors.count == 1 && told.actors != [Self.own])

        let others = (2..<5).map { NodeID(high: 2, low: $0) }
        var asking = self.control(knowing: ([Self.own] + others).map { member($0) })
        asking.receive(.start(seeds: []), at: .zero, into: &effects)
        asking.receive(.viewAdopted(asking.membership.epoch), at: .zero, into: &effects)
        for (speaker, isEnough) in [(others[0], false), (others[0], false), (others[1], true)] {
            _ = effects.takeAll()
            asking.receive(
                .exchangeAnswered(exchange([member(Self.own)]), from: speaker), at: .zero, into: &effects)
            asking.receive(.membershipPersisted, at: .zero, into: &effects)
            let told = Told(&effects)
            #expect(told.acceptsWrites == isEnough && told.actors.isEmpty)
        }

        var alone = self.control(knowing: [member(Self.own)])
        alone.receive(.start(seeds: []), at: .zero, into: &effects)
        alone.receive(.viewAdopted(alone.membership.epoch), at: .zero, into: &effects)
        #expect(Told(&effects).acceptsWrites)
    }

    @Test func `a cluster of another birth is not merged`() throws {
        var control = control(knowing: [member(Self.own)])
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        let foreign = MembershipExchange(
            configuration: try #require(RingConfiguration(birth: 1)), membership: Membership([member(Self.other)]))
        control.receive(.exchangeRequested(foreign, caller), at: .zero, into: &effects)
        #expect(Told(&effects).persisted.isEmpty)
    }

    @Test func `a foreign word of this node counts at no time, however soon after another it comes`() {
        let before = member(Self.own)
        var control = control(knowing: [before, member(Self.other)])
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        var later = before
        for _ in 0..<3 {
            for _ in 0..<5 { later.amend { $0.weight += 1 } }
            control.receive(.exchangeRequested(exchange([later]), caller), at: .zero, into: &effects)
            control.receive(.membershipPersisted, at: .zero, into: &effects)
            control.receive(.membershipPersisted, at: .zero, into: &effects)
            #expect(control.ownRecord?.holdings.isEmpty == true)
            #expect(control.ownRecord?.weight == before.weight)
        }
        // The last is contradicted after a while.
        _ = effects.takeAll()
        control.expire(at: Instant.zero.advanced(by: .seconds(10)), into: &effects)
        control.receive(.membershipPersisted, at: .zero, into: &effects)
        #expect(control.ownRecord.map { $0.version > later.version && $0.weight == before.weight } == true)
    }

    @Test(arguments: [false, true])
    func `a word of an earlier start that came to nothing is no other's`(isForeign: Bool) {
        var told = Membership([member(Self.own), member(Self.other)])
        told.restart(Self.own, run: 5, wasTold: true) { _ in }
        var own = told
        if isForeign {
            // The image of a disk that knows nothing of that start.
            own = Membership([member(Self.own), member(Self.other)])
            own.restart(Self.own, run: 4, wasTold: true) { _ in }
        }
        own.restart(Self.own, run: 6, wasTold: false) { _ in }
        var control = control(knowing: own.records)
        var effects = Effects<ControlEffect>()
        control.receive(.start(seeds: []), at: .zero, into: &effects)
        let exchange = MembershipExchange(configuration: ring, membership: told)
        control.receive(.exchangeRequested(exchange, caller), at: .zero, into: &effects)
        #expect(Told(&effects).actors.isEmpty == !isForeign)
        control.receive(.membershipPersisted, at: .zero, into: &effects)
        control.receive(.membershipPersisted, at: .zero, into: &effects)
        #expect(control.ownRecord?.run == 6)
        #expect(control.ownRecord?.holdings.isEmpty == isForeign)
    }
}
