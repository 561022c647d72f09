import Causality
import Coordinator
import Hashing
import Machine
import Node
import Ring
import Storage
import Wire

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

    /// Looks for a strict write among those that hold its partition, by all that is known: fewer than a read asks for
    /// may lack it.
    func checkHolders(of number: Int, _ key: KeyHistory) -> Violation? {
        let write = key.writes[number]
        guard disksLost == 0, write.isStrict, let dot = write.dot, let ring = mergedRing else { return nil }
        let token = Token(key: key.key)
        let replicas = ring.replicas(of: ring.partition(of: token))
        var lacking: [Int] = []
        for position in 0..<replicas.count where replicas.holds(at: position) {
            let id = ring.members[Int(replicas[position])].id
            guard let host = world.hosts.first(where: { $0.id == id }) else { continue }
            if !mayHave(dot, token.value, key.key, host) {
                lacking.append(host.index)
            }
        }
        // Where there are more holders than owners, a read asks for as many more.
        let asked =
            QuorumSize.quorum.resolved(owners: replicas.ownerCount) + max(replicas.holderCount - replicas.ownerCount, 0)
        guard lacking.count >= asked else { return nil }
        return Violation(
            .holdersMeet,
            "strict write \(number) (\(dot)) was acknowledged, and the holders \(lacking) have never heard of it",
            key: key.name)
    }

    /// The ring of all that any node knows: one node's view may be older in what another says of itself.
    private var mergedRing: Ring? {
        var merged: Membership?
        var ring: Ring?
        for host in world.hosts {
            guard let node = host.node else { continue }
            ring = node.view.ring
            if merged?.merge(node.exchange.membership) == nil {
                merged = node.exchange.membership
            }
        }
        guard let merged else { return nil }
        return ring?.epoch == merged.epoch ? ring : Ring(merged, configuration: world.ring)
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
