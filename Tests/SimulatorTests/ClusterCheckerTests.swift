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

    @Test func `a hint that goes before its owner has what it was kept for is found`() throws {
        let (world, key) = try Self.claim(strictly: false)
        let dot = try #require(key.writes[0].dot)
        let owner = world.hosts[0]
        var checker = HintChecker()
        world.hintNotes = [.kept(host: 0, life: owner.life, owner: owner.id, key: key.key, dot: dot)]
        #expect(checker.check(world, ring: world.mergedRing)?.invariant == .hintsAreConfirmed)
        // What was not on disk yet when its node ended was never a hint.
        checker = HintChecker()
        world.hintNotes = [.kept(host: 0, life: owner.life &- 1, owner: owner.id, key: key.key, dot: dot)]
        #expect(checker.check(world, ring: world.mergedRing) == nil)
        // Who has nothing to do with the key by somebody's ring need not have it.
        let stranger = NodeID(high: 3, low: 4)
        let ring = try #require(world.mergedRing)
        checker = HintChecker()
        world.hintNotes = [
            .kept(host: 0, life: owner.life, owner: stranger, key: key.key, dot: dot), .ring(ring),
        ]
        #expect(checker.check(world, ring: ring) == nil)
    }

    @Test func `an owner that was not told of a write is found, unless its coordinator has ended since`() throws {
        let (world, claimed) = try Self.claim(strictly: false)
        let ring = try #require(world.mergedRing)
        var key = claimed
        key.writes[0].dot = Dot(actor: ActorID(node: world.hosts[0].id, epoch: 1), counter: 1)
        #expect(ReachChecker(of: key, in: world, ring).check()?.invariant == .ownersAreTold)
        world.hosts[0].started = 1
        #expect(ReachChecker(of: key, in: world, ring).check() == nil)
        #expect(ReachChecker(of: claimed, in: world, ring).check() == nil, "nobody's dot")
    }

    @Test func `who has come to hold a partition without a write that was acknowledged before is found`() throws {
        let (world, claimed) = try Self.claim(strictly: true)
        var key = claimed
        func check() -> Invariant? {
            CopyChecker(of: key, in: world, disksLost: 0).checkNewcomers(of: 0, in: world.mergedRing)?.invariant
        }
        #expect(check() == nil, "nobody knows who was an owner")
        key.writes[0].replicas = [NodeID(high: 3, low: 4)]
        #expect(check() == .newcomersHaveAll)
        key.writes[0].replicas.append(world.hosts[0].id)
        #expect(check() == nil, "it was one already")
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
