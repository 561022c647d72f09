import Machine

extension FaultInjector {
    mutating func crash(_ kind: FaultKind, in world: World) {
        guard kind != .massRestart else {
            world.marks.count(.massRestart)
            for host in world.hosts where host.node != nil {
                world.end(host, by: .powerCut)
            }
            return
        }
        guard let host = anyRunning(world) else { return }
        host.isCrashPowerCut = kind == .powerCut
        switch generator.below(kind == .powerCut ? 3 : 2) {
        case 0:
            world.end(host, by: kind == .powerCut ? .powerCut : .kill)
        case 1:
            // Within the effects of one of the next events.
            host.effectsUntilCrash = Int(generator.below(40))
        default:
            // Within one of the next commits.
            let calls = Int(generator.below(12))
            host.diskFaults.change { $0.callsUntilPowerCut = calls }
        }
    }

    mutating func disturb(_ kind: FaultKind, in world: World) {
        guard let host = anyRunning(world) else { return }
        switch kind {
        case .pause:
            world.marks.count(.pause)
            pause(host, for: draw(Self.millisecond...max(usualLength / 3, Self.second)), in: world)
        case .slowness:
            world.marks.count(.slowHost)
            host.eventCost = draw(50_000...20 * Self.millisecond)
            world.report("host \(host.index) takes \(Duration.nanoseconds(host.eventCost)) for an event")
            world.after(draw(Self.second...30 * Self.second), .remedy(.speedUp(host: host.index)))
        default:
            world.marks.count(.clockJump)
            let jump = Int64(generator.below(7_200_000)) - 3_600_000
            host.wallSkew = max(-3_600_000, min(3_600_000, jump))
            host.wallDrift = Int64(generator.below(2001)) - 1000
            world.report("the wall clock of host \(host.index) is \(host.wallSkew) ms ahead")
        }
    }

    private func pause(_ host: SimulatedHost, for time: Int64, in world: World) {
        world.report("host \(host.index) stands still for \(Duration.nanoseconds(time))")
        host.busyUntil = max(host.busyUntil, world.now + time)
        guard time > World.keepaliveTime else { return }
        world.marks.count(.silentPause)
        for other in world.hosts where other.index != host.index {
            let theirs = World.pair(other.index, host.index)
            if world.links[theirs].state == .open {
                let notice = WorldEvent.notice(link: Int32(theirs), incarnation: world.links[theirs].incarnation)
                world.after(World.keepaliveTime, notice)
            }
            // The others have hung up by the time that the process goes on.
            world.breakLink(World.pair(host.index, other.index), noticedAfter: time)
        }
    }

    /// A process stands still for longer than anybody waits for it; once in a run.
    mutating func pauseForLong(_ world: World) {
        guard !hasLongPause, let host = anyRunning(world) else { return }
        hasLongPause = true
        world.marks.count(.pauseOfMinutes)
        let time = draw(60 * Self.second...600 * Self.second)
        length += time
        pause(host, for: time, in: world)
    }

    /// Clients come ten times as often.
    mutating func overload(_ world: World) {
        world.marks.count(.overload)
        let time = draw(Self.second...10 * Self.second)
        world.report("clients come ten times as often for \(Duration.nanoseconds(time))")
        world.hurryUntil = max(world.hurryUntil, world.now + time)
    }

    mutating func damageDisk(_ kind: FaultKind, in world: World) {
        guard let host = anyRunning(world) else { return }
        var time = draw(100 * Self.millisecond...10 * Self.second)
        switch kind {
        case .slowDisk:
            world.marks.count(.slowDisk)
            host.commitFactor = draw(2...300)
            time = draw(Self.second...30 * Self.second)
        case .diskError:
            world.marks.count(.diskError)
            let rarity = UInt64(draw(1...100))
            host.diskFaults.change { $0.failing = rarity }
        case .failedSync:
            world.marks.count(.failedSync)
            let rarity = UInt64(draw(1...20))
            host.diskFaults.change { $0.failingSync = rarity }
        default:
            world.marks.count(.fullDisk)
            host.diskFaults.change { $0.isFull = true }
            time = draw(100 * Self.millisecond...20 * Self.second)
        }
        world.report("\(kind) on host \(host.index) for \(Duration.nanoseconds(time))")
        world.after(time, .remedy(.mendDisk(host: host.index)))
        // An operator restarts a node whose store has become read-only.
        let patience = time + draw(Self.second...20 * Self.second)
        world.after(patience, .remedy(.restart(host: host.index, life: host.life)))
    }
}
