import Machine

// What a member says of itself: only its owner raises an incarnation, and only to one that is on disk.
extension Gossip {
    mutating func join(_ addresses: [GossipAddress], at now: Instant, into effects: inout Effects<GossipEffect>) {
        for address in addresses where address != own.address && !seeds.contains(address) {
            guard seeds.count < Self.seedLimit else { break }
            seeds.append(address)
        }
        switch phase {
        case .idle, .left:
            phase = .starting
            next.status = .alive
            raise(above: own.incarnation, at: now, into: &effects)
        case .running:
            askSeeds(into: &effects)
        case .starting, .leaving:
            break
        }
    }

    mutating func change(_ metadata: ByteBuffer, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard metadata.readableBytes <= GossipMember.metadataByteLimit, metadata != next.metadata else { return }
        next.metadata = metadata
        if phase == .running {
            raise(above: own.incarnation, at: now, into: &effects)
        }
    }

    mutating func leave(at now: Instant, into effects: inout Effects<GossipEffect>) {
        switch phase {
        case .idle, .starting:
            depart(into: &effects)
        case .running:
            phase = .leaving
            next.status = .left
            setDeadline(now.advanced(byNanoseconds: timing.leaveTimeout), for: .departure)
            raise(above: own.incarnation, at: now, into: &effects)
            departIfTold(into: &effects)
        case .leaving, .left:
            break
        }
    }

    /// Others say something of us. What we did not say ourselves is contradicted, and only so: by a higher incarnation.
    mutating func hearOfSelf(_ word: GossipMember, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard word.incarnation >= own.incarnation else {
            // Someone has not heard our contradiction, or how we began after a restart. Two that have restarted while
            // cut off from each other hold only such old words (cf. memberlist#311, where nobody told them).
            if word.status != .alive, !queue.contains(own.id) {
                queue.insert(GossipUpdate(own))
            }
            return
        }
        if let wanted = incarnations.wanted, wanted > word.incarnation {
            return  // The contradiction waits for the disk.
        }
        let isOurs =
            word.incarnation == own.incarnation && word.address == own.address && word.metadata == own.metadata
        // While starting, what was said last is all there is to compare with, and may have been said from another address.
        if word.incarnation > own.incarnation || (!isOurs && phase == .running) {
            effects.emit(.observe(.metNewerSelf(word)))
        } else if isOurs, word.status.rawValue <= own.status.rawValue {
            return
        }
        if word.status == .suspect || word.status == .unreachable {
            addToHealth(1, into: &effects)
        }
        guard !PlantedBug.accusedDoesNotContradict.isPlanted || phase == .starting else { return }
        isRefuting = true
        raise(above: word.incarnation, at: now, into: &effects)
    }

    /// Says what is to be said next, under an incarnation above `floor`, as soon as that is on disk.
    private mutating func raise(above floor: UInt64, at now: Instant, into effects: inout Effects<GossipEffect>) {
        if let ceiling = incarnations.want(above: floor) {
            effects.emit(.persistIncarnation(ceiling))
        }
        raiseIfReady(at: now, into: &effects)
    }

    mutating func raiseIfReady(at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard phase != .idle, phase != .left, let incarnation = incarnations.takeReady() else { return }
        own.incarnation = incarnation
        own.status = next.status
        own.metadata = next.metadata
        queue.insert(GossipUpdate(own))
        if isRefuting {
            isRefuting = false
            effects.emit(.observe(.refuted(incarnation: incarnation)))
        }
        if phase == .starting {
            start(at: now, into: &effects)
        }
        departIfTold(into: &effects)
    }

    private mutating func start(at now: Instant, into effects: inout Effects<GossipEffect>) {
        phase = .running
        effects.emit(.observe(.started(incarnation: own.incarnation)))
        // Members that start together do not probe together.
        setDeadline(now.advanced(byNanoseconds: random(below: timing.probeInterval)), for: .period)
        setDeadline(now.advanced(byNanoseconds: random(below: timing.pushPullInterval)), for: .pushPull)
        askSeeds(into: &effects)
    }

    private mutating func random(below bound: Int64) -> Int64 {
        Int64(generator.below(UInt64(bound)))
    }

    /// The end of a good-bye: it has been said often enough, or there is nobody to hear it.
    mutating func departIfTold(into effects: inout Effects<GossipEffect>) {
        guard phase == .leaving, own.status == .left, rotation.isEmpty || !queue.contains(own.id) else { return }
        depart(into: &effects)
    }

    /// Stops. What was known of others is forgotten: who joins again learns it anew.
    mutating func depart(into effects: inout Effects<GossipEffect>) {
        phase = .left
        deadlines = DeadlineQueue()
        flights.removeAll()
        probe = nil
        queue.removeAll()
        table = MemberTable(capacity: configuration.memberLimit)
        rotation = ProbeRotation()
        lost = ProbeRotation()
        stranger = nil
        isRefuting = false
        effects.emit(.observe(.departed))
    }
}
