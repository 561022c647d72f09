import Gossip
import Machine
import Node
import Ring
import Storage
import Wire

/// Lets things go wrong in a world: each class at its rate, each time with a victim and a length of its own.
struct FaultInjector {
    let options: FaultOptions
    /// How long the part of the run with faults is, in nanoseconds.
    let length: Int64
    /// The one host whose disk may lose what it said was durable: one good copy of everything stays elsewhere.
    let frail: Int
    /// The most hosts, those that join included.
    let hostLimit: Int
    var generator: SeededGenerator
    /// Disks that have lost, or may have lost, what they said was durable.
    private(set) var disksLost = 0
    /// Hosts that rot or lie: they are not hit by a second loss of another kind.
    private var isFrailSpent = false
    /// Members that an operator has yet to remove.
    var removals: [NodeID] = []
    var isOver = false

    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000

    init(_ options: FaultOptions, length: Int64, hosts: Int, seed: UInt64) {
        self.options = options
        self.length = length
        generator = SeededGenerator(seed: seed)
        frail = Int(generator.below(UInt64(hosts)))
        hostLimit = min(hosts + 2, World.hostLimit)
    }

    /// The faults begin.
    mutating func begin(in world: World) {
        world.conditions.loss = NetworkConditions.threshold(options[.loss])
        world.conditions.duplication = NetworkConditions.threshold(options[.duplication])
        world.conditions.reordering = NetworkConditions.threshold(options[.reordering])
        world.conditions.corruption = NetworkConditions.threshold(options[.corruption])
        world.conditions.lateControl = NetworkConditions.threshold(options[.lateControl])
        world.conditions.delay = NetworkConditions.threshold(options[.delay])
        for kind in options.kinds where !kind.isPerPacket {
            scheduleNext(kind, in: world)
        }
    }

    /// One of a class happens, and the next is scheduled.
    mutating func inject(_ kind: FaultKind, in world: World) {
        guard !isOver else { return }
        scheduleNext(kind, in: world)
        switch kind {
        case .loss, .duplication, .reordering, .delay, .corruption, .lateControl: break
        case .clogging, .disconnection, .halfOpen: injectOnPair(kind, in: world)
        case .partition: cut(world)
        case .kill, .powerCut, .massRestart: crash(kind, in: world)
        case .pause, .slowness, .clock: disturb(kind, in: world)
        case .slowDisk, .diskError, .failedSync, .fullDisk: damageDisk(kind, in: world)
        case .lyingSync, .rot, .lostDisk: loseData(kind, in: world)
        case .join: join(world)
        case .weight: reweigh(world)
        }
    }

    private mutating func scheduleNext(_ kind: FaultKind, in world: World) {
        let mean = options[kind] * Double(Self.second)
        world.after(Int64(generator.unit() * 2 * mean), .fault(kind))
    }

    mutating func draw(_ range: ClosedRange<Int64>) -> Int64 {
        generator.logUniform(range)
    }

    /// Any host on which a node runs.
    mutating func anyRunning(_ world: World) -> SimulatedHost? {
        let running = world.running
        return running.isEmpty ? nil : world.hosts[running[Int(generator.below(UInt64(running.count)))]]
    }

    // MARK: - Ends

    /// Something that went wrong ends.
    mutating func remedy(_ remedy: Remedy, in world: World) {
        switch remedy {
        case .unblock(let pairs):
            if !isOver {
                world.report("a partition ends")
                world.unblock(pairs)
            }
        case .start(let index, let life):
            guard world.hosts[index].life == life else { return }
            restart(world.hosts[index], in: world)
        case .speedUp(let index):
            world.hosts[index].eventCost = 0
        case .mendDisk(let index):
            world.report("the disk of host \(index) works again")
            world.hosts[index].diskFaults.mend()
            world.hosts[index].commitFactor = 1
        case .restart(let index, let life):
            guard world.hosts[index].life == life, world.hosts[index].node != nil, world.hosts[index].failure != nil
            else { return }
            world.end(world.hosts[index], by: .kill)
        case .remove(let member):
            guard removals.contains(member) else { return }
            if world.running.contains(where: { world.knowsRemoval(of: member, at: $0) }) {
                world.marks.count(.removal)
                removals.removeAll { $0 == member }
            } else {
                world.report("an operator removes \(member.description.prefix(8))")
                // The word may be lost with the node that took it: an operator looks again.
                world.direct(member, .remove)
                world.after(2 * Self.second, .remedy(remedy))
            }
        }
    }

    /// A host's process has ended, by whatever: somebody starts it again.
    mutating func hasEnded(_ host: SimulatedHost, in world: World) {
        let wait = isOver ? Self.second : draw(50 * Self.millisecond...30 * Self.second)
        world.after(wait, .remedy(.start(host: host.index, life: host.life)))
    }

