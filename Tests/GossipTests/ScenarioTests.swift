import Machine
import Testing

@testable import Gossip

/// What went wrong in groups of this kind before, and must not here.
@Suite struct ScenarioTests {
    @Test(arguments: [1, 2, 3, 7, 40])
    func `members that join by one seed all find each other`(count: Int) {
        var cluster = VirtualCluster(count, seed: 1)
        cluster.isEncoding = true
        cluster.form()
        #expect(cluster.isComplete)
        #expect(cluster.now < .zero.advanced(by: .seconds(30)))
        #expect(cluster.deaths().isEmpty)
        #expect(cluster.largestDatagram <= GossipDatagram.byteLimit)
    }

    @Test func `a member that crashes is called unreachable by all, and by none before its time`() {
        var cluster = VirtualCluster(10, seed: 2)
        cluster.form()
        cluster.run(for: .seconds(20))
        cluster.crash(4)
        let start = cluster.now
        cluster.run(for: .seconds(40))
        #expect(cluster.count(seeing: 4, as: .unreachable) == 9)
        #expect(cluster.deaths().allSatisfy { $0.what == cluster.nodes[4].id })
        #expect(cluster.deaths().allSatisfy { start.duration(to: $0.at) >= .seconds(4) })
    }

    @Test func `a member that restarts refutes its own death`() {
        var cluster = VirtualCluster(5, seed: 3)
        cluster.form()
        cluster.crash(2)
        cluster.run(for: .seconds(60))
        #expect(cluster.count(seeing: 2, as: .unreachable) == 4)
        cluster.restart(2, seeds: [cluster.nodes[0].address])
        cluster.run(for: .seconds(5))
        #expect(cluster.isComplete)
        #expect(cluster.observations { if case .metNewerSelf(let word) = $0 { word } else { nil } }.isEmpty)
    }

    @Test func `a partition longer than every retention heals`() {
        // memberlist#222: after the dead were dropped, neither side knew whom to ask.
        var configuration = GossipConfiguration()
        configuration.tombstoneRetention = .seconds(60)
        var cluster = VirtualCluster(8, configuration: configuration, seed: 4)
        // Without seeds, so that nothing but what each side remembers of the other leads back.
        cluster.formAtOnce()
        cluster.groups = [0, 0, 0, 1, 1, 1, 1, 1]
        cluster.run(for: .seconds(7200))
        #expect(cluster.count(seeing: 0, as: .unreachable) == 5)
        #expect(cluster.count(seeing: 7, as: .unreachable) == 3)
        cluster.groups = []
        let healed = cluster.now
        cluster.run(for: .seconds(90))
        #expect(cluster.isComplete)
        // Nobody is buried again by news from the other side.
        #expect(cluster.deaths(from: healed).isEmpty)
    }

    @Test func `a joiner that was cut off from its seeds finds them later`() {
        var cluster = VirtualCluster(4, seed: 5)
        cluster.groups = [0, 0, 1, 1]
        cluster.join(0, [])
        cluster.join(1, [cluster.nodes[0].address])
        cluster.join(2, [cluster.nodes[0].address])
        cluster.join(3, [cluster.nodes[2].address, cluster.nodes[0].address])
        cluster.run(for: .seconds(600))
        #expect(cluster.count(seeing: 3, as: .alive) == 1)
        cluster.groups = []
        cluster.run(for: .seconds(90))
        #expect(cluster.isComplete)
    }

    @Test(arguments: [true, false])
    func `after a mass restart nobody stays dead`(isIncarnationKept: Bool) {
        // memberlist#311: the restarted had forgotten high incarnations that some others still remembered.
        var cluster = VirtualCluster(30, seed: 6)
        cluster.form()
        for round in 0..<3 {
            for index in cluster.nodes.indices where index % 3 != round {
                cluster.crash(index)
            }
            cluster.run(for: .seconds(12))
            for index in cluster.nodes.indices where index % 3 != round {
                cluster.restart(
                    index, restoring: isIncarnationKept ? nil : 0, seeds: [cluster.nodes[(index + 7) % 30].address])
                cluster.run(for: .milliseconds(100))
            }
        }
        cluster.run(for: .seconds(120))
        #expect(cluster.isComplete)
    }

    @Test func `after a restart of 60 at once, who have forgotten what they were, nobody stays dead`() {
        // memberlist#311, where that was seen in a group of 4,500.
        var cluster = VirtualCluster(65, seed: 17)
        cluster.formAtOnce()
        for index in 0..<60 {
            cluster.receive(.metadataChanged(ByteBuffer(integer: index)), at: index)
        }
        cluster.run(for: .seconds(2))
        for index in 0..<60 {
            cluster.crash(index)
        }
        cluster.run(for: .seconds(40))
        for index in 0..<60 {
            cluster.restart(index, restoring: 0, seeds: [cluster.nodes[60 + index % 5].address])
        }
        cluster.run(for: .seconds(60))
        #expect(cluster.isComplete)
    }

