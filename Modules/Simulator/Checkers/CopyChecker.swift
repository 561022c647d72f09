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
    /// What a host has of a key.
    enum Copy {
        /// It is down, or its disk fails or is damaged: it counts as one that has everything.
        case unknown
        /// Its copy knows this; nothing where it has none.
        case knows(CausalContext)

        func mayHave(_ dot: Dot) -> Bool {
            switch self {
            case .unknown: true
            case .knows(let context): context.contains(dot)
            }
        }
    }

    let world: World
    let disksLost: Int
    let key: KeyHistory
    /// By host: read once, however many writes are asked for.
    private let copies: [Copy]

    init(of key: KeyHistory, in world: World, disksLost: Int) {
        self.world = world
        self.disksLost = disksLost
        self.key = key
        let token = key.token.value
        copies = world.hosts.map { Self.copy(of: key.key, token, at: $0) }
    }

    private static func copy(of key: ByteBuffer, _ token: UInt64, at host: SimulatedHost) -> Copy {
        guard !host.isGone else { return .knows(CausalContext()) }
        guard let node = host.node, !host.isDamaged, host.failure == nil else { return .unknown }
        do throws(StorageFailure) {
            return .knows(try node.reader.context(token: token, key: key) ?? CausalContext())
        } catch {
            return .unknown
        }
    }

    /// Whether W disks know of a write, in its own words or in those of a write that has seen it.
    func check(_ number: Int) -> Violation? {
        guard let dot = key.writes[number].dot else { return nil }
        let wanted = min(key.writes[number].copies, world.hosts.count { !$0.isClone }) - disksLost
        let found = copies.count { $0.mayHave(dot) }
        guard found < wanted else { return nil }
        return Violation(
            .enoughCopies,
            "write \(number) (\(dot)) was acknowledged by \(key.writes[number].copies), and \(found) have it on disk",
            key: key.name)
    }

    /// Looks for a strict write among those that hold its partition in a ring: fewer than a read asks for may lack it.
    func checkHolders(of number: Int, in ring: Ring?) -> Violation? {
        guard disksLost == 0, key.writes[number].isStrict, let dot = key.writes[number].dot, let ring else {
            return nil
        }
        let replicas = ring.replicas(of: ring.partition(of: key.token))
        var lacking: [Int] = []
        for position in 0..<replicas.count where replicas.holds(at: position) {
            let id = ring.members[Int(replicas[position])].id
            guard let host = world.hosts.first(where: { $0.id == id }) else { continue }
            if !copies[host.index].mayHave(dot) {
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
}

extension CopyChecker {
    /// Looks for a strict write at the owners that hold its partition and neither owned nor held it to the write's coordinator:
    /// they have read the copies of those who did, after these knew of them.
    func checkNewcomers(of number: Int, in ring: Ring?) -> Violation? {
        let write = key.writes[number]
        guard disksLost == 0, write.isStrict, !write.replicas.isEmpty, let dot = write.dot, let ring else { return nil }
        let replicas = ring.replicas(of: ring.partition(of: key.token))
        for position in 0..<replicas.ownerCount where replicas.holds(at: position) {
            let id = ring.members[Int(replicas[position])].id
            guard !write.replicas.contains(id), let host = world.hosts.first(where: { $0.id == id }) else { continue }
            if !copies[host.index].mayHave(dot) {
                return Violation(
                    .newcomersHaveAll,
                    "strict write \(number) (\(dot)) was acknowledged without host \(host.index), which has come to hold its "
                        + "partition since and has never heard of it", key: key.name)
            }
        }
        return nil
    }
}

extension World {
    /// The ring as the node that made a dot knows it; `nil` where it does not run.
    func ring(ofMakerOf dot: Dot) -> Ring? {
        hosts.first { $0.id == dot.actor.node && !$0.isClone }?.node?.view.ring
    }

    /// The ring of all that any node knows: one node's view may be older in what another says of itself.
    var mergedRing: Ring? {
        var merged: Membership?
        for host in hosts {
            guard let node = host.node else { continue }
            if merged?.merge(node.exchange.membership) == nil {
                merged = node.exchange.membership
            }
        }
        guard let merged else { return nil }
        if lastMergedRing?.epoch != merged.epoch {
            let known = hosts.lazy.compactMap { $0.node?.view.ring }.first { $0.epoch == merged.epoch }
            lastMergedRing = known ?? Ring(merged, configuration: ring, after: lastMergedRing)
        }
        return lastMergedRing
    }
}
