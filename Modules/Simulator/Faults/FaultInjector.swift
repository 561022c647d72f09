import Gossip
import Machine
import Node
import Ring
import Storage
import Wire

/// Lets things go wrong in a world: each class at its rate, each time with a victim and a length of its own.
struct FaultInjector {
    let options: FaultOptions
    /// How long the part of the run with faults is, in nanoseconds: as was asked for, and with a long partition.
    let usualLength: Int64
    var length: Int64
    /// What is left out.
    let omissions: Omissions
    /// The one host whose disk may lose what it said was durable: one good copy of everything stays elsewhere.
    let frail: Int
    /// The most hosts, those that join included.
    let hostLimit: Int
    /// The numbers of the fault or remedy that is being carried out: each has its own.
    var generator: SeededGenerator
    private let seed: UInt64
    /// How many faults of each class there were, those that were left out too.
    private var counts = [Int](repeating: 0, count: FaultKind.allCases.count)
    /// Disks that have lost, or may have lost, what they said was durable.
    var disksLost = 0
    /// The frail disk has lost some of that, and its node goes on answering: not the loss of a whole disk.
    var hasForgotten = false
    /// The frail disk has been replaced.
    var isFrailSpent = false
    /// Images of the frail disk, and whose they are.
    var backups: [(id: NodeID, disk: VirtualFileSystem, isDamaged: Bool)] = []
    var hasUnreadablePlace = false
    var hasLongPartition = false
    var hasLongPause = false
    /// Members that an operator has yet to remove.
    var removals: [NodeID] = []
    var isOver = false

    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000

    init(_ options: FaultOptions, length: Int64, hosts: Int, omissions: Omissions = Omissions(), seed: UInt64) {
        self.options = options
        self.length = length
        usualLength = length
        self.omissions = omissions
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        frail = Int(generator.below(UInt64(hosts)))
        hostLimit = min(hosts + 2, World.hostLimit)
    }

    /// The classes that are on, and how many faults of each there were.
    var parts: [(source: Omissions.Source, count: Int)] {
        options.kinds.map { kind in (.fault(kind), kind.isPerPacket ? 1 : counts[Self.index(of: kind)]) }
    }

    private static func index(of kind: FaultKind) -> Int { FaultKind.allCases.firstIndex(of: kind) ?? 0 }

    /// Begins the draws of one fault or remedy, whatever was drawn for others.
    private mutating func beginDraws(_ name: UInt64, _ number: UInt64) {
        generator = SeededGenerator(seed: seed ^ name &+ number &* 0x9e37_79b9_7f4a_7c15)
    }

    private mutating func beginDraws(for host: SimulatedHost) {
        beginDraws(UInt64(host.index) << 32, UInt64(host.life))
    }

    /// The faults begin.
    mutating func begin(in world: World) {
        func threshold(_ kind: FaultKind) -> UInt64 {
            omissions.contains(0, of: .fault(kind)) ? 0 : NetworkConditions.threshold(options[kind])
        }
        world.conditions.loss = threshold(.loss)
        world.conditions.duplication = threshold(.duplication)
        world.conditions.replay = threshold(.replay)
        world.conditions.reordering = threshold(.reordering)
        world.conditions.corruption = threshold(.corruption)
        world.conditions.lateControl = threshold(.lateControl)
        world.conditions.delay = threshold(.delay)
        for kind in options.kinds where !kind.isPerPacket {
            beginDraws(kind.seed, .max)
            scheduleNext(kind, in: world)
        }
    }

    /// One of a class happens, and the next is scheduled.
    mutating func inject(_ kind: FaultKind, in world: World) {
        guard !isOver else { return }
        let number = counts[Self.index(of: kind)]
        counts[Self.index(of: kind)] += 1
        beginDraws(kind.seed, UInt64(number))
        scheduleNext(kind, in: world)
        guard !omissions.contains(number, of: .fault(kind)) else { return }
        switch kind {
        case .loss, .duplication, .replay, .reordering, .delay, .corruption, .lateControl: break
        case .clogging, .disconnection, .halfOpen: injectOnPair(kind, in: world)
        case .stalledControl: stallControl(world)
        case .partition: cut(world, for: draw(10 * Self.millisecond...max(usualLength / 2, Self.second)))
        case .longPartition: cutForLong(world)
        case .kill, .powerCut, .massRestart: crash(kind, in: world)
        case .pause, .slowness, .clock: disturb(kind, in: world)
        case .longPause: pauseForLong(world)
        case .slowDisk, .diskError, .failedSync, .fullDisk: damageDisk(kind, in: world)
        case .lyingSync, .rot, .lostDisk, .misdirectedWrite, .unreadable: loseData(kind, in: world)
        case .restoredBackup: backUp(world)
        case .clone: clone(world)
        case .overload: overload(world)
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
        case .resumeControl(let links):
            if !isOver {
                world.report("control connections that crept get on again")
                world.resumeControl(of: links)
            }
        case .start(let index, let life):
            guard world.hosts[index].life == life, !world.hosts[index].isGone else { return }
            beginDraws(for: world.hosts[index])
            restart(world.hosts[index], in: world)
        case .replaceDisk:
            replaceBadDisk(in: world)
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
            // Somebody knows it who will not forget it.
            let safe = world.running.filter { $0 != frail && !world.hosts[$0].isClone }
            if safe.contains(where: { world.knowsRemoval(of: member, at: $0) }) {
                world.marks.count(.removal)
                removals.removeAll { $0 == member }
            } else {
                world.report("an operator removes \(member.description.prefix(8))")
                // The word may be lost with the node that took it: an operator looks again.
                world.direct(member, .remove)
                world.after(2 * Self.second, .remedy(remedy))
            }
        case .restore(let index):
            restore(backup: index, in: world)
        case .endClone(let index):
            endClone(world.hosts[index], in: world)
        }
    }

    /// A host's process has ended, by whatever: somebody starts it again.
    mutating func hasEnded(_ host: SimulatedHost, in world: World) {
        guard !host.isGone else { return }
        beginDraws(for: host)
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
        world.hurryUntil = 0
        world.unblockAll()
        world.resumeAllControl()
        for host in world.hosts where host.isClone {
            endClone(host, in: world)
        }
        for host in world.hosts where !host.isGone {
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
        if hasUnreadablePlace {
            world.after(2 * Self.second, .remedy(.replaceDisk))
        }
    }
}
