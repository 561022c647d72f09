import Machine
import Node
import Storage

/// The frail host goes back in time, or there are two of it. That loses what one host had, and no more: what was acknowledged
/// by W nodes is on W−1 others, no dot is issued twice, and in the end there is one node of that identity which has all.
extension FaultInjector {
    /// Takes an image of the frail disk, to be put back later.
    mutating func backUp(_ world: World) {
        let host = world.hosts[frail]
        guard let node = host.node, !isFrailSpent else { return }
        let wait = draw(Self.second...60 * Self.second)
        if generator.chance(1, in: 3), host.diskFaults.isQuiet {
            // A clean stop, and an image before the next start.
            do throws(StorageFailure) {
                try node.close()
                world.marks.count(.cleanStop)
            } catch {
                host.failure = error
            }
            world.end(host, by: .kill)
        }
        world.report("an image is taken of the disk of host \(host.index)")
        backups.append((host.id, host.fileSystem.image(), host.isDamaged))
        world.after(wait, .remedy(.restore(backup: backups.count - 1)))
    }

    /// Puts an image back, unless the disk is another by now.
    mutating func restore(backup index: Int, in world: World) {
        let host = world.hosts[frail]
        // Who is alone has nobody to tell it that it has gone back.
        guard !isOver, backups[index].id == host.id, !isFrailSpent, world.hosts.count > 2 else { return }
        disksLost = 1
        hasForgotten = true
        world.marks.count(.restoredBackup)
        world.end(host, by: .kill)
        world.report("the disk of host \(host.index) is put back to an image")
        host.replaceDisk(with: backups[index].disk.image())
        host.isDamaged = backups[index].isDamaged
    }

    /// Starts a copy of the frail disk on another machine.
    mutating func clone(_ world: World) {
        let host = world.hosts[frail]
        guard host.node != nil, !isFrailSpent, !world.hosts.contains(where: \.isClone),
            (3..<World.hostLimit).contains(world.hosts.count)
        else { return }
        let time = draw(Self.second...60 * Self.second)
        disksLost = 1
        hasForgotten = true
        world.marks.count(.clone)
        let index = world.hosts.count
        world.report("host \(index) starts on a copy of the disk of host \(host.index)")
        world.addClone(of: host, seed: generator.next())
        do throws(StorageFailure) {
            try world.start(world.hosts[index])
        } catch {
            world.hosts[index].failure = error
            world.after(Self.second, .remedy(.start(host: index, life: world.hosts[index].life)))
        }
        world.after(time, .remedy(.endClone(host: index)))
    }

    /// Ends a copy for good.
    mutating func endClone(_ host: SimulatedHost, in world: World) {
        guard !host.isGone else { return }
        host.isGone = true
        world.report("the copy on host \(host.index) is gone")
        world.end(host, by: .kill)
    }
}
