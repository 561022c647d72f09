import Hashing
import Machine
import Node
import Ring
import Storage
import Wire

/// What must be true of a whole cluster, seen from outside of it.
struct ClusterChecker {
    let world: World
    /// The most keys that there are.
    var keyLimit = Int.max

    private var nodes: [Node] { world.hosts.compactMap(\.node) }

    /// Whether every host runs, is up, and sees every other as reachable under the same membership.
    var isWhole: Bool {
        let nodes = nodes
        guard let first = nodes.first, nodes.count == world.hosts.count(where: { !$0.isGone }) else { return false }
        let epoch = first.exchange.membership.epoch
        return nodes.allSatisfy { node in
            let membership = node.exchange.membership
            return membership.epoch == epoch && membership[node.id]?.effectiveState == .up
                && nodes.allSatisfy { node.view.isReachable($0.id) }
                && membership.records.allSatisfy { record in
                    !record.effectiveState.isInRing || nodes.contains { $0.id == record.id }
                }
        }
    }

    /// Whether beyond that every owner holds what it should, nobody else does, and nothing is left to do; where a disk is
    /// damaged, what is left there is not asked for.
    var isAtRest: Bool {
        guard isWhole, let ring = nodes.first?.view.ring else { return false }
        let isIdle = world.hosts.allSatisfy { host in
            host.isGone || host.isDamaged || host.node.map { $0.workCount == 0 && $0.reader.hintCount == 0 } ?? false
        }
        let strayLimit = world.hosts.count { $0.isDamaged }
        return isIdle
            && ring.partitions.allSatisfy { partition in
                let replicas = ring.replicas(of: partition)
                return replicas.holderCount >= replicas.ownerCount
                    && replicas.count <= replicas.ownerCount + strayLimit
            }
    }

    /// What a node knows of the members only grows in its life.
    func checkMembership() -> Violation? {
        for host in world.hosts {
            guard let node = host.node else { continue }
            let measure = node.exchange.membership.epoch.measure
            if let known = host.membershipMeasure, known.life == host.life, measure < known.measure {
                return Violation(
                    .membershipGrows,
                    "host \(host.index) knew the membership of \(known.measure), and now of \(measure)")
            }
            host.membershipMeasure = (host.life, measure)
        }
        return nil
    }

    /// What is in work is bounded at every moment, and the membership grows.
    func checkBounds() -> Violation? {
        if let violation = checkMembership() {
            return violation
        }
        for host in world.hosts {
            guard let node = host.node else { continue }
            if node.reader.hintCount > 0 {
                world.marks.count(.hinted)
            }
            // Members that are gone are still hinted for until their owner is another.
            if keyLimit < .max, node.reader.hintCount > keyLimit * (world.hosts.count + 2) {
                return Violation(.bounded, "host \(host.index) has \(node.reader.hintCount) hints")
            }
            // Each client waits for one request, and each of them is some dozen pieces of work at most.
            if node.workCount > 20_000 {
                return Violation(.bounded, "host \(host.index) has \(node.workCount) pieces of work")
            }
        }
        return nil
    }

    /// Only its owner raises an incarnation, and only to one that outlives it; where no disk goes back in time.
    func checkIncarnations() -> Violation? {
        for host in world.hosts {
            guard let node = host.node, let own = node.incarnation(of: host.id) else { continue }
            if let known = host.incarnation, known.id == host.id, own < known.number {
                return Violation(
                    .incarnationsGrow, "host \(host.index) said the incarnation \(known.number), and now \(own)")
            }
            host.incarnation = (host.id, own)
            for other in world.hosts where other.index != host.index {
                if let heard = other.node?.incarnation(of: host.id), heard > own {
                    return Violation(
                        .incarnationsGrow,
                        "host \(other.index) has heard of the incarnation \(heard) of host \(host.index), which is at \(own)"
                    )
                }
            }
        }
        return nil
    }

    /// In a cluster at rest the copies of every partition are the same at all owners, and nobody else has any.
    func checkCopies() -> Violation? {
        guard let first = nodes.first else { return nil }
        let ring = first.view.ring
        for node in nodes where node.view.ring.epoch == ring.epoch {
            for partition in ring.partitions
            where node.view.ring.ownerIDs(of: partition) != ring.ownerIDs(of: partition) {
                return Violation(.samePlacement, "\(partition) has different owners in one membership")
            }
        }
        let zones = Set(ring.members.lazy.filter { $0.effectiveState.isPlaced }.map(\.zone)).count
        for partition in ring.partitions {
            let owners = ring.ownerIDs(of: partition)
            let theirs = Set(ring.members.lazy.filter { owners.contains($0.id) }.map(\.zone)).count
            guard theirs == min(zones, owners.count) else {
                return Violation(.zonesDistinct, "the \(owners.count) owners of \(partition) are in \(theirs) zones")
            }
            var expected: (host: Int, entries: [ObjectReader.Entry])?
            for host in world.hosts {
                guard let node = host.node else { continue }
                let entries: [ObjectReader.Entry]
                do {
                    entries = try Self.entries(of: node.reader, in: ring.tokens(of: partition))
                } catch {
                    return Violation(.ownersAlike, "host \(host.index) cannot read \(partition): \(error)")
                }
                guard owners.contains(host.id) else {
                    if let stray = entries.first, !host.isDamaged {
                        return Violation(
                            .ownersAlike, "host \(host.index) owns no part of \(partition), and has a copy",
                            key: String(buffer: stray.key))
                    }
                    continue
                }
                if let expected, let key = Self.difference(expected.entries, entries) {
                    return Violation(
                        .ownersAlike, "hosts \(expected.host) and \(host.index) have different copies", key: key)
                }
                expected = (host.index, entries)
            }
        }
        return nil
    }

    /// The key of the first entry that one has and the other has not, or has differently.
    private static func difference(_ left: [ObjectReader.Entry], _ right: [ObjectReader.Entry]) -> String? {
        for (mine, theirs) in zip(left, right) where mine != theirs {
            return String(buffer: mine.key)
        }
        guard left.count != right.count else { return nil }
        let longer = left.count > right.count ? left : right
        return String(buffer: longer[min(left.count, right.count)].key)
    }

    private static func entries(
        of reader: ObjectReader, in tokens: ClosedRange<UInt64>
    ) throws(StorageFailure) -> [ObjectReader.Entry] {
        var result: [ObjectReader.Entry] = []
        var from: UInt64? = tokens.lowerBound
        while let first = from {
            let page = reader.page(tokens: first...tokens.upperBound, limit: 1024)
            result += try reader.objects(of: page.entries).compactMap { $0 }
            from = page.next
        }
        // Equal tokens are in no order of their own.
        return result.sorted { ($0.token, $0.hash) < ($1.token, $1.hash) }
    }
}
