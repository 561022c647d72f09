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
        settlesAt = now.advanced(by: configuration.settleTimeout)
        publish(at: now, into: &effects)
        spread(at: now, into: &effects)
        if all.isEmpty {
            settle(at: now, into: &effects)
        }
    }

    /// Takes in another node's membership; `node` is `nil` where it is not known whose.
    mutating func take(
        _ exchange: MembershipExchange, from node: NodeID?, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        // An empty membership comes from a node that is about to join and asks what the cluster is like.
        guard !exchange.membership.records.isEmpty else { return }
        guard exchange.configuration == configuration.ring else {
            effects.emit(.observe(.foreignExchange(exchange.configuration)))
            return
        }
        upcoming.merge(exchange.membership, except: own)
        if let word = exchange.membership[own] {
            hear(ownWord: word, at: now, into: &effects)
            // Whoever has this word, or a later one, has heard of this start.
            isTold = isTold || upcoming[own].map { word.runs.contains($0.run) } ?? false
        }
        persist(into: &effects)
        settleIfHeard(node, at: now, into: &effects)
    }

    /// Most of the others have had their say: whoever has known more of this node than it remembers is among them. For the
    /// node that its disk has forgotten had most of them hear of it too, or wrote as another actor (``settleUnheard(at:into:)``).
    private mutating func settleIfHeard(
        _ node: NodeID?, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        guard settlesAt != nil, let node else { return }
        heard.insert(node)
        var (others, speakers) = (0, 0)
        for record in upcoming.records where record.id != own && record.effectiveState.isInRing {
            others += 1
            speakers += heard.contains(record.id) ? 1 : 0
        }
        if 2 * speakers > others {
            settle(at: now, into: &effects)
        }
    }

    /// What others hold to be this node's own word. Nobody heard one that was not on its disk: if it is not the one that the
    /// node remembers, its disk has forgotten it, or another node runs on a copy.
    private mutating func hear(ownWord word: Member, at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard let before = upcoming[own], before != word else { return }
        var trial = Membership([before])
        trial.merge(word)
        guard let after = trial[own], after != before else { return }
        let isForeign = after.version > before.version || !after.runs.allSatisfy { before.runs.contains($0) }
        guard isForeign || !after.hasSameWord(as: before) else {
            upcoming.merge(word)
            return
        }
        // Else it is a word of this node's own, of a start that came to nothing.
        foreignWord = foreignWord.map { $0.version < word.version ? word : $0 } ?? word
        contradictIfDue(at: now, into: &effects)
        if isForeign {
            goBackInTime(at: now, into: &effects)
        }
    }

    /// Says again, under a version beyond, what the node is: it knows that better than others, but for how far it has come.
    /// Two that run on copies of one disk contradict each other for as long as both run: with a pause, in which the node
    /// stays with its own word.
    mutating func contradictIfDue(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard contradictsAt <= now, let foreign = foreignWord, let word = upcoming[own] else { return }
        foreignWord = nil
        contradictsAt = now.advanced(by: configuration.contradictionInterval)
        upcoming.merge(foreign)
        upcoming.amend(own) { record in
            let state = record.state
            record = word
            record.state = state.rawValue > word.state.rawValue ? state : word.state
        }
        persist(into: &effects)
    }

    /// The node's disk is not the newest of this identity. Dots and acknowledgements that it has forgotten may be about: it
    /// takes another actor, and holds nothing until it has pulled it, but what nobody else holds. Once in a run: from then on
    /// its actor is its own, and its copies are of this run.
    mutating func goBackInTime(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard !hasGoneBackInTime, !PlantedBug.restoredNodeGoesOn.isPlanted else { return }
        hasGoneBackInTime = true
        effects.emit(.observe(.wentBackInTime))
        effects.emit(.takeActor(NodeID(high: generator.next(), low: generator.next())))
        var elsewhere = PartitionSet.none(of: configuration.ring.partitions)
        for record in upcoming.records where record.id != own && record.effectiveState.isInRing {
            for partition in record.holdings {
                elsewhere.insert(partition)
            }
        }
        amendOwn(at: now, into: &effects) { record in
            for partition in elsewhere {
                record.holdings.remove(partition)
            }
        }
    }

    /// Changes this node's own word; it is spread when it is on disk.
    mutating func amendOwn(
        at now: Instant, into effects: inout Effects<ControlEffect>, _ change: (inout Member) -> Void
    ) {
        guard let before = upcoming[own] else { return }
        var after = before
        change(&after)
        guard after != before, upcoming.amend(own, change) else { return }
        persist(into: &effects)
    }

    // MARK: - Onto the disk

    /// Writes down what has come, one writing at a time: what comes meanwhile goes with the next.
    mutating func persist(into effects: inout Effects<ControlEffect>) {
        guard persisting == nil, upcoming.epoch != membership.epoch || isTold != isToldOnDisk else { return }
        persisting = (upcoming, isTold)
        effects.emit(.persistMembership(upcoming, isTold: isTold))
    }

    /// What is on disk counts: it is gone by, and spread.
    mutating func membershipPersisted(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard let written = persisting else { return }
        persisting = nil
        isToldOnDisk = written.isTold
        if written.membership.epoch != membership.epoch {
            let wasJoining = membership[own]?.state == .joining
            membership = written.membership
            if wasJoining, membership[own]?.state == .up {
                effects.emit(.observe(.up))
            }
            tell(.digestChanged(membership.epoch.digest), at: now, into: &effects)
            publish(at: now, into: &effects)
            spread(at: now, into: &effects)
        }
        persist(into: &effects)
        acceptWritesIfSettled(into: &effects)
    }

    mutating func persistLater(at now: Instant, into effects: inout Effects<ControlEffect>) {
        effects.emit(.observe(.notPersisted))
        persistAgainAt = now.advanced(by: configuration.persistRetry)
    }

    mutating func persistAgain(into effects: inout Effects<ControlEffect>) {
        persistAgainAt = nil
        if let incarnation = incarnationToPersist {
            incarnationToPersist = nil
            effects.emit(.persistIncarnation(incarnation))
        }
        persist(into: &effects)
    }

    /// Too few have said a word. The disk may be an image of one that has made dots since, and nobody who knows may have told:
    /// what is written now is another actor's.
    mutating func settleUnheard(at now: Instant, into effects: inout Effects<ControlEffect>) {
        if configuration.settleTimeout > .zero, upcoming.hasOthers(than: own) {
            effects.emit(.takeActor(NodeID(high: generator.next(), low: generator.next())))
        }
        settle(at: now, into: &effects)
    }

    /// Others have had their say, or there is nobody to ask: the node coordinates writes as soon as every shard goes by what
    /// was heard.
    mutating func settle(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard settlesAt != nil else { return }
        settlesAt = nil
        heard = []
        isSettling = true
        tellHandoff(at: now, into: &effects)
        acceptWritesIfSettled(into: &effects)
    }

    mutating func acceptWritesIfSettled(into effects: inout Effects<ControlEffect>) {
        guard isSettling, published.isEmpty, persisting == nil, upcoming.epoch == membership.epoch else { return }
        isSettling = false
        effects.emit(.acceptWrites)
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
            ring = Ring(membership, configuration: configuration.ring, after: ring)
            effects.emit(.observe(.ringChanged(epoch: ring.epoch, members: ring.members.count)))
        }
        view = ClusterView(ring: ring, own: own, unreachable: unreachable)
        let unreachable = unreachable
        current = HandoffView(ring: ring, own: own) { !unreachable.contains($0) }
        published.append(current)
        effects.emit(.publish(view))
        tellHandoff(at: now, into: &effects)
    }

    /// Nothing is claimed or given away before others have had their say: a word of this node under a new version would hide
    /// that it has gone back in time.
    private mutating func tellHandoff(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard settlesAt == nil else { return }
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
        acceptWritesIfSettled(into: &effects)
        // Until now a shard may have stored as an owner, behind homecoming's look at what there was.
        for partition in before.owned where !adopted.owned.contains(partition) {
            tellHomecoming(.strayStored(partition), at: now, into: &effects)
        }
        tellHomecoming(.viewAdopted(epoch), at: now, into: &effects)
    }

    /// A joining member that holds all that it should own is up; so is one whose weight gives it nothing to own.
    private mutating func serveIfComplete(at now: Instant, into effects: inout Effects<ControlEffect>) {
        guard let record = upcoming[own], record.state == .joining, let index = view.ring.index(of: own) else {
            return
        }
        let isComplete = view.ring.partitions(ownedBy: index).allSatisfy { record.holdings.contains($0) }
        guard isComplete else { return }
        amendOwn(at: now, into: &effects) { $0.state = .up }
    }
}
