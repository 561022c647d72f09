import Causality
import Gossip
import Hashing
import Machine
import Ring
import Testing

/// The README's examples of single modules: what stands between the markers stands there word for word, and
/// Tests/BlackBox/readme.sh compares the two.
@Suite("The README's examples of one module alone")
struct ModuleExamples {
    @Test("A ring finds the owners of a key, and shows what a fourth member would take")
    func ring() throws {
        // README: ring
        var membership = Membership()
        for (number, zone) in ["north", "south", "west"].enumerated() {
            membership.merge(
                Member(
                    id: NodeID(high: 1, low: UInt64(number)), name: "node\(number)", host: "10.0.0.\(number)",
                    port: 7400,
                    zone: zone, state: .up, holdings: .all(of: 1024)))
        }
        let ring = Ring(membership, configuration: .standard)
        let partition = ring.partition(of: Token(key: ByteBuffer(string: "cart/42")))
        let owners = ring.ownerIDs(of: partition)

        let newcomer = NodeID(high: 1, low: 3)
        membership.merge(
            Member(id: newcomer, name: "node3", host: "10.0.0.3", port: 7400, zone: "north", holdings: .none(of: 1024)))
        let plan = RingPlan(from: ring, to: Ring(membership, configuration: .standard))
        let gains = plan?.balances.first { $0.id == newcomer }?.gained
        // end
        #expect(owners.count == 3)
        #expect(try #require(gains) > 0)
    }

    @Test("Two copies that took writes apart keep both, and a writer that saw both replaces both")
    func causality() {
        // README: causality
        let (a, b) = (NodeID(high: 1, low: 1), NodeID(high: 1, low: 2))
        func text(_ value: String) -> Sibling.Content { .value(ByteBuffer(string: value), contentType: "text/plain") }

        var here = Object()
        here.write(
            text("milk"), timestamp: HybridTimestamp(milliseconds: 1), seeing: .everythingHere,
            as: ActorID(node: a, epoch: 1))
        var there = here
        here.write(
            text("milk and eggs"), timestamp: HybridTimestamp(milliseconds: 2), seeing: .seen(here.context),
            as: ActorID(node: a, epoch: 1))
        there.write(
            text("milk and bread"), timestamp: HybridTimestamp(milliseconds: 3), seeing: .seen(there.context),
            as: ActorID(node: b, epoch: 1))

        here.merge(there)
        let siblings = here.liveSiblings(at: 4).count  // 2: neither writer saw the other

        here.write(
            text("milk, eggs and bread"), timestamp: HybridTimestamp(milliseconds: 5), seeing: .seen(here.context),
            as: ActorID(node: a, epoch: 1))
        there.merge(here)  // both copies have the one value now
        // end
        #expect(siblings == 2)
        #expect(there.liveSiblings(at: 6).map(\.content) == [text("milk, eggs and bread")])
        #expect(here == there)
    }

    @Test("Members find each other through a seed, without a socket")
    func gossip() {
        // README: gossip
        let addresses = (1...3).compactMap { GossipAddress(host: "10.0.0.\($0)", port: 7400) }
        var members = addresses.indices.map { index in
            Gossip(
                id: NodeID(high: 1, low: UInt64(index)), address: addresses[index],
                cluster: ClusterTag(name: "orders"), seed: UInt64(index))
        }
        var mail = members.indices.map { (to: $0, event: GossipEvent.join(seeds: [addresses[0]])) }
        var effects = Effects<GossipEffect>()

        // A shell that carries out what a member wants: this one has a list for a network.
        func carryOut(_ effect: GossipEffect, of index: Int) {
            func place(_ address: GossipAddress) -> Int { addresses.firstIndex(of: address) ?? index }
            switch effect {
            case .send(let datagram, let address):
                mail.append((to: place(address), event: .received(datagram, from: addresses[index])))
            case .pushPull(let state, let address):
                mail.append((to: place(address), event: .pushPullRequested(state, PushPullID(rawValue: UInt64(index)))))
            case .answerPushPull(let id, let state):
                mail.append((to: Int(id.rawValue), event: .pushPullAnswered(state)))
            case .persistIncarnation(let incarnation):
                mail.append((to: index, event: .incarnationPersisted(incarnation)))
            case .refusePushPull, .observe:
                break
            }
        }
        for tenth in 1...50 {
            let now = Instant.zero.advanced(by: .milliseconds(100 * tenth))
            for index in members.indices {
                members[index].expire(at: now, into: &effects)
                effects.drain { carryOut($0, of: index) }
            }
            while !mail.isEmpty {
                let (index, event) = mail.removeFirst()
                members[index].receive(event, at: now, into: &effects)
                effects.drain { carryOut($0, of: index) }
            }
        }
        let known = members.map(\.members.count)  // each knows the two others
        // end
        #expect(known == [2, 2, 2])
    }
}
