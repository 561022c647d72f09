import Causality
import Hashing
import Machine
import Node
import Storage

/// Whether what was acknowledged is where it was said to be: looked at when it is acknowledged, and now and then.
struct CopyChecker {
    let world: World
    let disksLost: Int

    /// Counts the disks that know of a write, in its own words or in those of a write that has seen it. A host that is down,
    /// or whose disk fails or is damaged, may have it: it counts as one that has.
    func check(_ number: Int, of key: KeyHistory) -> Violation? {
        let write = key.writes[number]
        guard let dot = write.dot else { return nil }
        let wanted = min(write.copies, world.hosts.count) - disksLost
        var found = 0
        let token = Token(key: key.key).value
        for host in world.hosts {
            if mayHave(dot, token, key.key, host) {
                found += 1
            }
            if found >= wanted {
                return nil
            }
        }
        return Violation(
            .enoughCopies,
            "write \(number) (\(dot)) was acknowledged by \(write.copies), and \(found) have it on disk", key: key.name)
    }

    private func mayHave(_ dot: Dot, _ token: UInt64, _ key: ByteBuffer, _ host: SimulatedHost) -> Bool {
        guard let node = host.node, !host.isDamaged, host.failure == nil else { return true }
        do throws(StorageFailure) {
            return try node.reader.read(token: token, key: key)?.context.contains(dot) ?? false
        } catch {
            return true
        }
    }
}