    /// Starts a host, or tries again where its disk does not let it.
    private mutating func restart(_ host: SimulatedHost, in world: World) {
        do throws(StorageFailure) {
            try world.start(host)
        } catch {
            world.marks.count(.failedStart)
            world.report("host \(host.index) does not start: \(error)")
            host.failure = error
            host.fileSystem.endProcess()
            if host.index == frail, disksLost > 0, host.diskFaults.isQuiet {
                // What is left of this disk is no node's home any more.
                replaceDisk(of: host, in: world)
            } else {
                world.after(Self.second, .remedy(.start(host: host.index, life: host.life)))
            }
        }
    }

    /// Everything that went wrong ends, but what is lost.
    mutating func end(in world: World) {
        isOver = true
        world.report("all faults end")
        world.conditions = NetworkConditions()
        world.unblockAll()
        for host in world.hosts {
            host.diskFaults.mend()
            host.commitFactor = 1
            host.eventCost = 0
            host.effectsUntilCrash = nil
            if host.busyUntil > world.now {
                host.busyUntil = world.now
                world.wake(index: host.index)
            }
            if host.node == nil {
                world.after(0, .remedy(.start(host: host.index, life: host.life)))
            } else if host.failure != nil {
                // A store that has failed waits for its node's restart.
                world.after(0, .remedy(.restart(host: host.index, life: host.life)))
            }
        }
        // Dead connections of a host that would have stood still for longer are found by now.
        for link in world.links.indices where world.links[link].state == .dead {
            world.after(
                World.keepaliveTime, .notice(link: Int32(link), incarnation: world.links[link].incarnation))
        }
        for member in removals {
            world.after(Self.second, .remedy(.remove(member: member)))
        }
    }

    // MARK: - Loss

    /// What the one frail disk said was durable is lost, in whole or in part.
    private mutating func loseData(_ kind: FaultKind, in world: World) {
        let host = world.hosts[frail]
        guard host.node != nil, world.running.count > 2 else { return }
        // One disk is lost for good, or damaged any number of times: it has no copy that counts either way.
        disksLost = 1
        host.isDamaged = true
        switch kind {
        case .lyingSync:
            world.marks.count(.lyingSync)
            world.report("the disk of host \(host.index) lies about syncs from now on")
            host.diskFaults.change { $0.isLying = true }
            host.isCrashPowerCut = true
            host.effectsUntilCrash = 50 + Int(generator.below(500))
        case .rot:
            world.marks.count(.rot)
            world.report("the disk of host \(host.index) rots")
            rot(host)
        default:
            guard !isFrailSpent else { return }
            isFrailSpent = true
            world.end(host, by: .powerCut)
            replaceDisk(of: host, in: world)
        }
    }

    private mutating func rot(_ host: SimulatedHost) {
        let directory = SimulatedHost.directory + "/store"
        guard let names = try? host.fileSystem.list(directory), !names.isEmpty else { return }
        for _ in 0..<(1 + generator.below(8)) {
            let path = directory + "/" + names[Int(generator.below(UInt64(names.count)))]
            guard let bytes = host.fileSystem.contents(of: path), bytes.readableBytes > 0 else { continue }
            let offset = Int(generator.below(UInt64(bytes.readableBytes)))
            host.fileSystem.flipBits(UInt8(1 << generator.below(8)), in: path, at: offset)
        }
    }

    private mutating func replaceDisk(of host: SimulatedHost, in world: World) {
        guard let seed = world.running.first else {
            world.after(Self.second, .remedy(.start(host: host.index, life: host.life)))
            return
        }
        world.marks.count(.lostDisk)
        world.report("the disk of host \(host.index) is replaced")
        disksLost = 1
        let lost = host.id
        host.diskFaults.mend()
        host.replaceDisk(id: NodeID(from: &generator))
        do throws(StorageFailure) {
            try world.settle(host, joining: seed)
        } catch {
            host.failure = error
        }
        removals.append(lost)
        let patience = isOver ? Self.second : draw(Self.second...60 * Self.second)
        world.after(patience, .remedy(.remove(member: lost)))
    }

    // MARK: - Members

    private mutating func join(_ world: World) {
        let settled = world.running.filter { index in
            world.hosts[index].node.map { $0.exchange.membership[$0.id]?.state == .up } ?? false
        }
        guard world.hosts.count < hostLimit, !settled.isEmpty else { return }
        let seed = settled[Int(generator.below(UInt64(settled.count)))]
        world.marks.count(.join)
        world.report("host \(world.hosts.count) joins through host \(seed)")
        if world.blocked.contains(where: { $0 > 0 }) {
            world.marks.count(.joinWhilePartitioned)
        }
        do throws(StorageFailure) {
            try world.add(joining: seed)
        } catch {
            // A disk that fails at the very beginning: a start later finds nobody at home.
            world.hosts.last?.failure = error
        }
    }

    private mutating func reweigh(_ world: World) {
        let host = world.hosts[Int(generator.below(UInt64(world.hosts.count)))]
        let weight = UInt32(draw(25...400))
        world.report("an operator gives host \(host.index) the weight \(weight)")
        world.marks.count(.weight)
        world.direct(host.id, .none, weight: weight)
    }
}
