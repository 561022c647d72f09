import Machine
import Storage

/// What the one frail disk said was durable is lost, in whole or in part: all of these count as one host's loss.
extension FaultInjector {
    /// What the one frail disk said was durable is lost, in whole or in part.
    mutating func loseData(_ kind: FaultKind, in world: World) {
        let host = world.hosts[frail]
        guard host.node != nil, world.running.count > 2, !world.hosts.contains(where: { $0.isClone && !$0.isGone })
        else { return }
        // One disk is lost for good, or damaged any number of times: it has no copy that counts either way.
        disksLost = 1
        hasForgotten = hasForgotten || kind.forgets
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
        case .unreadable:
            // More of them leave nothing of so small a store.
            guard !hasUnreadablePlace, !isFrailSpent else { return }
            hasUnreadablePlace = true
            world.marks.count(.unreadableRange)
            makeUnreadable(host, in: world)
        case .misdirectedWrite:
            world.marks.count(.misdirectedWrite)
            let distance = Int(draw(1...64 << 10)) * (generator.chance(1, in: 2) ? 1 : -1)
            world.report("a write to the disk of host \(host.index) goes \(distance) bytes away")
            host.diskFaults.change { $0.misdirection = distance }
        default:
            guard !isFrailSpent else { return }
            isFrailSpent = true
            world.end(host, by: .powerCut)
            replaceDisk(of: host, in: world)
        }
    }

    private mutating func rot(_ host: SimulatedHost) {
        for _ in 0..<(1 + generator.below(8)) {
            guard let (path, byteCount) = anyFile(of: host) else { continue }
            let offset = Int(generator.below(UInt64(byteCount)))
            host.fileSystem.flipBits(UInt8(1 << generator.below(8)), in: path, at: offset)
        }
    }

    /// Some sectors of one file: fewer where the file is short.
    private mutating func makeUnreadable(_ host: SimulatedHost, in world: World) {
        guard let (path, byteCount) = anyFile(of: host) else { return }
        let sector = 512
        let offset = Int(generator.below(UInt64(byteCount))) / sector * sector
        let range = offset..<min(byteCount, offset + Int(draw(1...32)) * sector)
        world.report("\(range.count) bytes of \(path) on host \(host.index) can no longer be read")
        host.fileSystem.setUnreadable(range, in: path)
        // Reads of what is there fail from now on, until somebody looks.
        host.failure = .inputOutput(code: FileSystemFault.inputOutputCode, "a bad place")
        world.after(draw(Self.second...20 * Self.second), .remedy(.replaceDisk))
    }

    /// A file of the host's store that is not empty, and how long it is.
    private mutating func anyFile(of host: SimulatedHost) -> (path: String, byteCount: Int)? {
        let directory = SimulatedHost.directory + "/store"
        guard let names = try? host.fileSystem.list(directory), !names.isEmpty else { return nil }
        let path = directory + "/" + names[Int(generator.below(UInt64(names.count)))]
        guard let bytes = host.fileSystem.contents(of: path), bytes.readableBytes > 0 else { return nil }
        return (path, bytes.readableBytes)
    }

    /// An operator replaces a disk that has a bad place.
    mutating func replaceBadDisk(in world: World) {
        guard !isFrailSpent else { return }
        guard world.running.count > 2, !world.hosts.contains(where: { $0.isClone && !$0.isGone }) else {
            world.after(Self.second, .remedy(.replaceDisk))
            return
        }
        isFrailSpent = true
        world.end(world.hosts[frail], by: .powerCut)
        replaceDisk(of: world.hosts[frail], in: world)
    }

    mutating func replaceDisk(of host: SimulatedHost, in world: World) {
        guard let seed = world.running.first else {
            world.after(Self.second, .remedy(.start(host: host.index, life: host.life)))
            return
        }
        world.marks.count(.lostDisk)
        world.report("the disk of host \(host.index) is replaced")
        disksLost = 1
        let lost = host.id
        host.diskFaults.mend()
        host.replaceDisk(id: NodeID(from: &world.generator))
        do throws(StorageFailure) {
            try world.settle(host, joining: seed)
        } catch {
            host.failure = error
        }
        removals.append(lost)
        isFrailSpent = true
        let patience = isOver ? Self.second : draw(Self.second...60 * Self.second)
        world.after(patience, .remedy(.remove(member: lost)))
    }
}
