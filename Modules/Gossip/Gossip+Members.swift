import Machine

// What is heard of others, and what it changes.
extension Gossip {
    /// How a word came to us.
    enum Source {
        /// On a datagram.
        case news
        /// In a push-pull, from the member itself.
        case owner
        /// In a push-pull, from another.
        case hearsay
    }

    /// Hears some words in order: in a push-pull with a member, or else on a datagram.
    ///
    /// Nearly every word is heard a dozen times: what says nothing new is told from the rest before anything is copied.
    mutating func hear(
        _ updates: [GossipUpdate], inPushPullWith peer: NodeID? = nil, at now: Instant,
        into effects: inout Effects<GossipEffect>
    ) {
        for place in updates.indices {
            let id = updates[place].member.id
            let standing = MemberTable.Standing(updates[place].member)
            if let index = table.index(of: id), table.isOld(standing, by: updates[place].accuser, at: index) {
                continue
            }
            let source: Source = peer == nil ? .news : id == peer ? .owner : .hearsay
            hear(updates[place], from: source, at: now, into: &effects)
        }
    }

    mutating func hear(
        _ update: GossipUpdate, from source: Source, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        // A departure in the midst of a message ends it.
        guard isTakingPart else { return }
        let word = update.member
        guard word.id != own.id else { return hearOfSelf(word, at: now, into: &effects) }
        guard let index = table.index(of: word.id) else {
            return admit(update, from: source, at: now, into: &effects)
        }
        guard !table.isOld(MemberTable.Standing(word), by: update.accuser, at: index) else { return }
        let held = table.standings[index]
        if word.status == .suspect, held.status == .suspect, word.incarnation == held.incarnation {
            confirm(index, by: update.accuser, at: now, into: &effects)
        } else if word.status == .unreachable, held.status.isProbed, configuration.secondOpinion {
            hearVerdict(update, on: index, held, at: now, into: &effects)
        } else {
            adopt(update, at: index, at: now, into: &effects)
        }
    }

    /// A member that was not known.
    private mutating func admit(
        _ update: GossipUpdate, from source: Source, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        let id = update.member.id
        // Else those who still remember one that left would remind those who no longer do, for ever (memberlist#253).
        guard source == .news || update.member.status != .left else { return }
        if table.isFull, let index = table.expendable {
            drop(index, into: &effects)
        }
        guard !table.isFull else { return effects.emit(.observe(.full(id))) }
        var member = update.member
        member.metadata = ByteBuffer(buffer: member.metadata)
        let index = table.insert(MemberTable.Entry(member: member, since: now, suspicion: nil, accuser: update.accuser))
        file(id, from: .left, to: member.status)
        switch member.status {
        case .alive:
            effects.emit(.observe(.joined(member)))
        case .suspect:
            effects.emit(.observe(.joined(member)))
            beginSuspicion(index, by: update.accuser, at: now)
            effects.emit(.observe(.suspected(member, by: update.accuser ?? id)))
        case .unreachable:
            effects.emit(.observe(.unreachable(member)))
        case .left:
            break
        }
        // A joiner that learns of a thousand members has no news for any of them; and an old record that travels from
        // state to state must not be announced each time as if its member had spoken (memberlist#312).
        if source != .hearsay || member.status != .alive {
            queue.insert(GossipUpdate(member, accuser: update.accuser))
        }
    }

    /// Puts a better word in the place of the one that is held.
    private mutating func adopt(
        _ update: GossipUpdate, at index: Int, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        guard let old = table.entries[index]?.member else { return }
        var member = update.member
        // A slice would keep the whole datagram in memory.
        member.metadata = member.metadata == old.metadata ? old.metadata : ByteBuffer(buffer: member.metadata)
        _ = table.update(index) { entry in
            entry.since = entry.member.status == member.status ? entry.since : now
            entry.member = member
            entry.accuser = update.accuser
            entry.suspicion = nil
        }
        removeDeadline(for: .suspicion(index))
        file(member.id, from: old.status, to: member.status)
        if member.status == .suspect {
            beginSuspicion(index, by: update.accuser, at: now)
        }
        observe(member, after: old, by: update.accuser, into: &effects)
        if old.status == .unreachable, member.status == .alive {
            // It may come from the other side of a partition, with news of everyone there.
            stranger = member.address
        }
        queue.insert(GossipUpdate(member, accuser: update.accuser))
    }

    private func observe(
        _ member: GossipMember, after old: GossipMember, by accuser: NodeID?, into effects: inout Effects<GossipEffect>
    ) {
        if old.status == .left, member.status.isProbed {
            effects.emit(.observe(.joined(member)))
        } else if old.address != member.address || old.metadata != member.metadata {
            effects.emit(.observe(.changed(member)))
        }
        switch member.status {
        case .alive:
            if old.status == .suspect || old.status == .unreachable {
                effects.emit(.observe(.alive(member)))
            }
        case .suspect:
            effects.emit(.observe(.suspected(member, by: accuser ?? member.id)))
        case .unreachable:
            if old.status != .unreachable {
                effects.emit(.observe(.unreachable(member)))
            }
        case .left:
            if old.status != .left {
                effects.emit(.observe(.left(member)))
            }
        }
    }