    @Test func `an exchange of everything does not revive a member that is gone`() {
        // memberlist#312: old words travelled from state to state, each taken as a sign of life.
        var cluster = VirtualCluster(20, seed: 7)
        cluster.form()
        cluster.pause(19)
        cluster.crash(3)
        cluster.run(for: .seconds(120))
        #expect(cluster.count(seeing: 3, as: .unreachable) == 18)
        // One that slept through it still believes in the dead, and tells all others.
        cluster.resume(19, timersFirst: true)
        let start = cluster.now
        for index in 0..<19 where index != 3 {
            cluster.receive(
                .pushPullRequested(cluster.nodes[19].machine.state, PushPullID(rawValue: 19)), at: index)
        }
        cluster.run(for: .seconds(120))
        #expect(cluster.count(seeing: 3, as: .unreachable) == 19)
        let revivals = cluster.observations(from: start) { observation -> NodeID? in
            switch observation {
            case .alive(let member), .joined(let member): member.id
            default: nil
            }
        }
        #expect(!revivals.contains { $0.what == cluster.nodes[3].id })
    }

    @Test func `a member that moves to another address stays the same member`() {
        var cluster = VirtualCluster(6, seed: 8)
        cluster.form()
        cluster.crash(1)
        let moved = GossipAddress.literal("10.9.9.9", 9000)
        cluster.restart(1, at: moved, seeds: [cluster.nodes[0].address])
        cluster.run(for: .seconds(5))
        #expect(cluster.isComplete)
        for index in [0, 2, 3, 4, 5] {
            #expect(cluster.nodes[index].machine.member(cluster.nodes[1].id)?.address == moved)
            #expect(cluster.nodes[index].machine.members.count == 5)
        }
    }

    @Test func `an address that another takes over serves the newcomer and not the dead`() {
        // cortex#2130: the newcomer was kept out while the name of the dead was remembered.
        var cluster = VirtualCluster(6, seed: 9)
        cluster.form()
        cluster.crash(1)
        let heir = cluster.add(at: cluster.nodes[1].address)
        let start = cluster.now
        cluster.join(heir, [cluster.nodes[0].address])
        cluster.run(for: .seconds(3))
        #expect(cluster.count(seeing: heir, as: .alive) == 5)
        cluster.run(for: .seconds(60))
        #expect(cluster.count(seeing: heir, as: .alive) == 5)
        #expect(cluster.count(seeing: 1, as: .unreachable) == 6)
        #expect(cluster.deaths(from: start).allSatisfy { $0.what == cluster.nodes[1].id })
        #expect(cluster.observations { if case .metNewerSelf(let word) = $0 { word } else { nil } }.isEmpty)
    }

    @Test func `one that leaves is not called dead, and old news does not bring it back`() {
        var cluster = VirtualCluster(8, seed: 10)
        cluster.form()
        let before = cluster.nodes[0].machine.state
        cluster.receive(.leave, at: 5)
        cluster.run(for: .seconds(6))
        #expect(cluster.nodes[5].observations.contains { $0.what == .departed })
        #expect(cluster.count(seeing: 5, as: .left) == 7)
        cluster.receive(.pushPullAnswered(before), at: 3)
        cluster.run(for: .seconds(60))
        #expect(cluster.count(seeing: 5, as: .left) == 7)
        #expect(cluster.deaths().isEmpty)
        // It may come back, by its own word.
        cluster.receive(.join(seeds: [cluster.nodes[0].address]), at: 5)
        cluster.run(for: .seconds(5))
        #expect(cluster.isComplete)
    }

    @Test func `those that left are dropped after a time, and those forgotten too`() {
        var configuration = GossipConfiguration()
        configuration.tombstoneRetention = .seconds(100)
        var cluster = VirtualCluster(4, configuration: configuration, seed: 11)
        cluster.form()
        cluster.crash(2)
        cluster.run(for: .seconds(30))
        cluster.receive(.forget(cluster.nodes[2].id), at: 0)
        cluster.receive(.leave, at: 3)
        cluster.run(for: .seconds(10))
        #expect(cluster.nodes[1].machine.member(cluster.nodes[2].id)?.status == .left)
        #expect(cluster.nodes[1].machine.member(cluster.nodes[3].id)?.status == .left)
        cluster.run(for: .seconds(150))
        #expect(cluster.nodes[0].machine.members.map(\.id) == [cluster.nodes[1].id])
        #expect(cluster.nodes[1].machine.members.map(\.id) == [cluster.nodes[0].id])
    }

    @Test func `one that is forgotten by mistake says that it is there`() {
        var cluster = VirtualCluster(4, seed: 12)
        cluster.form()
        cluster.receive(.forget(cluster.nodes[2].id), at: 0)
        cluster.run(for: .seconds(10))
        #expect(cluster.isComplete)
    }

