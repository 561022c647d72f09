import Causality
import Coordinator
import Machine
import Ring
import Testing

@testable import Simulator

/// The checkers that look into nodes find what is not there.
@Suite struct ClusterCheckerTests {
    /// A node that is a cluster by itself, and a key with one write that somebody claims to have made.
    private static func claim(strictly isStrict: Bool) throws -> (World, KeyHistory) {
        let world = World(options: WorldOptions(ring: try #require(RingConfiguration(partitions: 16))), seed: 7)
        try world.add(joining: nil)
        var key = KeyHistory(name: "key", key: ByteBuffer(string: "key"), model: .register)
        let dot = Dot(actor: ActorID(node: NodeID(high: 1, low: 2), epoch: 1), counter: 1)
        key.writes.append(
            Write(
                operation: 0, client: 0, value: ByteBuffer(string: "value"), past: WriteSet(),
                unnamed: CausalContext(), isBlind: false, elements: WriteSet(), began: 0, outcome: .done, dot: dot,
                isStrict: isStrict, copies: 1))
        return (world, key)
    }

    @Test func `a write that is on no disk is found`() throws {
        let (world, key) = try Self.claim(strictly: false)
        #expect(CopyChecker(of: key, in: world, disksLost: 0).check(0)?.invariant == .enoughCopies)
        #expect(CopyChecker(of: key, in: world, disksLost: 1).check(0) == nil)
        world.end(world.hosts[0], by: .kill)
        #expect(CopyChecker(of: key, in: world, disksLost: 0).check(0) == nil, "who is down may have it")
    }

    @Test func `a strict write that no holder knows of is found`() throws {
        let (world, key) = try Self.claim(strictly: true)
        #expect(
            CopyChecker(of: key, in: world, disksLost: 0).checkHolders(of: 0, in: world.mergedRing)?.invariant
                == .holdersMeet)
        let (other, plain) = try Self.claim(strictly: false)
        #expect(CopyChecker(of: plain, in: other, disksLost: 0).checkHolders(of: 0, in: other.mergedRing) == nil)
    }

    @Test func `a node that forgets members is found`() throws {
        let (world, _) = try Self.claim(strictly: false)
        let checker = ClusterChecker(world: world)
        #expect(checker.checkBounds() == nil)
        world.hosts[0].membershipMeasure = (world.hosts[0].life, .max)
        #expect(checker.checkBounds()?.invariant == .membershipGrows)
        world.hosts[0].membershipMeasure = (world.hosts[0].life &- 1, .max)
        #expect(checker.checkBounds() == nil, "in another life it may")
    }

    @Test func `an incarnation that falls is found, but for another identity`() throws {
        let (world, _) = try Self.claim(strictly: false)
        let checker = ClusterChecker(world: world)
        #expect(checker.checkIncarnations() == nil)
        world.hosts[0].incarnation = (world.hosts[0].id, .max)
        #expect(checker.checkIncarnations()?.invariant == .incarnationsGrow)
        world.hosts[0].incarnation = (NodeID(high: 1, low: 2), .max)
        #expect(checker.checkIncarnations() == nil)
    }

    @Test func `a cluster of which a node is down is not whole`() throws {
        let (world, _) = try Self.claim(strictly: false)
        #expect(ClusterChecker(world: world).isWhole)
        world.end(world.hosts[0], by: .powerCut)
        #expect(!ClusterChecker(world: world).isWhole)
    }
}