    /// Keeps the lists of those to probe in step with the table.
    private mutating func file(_ id: NodeID, from old: GossipMember.Status, to new: GossipMember.Status) {
        if old.isProbed, !new.isProbed {
            rotation.remove(id)
        } else if !old.isProbed, new.isProbed {
            rotation.insert(id, using: &generator)
        }
        if old == .unreachable, new != .unreachable {
            lost.remove(id)
        } else if old != .unreachable, new == .unreachable {
            lost.insert(id, using: &generator)
        }
    }

    mutating func forget(_ id: NodeID, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard isTakingPart, let index = table.index(of: id), var member = table.entries[index]?.member else { return }
        guard member.status != .left else { return }
        member.status = .left
        adopt(GossipUpdate(member), at: index, at: now, into: &effects)
    }

    /// Drops those that left long ago. O(n).
    mutating func dropTombstones(at now: Instant, into effects: inout Effects<GossipEffect>) {
        for index in table.entries.indices {
            guard let entry = table.entries[index], entry.member.status == .left else { continue }
            if entry.since.nanoseconds(to: now) >= timing.tombstoneRetention {
                drop(index, into: &effects)
            }
        }
    }

    private mutating func drop(_ index: Int, into effects: inout Effects<GossipEffect>) {
        guard let member = table.entries[index]?.member else { return }
        file(member.id, from: member.status, to: .left)
        queue.remove(member.id)
        removeDeadline(for: .suspicion(index))
        table.remove(index)
        effects.emit(.observe(.dropped(member.id)))
    }
}

// Suspicion, from the first accuser to the verdict.
extension Gossip {
    /// A probe of ours failed.
    mutating func suspect(_ id: NodeID, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard let index = table.index(of: id), var member = table.entries[index]?.member else { return }
        switch member.status {
        case .alive:
            member.status = .suspect
            adopt(GossipUpdate(member, accuser: own.id), at: index, at: now, into: &effects)
        case .suspect:
            confirm(index, by: own.id, at: now, into: &effects)
        case .unreachable, .left:
            break
        }
    }

    private mutating func beginSuspicion(_ index: Int, by accuser: NodeID?, at now: Instant) {
        let members = rotation.count + 1
        let scale = max(1, decimalLogarithm(Double(members)))
        let minimum = configuration.suspicionMultiplier * scale * Double(timing.probeInterval)
        let shrinks = configuration.suspicionConfirmations
        let suspicion = Suspicion(
            start: now, minimum: Int64(minimum),
            maximum: Int64(shrinks ? minimum * configuration.suspicionMaximumMultiplier : minimum),
            // Nobody waits for more accusers than there are beside the first and the accused.
            confirmationLimit: shrinks ? min(configuration.suspicionConfirmationLimit, max(0, members - 2)) : 0,
            accuser: accuser ?? own.id)
        _ = table.update(index) { $0.suspicion = suspicion }
        setDeadline(suspicion.deadline, for: .suspicion(index))
    }

    /// Another accuser of a suspect: the first K are told on, so that all count the same.
    private mutating func confirm(
        _ index: Int, by accuser: NodeID?, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        guard let accuser, table.update(index, { $0.suspicion?.confirm(by: accuser) ?? false }) == true,
            let entry = table.entries[index], let suspicion = entry.suspicion
        else { return }
        setDeadline(max(now, suspicion.deadline), for: .suspicion(index))
        queue.insert(GossipUpdate(entry.member, accuser: accuser))
    }

    /// Another has decided; our own suspicion becomes as short as it can be, and not shorter.
    private mutating func hearVerdict(
        _ update: GossipUpdate, on index: Int, _ held: MemberTable.Standing, at now: Instant,
        into effects: inout Effects<GossipEffect>
    ) {
        if held.status == .suspect, held.incarnation == update.member.incarnation {
            confirm(index, by: update.accuser, at: now, into: &effects)
        } else {
            var member = update.member
            member.status = .suspect
            adopt(GossipUpdate(member, accuser: update.accuser), at: index, at: now, into: &effects)
        }
        let deadline = table.update(index) { entry in
            entry.suspicion?.cut()
            return entry.suspicion?.deadline
        }
        if let deadline = deadline ?? nil {
            setDeadline(max(now, deadline), for: .suspicion(index))
        }
    }

    mutating func suspicionIsOver(_ index: Int, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard var member = table.entries[index]?.member, member.status == .suspect else { return }
        member.status = .unreachable
        adopt(GossipUpdate(member, accuser: own.id), at: index, at: now, into: &effects)
    }
}

extension GossipMember.Status {
    /// Whether it is probed in each lap, and asked to help.
    var isProbed: Bool { self == .alive || self == .suspect }
}