    @Test func `a clone under another address is noticed by both`() {
        var cluster = VirtualCluster(5, seed: 13)
        cluster.form()
        // The same identity and the same disk, at another address.
        let copy = cluster.nodes[2]
        let clone = cluster.add()
        let address = cluster.nodes[clone].address
        cluster.nodes[clone].machine = Gossip(
            id: copy.id, address: address, cluster: .test, restoredIncarnation: 0, seed: 99)
        cluster.join(clone, [cluster.nodes[0].address])
        cluster.run(for: .seconds(5))
        for index in [2, clone] {
            #expect(
                cluster.nodes[index].observations.contains {
                    if case .metNewerSelf = $0.what { true } else { false }
                })
        }
    }

    @Test func `a disk that went back in time is noticed, and the member is alive all the same`() {
        var cluster = VirtualCluster(5, seed: 14)
        cluster.form()
        cluster.receive(.metadataChanged(ByteBuffer(string: "later")), at: 2)
        cluster.run(for: .seconds(5))
        cluster.crash(2)
        cluster.restart(2, restoring: 0, seeds: [cluster.nodes[0].address])
        cluster.run(for: .seconds(10))
        #expect(
            cluster.nodes[2].observations.contains { if case .metNewerSelf = $0.what { true } else { false } })
        #expect(cluster.isComplete)
        #expect(
            cluster.nodes[0].machine.member(cluster.nodes[2].id)?.metadata == cluster.nodes[2].machine.own.metadata)
    }

    @Test(arguments: [true, false])
    func `a process that stood still accuses nobody when it goes on`(timersFirst: Bool) {
        var cluster = VirtualCluster(12, seed: 15)
        cluster.form()
        cluster.run(for: .seconds(10))
        cluster.pause(0)
        cluster.run(for: .seconds(600))
        let start = cluster.now
        cluster.resume(0, timersFirst: timersFirst)
        cluster.run(for: .seconds(60))
        #expect(cluster.deaths(from: start).isEmpty)
        #expect(cluster.isComplete)
    }

    @Test func `metadata reaches everyone, and the digest's difference is noticed within a lap`() {
        var cluster = VirtualCluster(10, seed: 16)
        cluster.form()
        cluster.receive(.metadataChanged(ByteBuffer(string: "blue")), at: 3)
        cluster.run(for: .seconds(3))
        for index in cluster.nodes.indices where index != 3 {
            let member = cluster.nodes[index].machine.member(cluster.nodes[3].id)
            #expect(member?.metadata == ByteBuffer(string: "blue"))
            #expect(cluster.nodes[index].observations.contains { $0.what == member.map { .changed($0) } })
        }
        cluster.receive(.digestChanged(77), at: 3)
        let start = cluster.now
        cluster.run(for: .milliseconds(1100))
        let noticed = cluster.observations(from: start) { observation -> UInt64? in
            if case .digestDiffers(_, let theirs) = observation { theirs } else { nil }
        }
        #expect(noticed.contains { $0.what == 77 && $0.node != 3 })
        #expect(noticed.contains { $0.what == 0 && $0.node == 3 })
    }

    @Test func `random crashes, restarts, losses, pauses and partitions end with everyone seeing everyone`() {
        for seed in UInt64(1)...6 {
            var cluster = VirtualCluster(9, seed: seed)
            var chaos = SeededGenerator(seed: seed ^ 0xC0DE)
            cluster.isEncoding = true
            cluster.form()
            cluster.lossPerMille = chaos.below(300)
            for _ in 0..<60 {
                let index = Int(chaos.below(9))
                switch chaos.below(7) {
                case 0 where cluster.nodes[index].isUp: cluster.crash(index)
                case 1 where !cluster.nodes[index].isUp:
                    cluster.restart(index, seeds: [cluster.nodes[Int(chaos.below(9))].address])
                case 2: cluster.groups = (0..<9).map { _ in Int(chaos.below(2)) }
                case 3: cluster.groups = []
                case 4 where cluster.nodes[index].isUp && cluster.nodes[index].unread == nil: cluster.pause(index)
                case 5 where cluster.nodes[index].unread != nil:
                    cluster.resume(index, timersFirst: chaos.chance(1, in: 2))
                case 6 where cluster.nodes[index].isUp && cluster.nodes[index].unread == nil:
                    cluster.receive(.metadataChanged(ByteBuffer(integer: chaos.next())), at: index)
                default: break
                }
                cluster.run(for: .milliseconds(Int64(chaos.below(20_000))))
            }
            cluster.groups = []
            cluster.lossPerMille = 0
            for index in cluster.nodes.indices {
                if cluster.nodes[index].unread != nil {
                    cluster.resume(index, timersFirst: true)
                }
                if !cluster.nodes[index].isUp {
                    cluster.restart(index, seeds: [cluster.nodes[(index + 1) % 9].address])
                }
            }
            cluster.run(for: .seconds(180))
            #expect(cluster.isComplete, "seed \(seed)")
            for node in cluster.nodes {
                for other in cluster.nodes where other.id != node.id {
                    #expect(node.machine.member(other.id) == other.machine.own, "seed \(seed)")
                }
                let met = node.observations.contains { if case .metNewerSelf = $0.what { true } else { false } }
                #expect(!met, "seed \(seed)")
            }
        }
    }
}
