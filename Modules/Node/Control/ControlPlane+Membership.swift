import Gossip
import Handoff
import Machine
import Ring
import Wire

extension ControlPlane {
    var ownExchange: MembershipExchange {
        MembershipExchange(configuration: configuration.ring, membership: membership)
    }

    /// Begins to gossip, and publishes the first view.
    mutating func start(seeds: [GossipAddress], at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard !hasStarted else { return }
        hasStarted = true
        gossip.receive(.digestChanged(membership.epoch.digest), at: now, into: &gossipEffects)
        let known = membership.records.filter { $0.id != own && $0.effectiveState.isInRing }
            .compactMap { GossipAddress(host: $0.host, port: $0.port) }
        let all = seeds + known.filter { !seeds.contains($0) }
        tell(.join(seeds: Array(all.prefix(Gossip.seedLimit))), at: now, into: &effects)
        publish(at: now, into: &effects)
        spread(at: now, into: &effects)
    }

    /// Takes in another node's membership.
    mutating func take(
        _ exchange: MembershipExchange, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        // An empty membership comes from a node that is about to join and asks what the cluster is like.
        guard !exchange.membership.records.isEmpty else { return }
        guard exchange.configuration == configuration.ring else {
            effects.emit(.observe(.foreignExchange(exchange.configuration)))
            return
        }
        let ownBefore = membership[own]
        let changed = membership.merge(exchange.membership)
        guard !changed.isEmpty else { return }
        if let before = ownBefore, let after = membership[own], after.version > before.version {
            assertOwnWord(before, over: after, into: &effects)
        }
        membershipChanged(at: now, into: &effects)
    }

    /// Somebody has a later word of this node than the node itself, which its disk has forgotten. The node knows better
    /// what it is and holds: it says that again, under a version beyond.
    private mutating func assertOwnWord(
        _ before: Member, over after: Member, into effects: inout Effects<ControlEffect>
    ) {
        effects.emit(.observe(.ownRecordIsNewer(version: after.version)))
        membership.amend(own) { record in
            record.name = before.name
            record.host = before.host
            record.port = before.port
            record.httpPort = before.httpPort
            record.respPort = before.respPort
            record.zone = before.zone
            record.weight = before.weight
            record.softwareVersion = before.softwareVersion
            record.holdings = before.holdings
            record.state = before.state
        }
    }

    /// Changes this node's own word, and spreads it.
    mutating func amendOwn(
        at now: Instant, into effects: inout Effects<ControlEffect>, _ change: (inout Member) -> Void
    ) {
        guard membership.amend(own, change) else { return }
        membershipChanged(at: now, into: &effects)
    }

    mutating func membershipChanged(at now: Instant, into effects: inout Effects<ControlEffect>) {
        effects.emit(.persistMembership(membership))
        tell(.digestChanged(membership.epoch.digest), at: now, into: &effects)
        publish(at: now, into: &effects)
        spread(at: now, into: &effects)
    }

    /// Tells a few members, chosen at random, at once.
    private mutating func spread(at now: Instant, into effects: inout Effects<ControlEffect>) {
        var others = view.ring.members.map(\.id).filter { $0 != own && !unreachable.contains($0) }
        for _ in 0..<min(configuration.exchangeFanout, others.count) {
            let index = Int(generator.below(UInt64(others.count)))
            exchange(with: others.remove(at: index), at: now, into: &effects)
        }
    }

    /// Compares memberships with a node, unless that is under way.
    mutating func exchange(with node: NodeID, at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard node != own, membership[node] != nil, !exchanges.contains(where: { $0.node == node }),
            exchanges.count < Membership.limit
        else { return }
        exchanges.append((node, now.advanced(by: configuration.exchangeTimeout)))
        effects.emit(.exchange(ownExchange, with: node))
    }

    /// Makes a view of the membership and of who can be reached, for the shards and for the machines here.
    mutating func publish(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard hasStarted else { return }
        var ring = view.ring
        if ring.epoch != membership.epoch {
            ring = Ring(membership, configuration: configuration.ring)
            effects.emit(.observe(.ringChanged(epoch: ring.epoch, members: ring.members.count)))
        }
        view = ClusterView(ring: ring, own: own, unreachable: unreachable)
        let unreachable = unreachable
        current = HandoffView(ring: ring, own: own) { !unreachable.contains($0) }
        published.append(current)
        effects.emit(.publish(view))
        // A machine may answer with a claim, and so with another view, before the next has heard of this one: each is told
        // what is current by then, never an older view after a newer.
        tellAcquisition(.viewChanged(current), at: now, into: &effects)
        tellHints(.viewChanged(current), at: now, into: &effects)
        tellHomecoming(.viewChanged(current), at: now, into: &effects)
        serveIfComplete(at: now, into: &effects)
    }

    /// Every shard goes by the view of this epoch, or a later one.
    mutating func adopt(_ epoch: RingEpoch, at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard let index = published.lastIndex(where: { $0.epoch == epoch }) else { return }
        let before = adopted
        adopted = published[index]
        published.removeFirst(index + 1)
        // Until now a shard may have stored as an owner, behind homecoming's look at what there was.
        for partition in before.owned where !adopted.owned.contains(partition) {
            tellHomecoming(.strayStored(partition), at: now, into: &effects)
        }
    }

    /// A joining member that holds all that it should own is up.
    private mutating func serveIfComplete(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard let record = membership[own], record.state == .joining, let index = view.ring.index(of: own) else {
            return
        }
        let isComplete = view.ring.partitions(ownedBy: index).allSatisfy { record.holdings.contains($0) }
        guard isComplete, view.ring.ownedCount(of: index) > 0 else { return }
        effects.emit(.observe(.up))
        amendOwn(at: now, into: &effects) { $0.state = .up }
    }
}
