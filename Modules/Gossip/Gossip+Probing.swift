import Machine

// The failure detector: one probe in each period, helpers when it gets no answer, and the answers to others.
extension Gossip {
    mutating func beginPeriod(at now: Instant, into effects: inout Effects<GossipEffect>) {
        concludeProbe(at: now, into: &effects)
        setDeadline(now.advanced(byNanoseconds: health.scaled(timing.probeInterval)), for: .period)
        periods &+= 1
        let isAlone = rotation.isEmpty
        if let target = rotation.next(using: &generator) {
            let flight = Flight.probe(Flight.Probe(target: target))
            probe = ping(target, flight, for: health.scaled(timing.probeTimeout), at: now, into: &effects)
        }
        let isTimeForLost = isAlone || periods % configuration.reconnectionPeriods == 0
        if isTimeForLost, !PlantedBug.lostAreNotLookedFor.isPlanted, let target = lost.next(using: &generator) {
            _ = ping(target, .reconnection(target), for: timing.probeInterval, at: now, into: &effects)
        }
        meetStrangers(into: &effects)
        departIfTold(into: &effects)
    }

    /// Asks a known member; `nil` where there is no place for the question.
    private mutating func ping(
        _ target: NodeID, _ flight: Flight, for time: Int64, at now: Instant, into effects: inout Effects<GossipEffect>
    ) -> SlotID? {
        guard let address = table.address(of: target), let slot = flights.insert(flight) else { return nil }
        setDeadline(now.advanced(byNanoseconds: time), for: .flight(Int(slot.index)))
        let message = GossipDatagram.Message.ping(
            sequence: flights.sequence(of: slot), source: own.id, target: target, digest: digest)
        send(message, to: address, of: target, into: &effects)
        return slot
    }

    private mutating func concludeProbe(at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard let slot = probe, case .probe(let concluded) = flights[slot] else { return }
        probe = nil
        land(slot)
        guard !concluded.isAcknowledged else { return }
        // Helpers that did not even say that they have no answer: it may be us whom nobody hears.
        let missedNacks = configuration.nacks ? concluded.helpers - concluded.nacks : 0
        addToHealth(1 + missedNacks, into: &effects)
        suspect(concluded.target, at: now, into: &effects)
    }

    /// A question's time is over.
    mutating func flightIsDue(_ place: Int, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard let slot = flights.id(at: place), let flight = flights[slot] else { return }
        switch flight {
        case .probe(let probe):
            if !probe.isAcknowledged {
                askHelpers(probe, slot, into: &effects)
            }
        case .reconnection:
            land(slot)
        case .relay(var relay):
            guard configuration.nacks, !relay.isNacked else { return land(slot) }
            relay.isNacked = true
            flights[slot] = .relay(relay)
            // A late answer is still handed on.
            setDeadline(now.advanced(byNanoseconds: timing.probeInterval), for: .flight(place))
            nack(relay.askerSequence, to: relay.askerAddress, of: relay.asker, into: &effects)
        }
    }

    private mutating func askHelpers(
        _ probe: Flight.Probe, _ slot: SlotID, into effects: inout Effects<GossipEffect>
    ) {
        guard let address = table.address(of: probe.target) else { return }
        let helpers = rotation.sample(configuration.indirectProbes, using: &generator) { id in
            id != probe.target && table.status(of: id) == .alive
        }
        var asked = probe
        asked.helpers = helpers.count
        flights[slot] = .probe(asked)
        let message = GossipDatagram.Message.pingRequest(
            sequence: flights.sequence(of: slot), source: own.id, target: probe.target, address: address)
        for helper in helpers {
            if let helperAddress = table.address(of: helper) {
                send(message, to: helperAddress, of: helper, into: &effects)
            }
        }
    }

    private mutating func land(_ slot: SlotID) {
        removeDeadline(for: .flight(Int(slot.index)))
        flights[slot] = nil
    }
}

// What comes in, and goes out, in datagrams.
extension Gossip {
    mutating func receive(
        _ datagram: GossipDatagram, from: GossipAddress, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        guard isTakingPart else { return }
        guard datagram.cluster == cluster else { return effects.emit(.observe(.wrongCluster(datagram.cluster))) }
        hear(datagram.updates, at: now, into: &effects)
        guard isTakingPart else { return }
        switch datagram.message {
        case .ping(let sequence, let source, let target, let digest):
            // Where the address had another owner before, the question is not ours to answer (cortex#2130).
            guard target == own.id else { return }
            compare(digest, of: source, into: &effects)
            acknowledge(sequence, to: from, of: source, into: &effects)
            if table.index(of: source) == nil, source != own.id {
                stranger = from
            }
        case .pingRequest(let sequence, let source, let target, let address):
            relay(sequence, for: source, from, target, address, at: now, into: &effects)
        case .acknowledgement(let sequence, let source, let digest):
            compare(digest, of: source, into: &effects)
            take(acknowledgement: flights.id(of: sequence), from: source, digest: digest, into: &effects)
        case .negativeAcknowledgement(let sequence, _):
            let slot = flights.id(of: sequence)
            if case .probe(var probe) = flights[slot] {
                probe.nacks = min(probe.helpers, probe.nacks + 1)
                flights[slot] = .probe(probe)
            }
        case .news:
            break
        }
    }

    private mutating func take(
        acknowledgement slot: SlotID, from source: NodeID, digest: UInt64, into effects: inout Effects<GossipEffect>
    ) {
        switch flights[slot] {
        case .probe(var probe) where probe.target == source && !probe.isAcknowledged:
            probe.isAcknowledged = true
            flights[slot] = .probe(probe)
            addToHealth(-1, into: &effects)
        case .reconnection(let target) where target == source:
            land(slot)
        case .relay(let relay) where relay.target == source:
            land(slot)
            let message = GossipDatagram.Message.acknowledgement(
                sequence: relay.askerSequence, source: source, digest: digest)
            send(message, to: relay.askerAddress, of: relay.asker, into: &effects)
        default:
            break
        }
    }

    /// Asks on behalf of another.
    private mutating func relay(
        _ sequence: UInt64, for asker: NodeID, _ askerAddress: GossipAddress, _ target: NodeID,
        _ address: GossipAddress, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        guard target != own.id else { return acknowledge(sequence, to: askerAddress, of: asker, into: &effects) }
        let relay = Flight.Relay(
            target: target, asker: asker, askerAddress: askerAddress, askerSequence: sequence)
        guard flights.hasRoomForRelay, let slot = flights.insert(.relay(relay)) else {
            if configuration.nacks {
                nack(sequence, to: askerAddress, of: asker, into: &effects)
            }
            return
        }
        let time = configuration.nacks ? timing.nackDelay : timing.probeInterval
        setDeadline(now.advanced(byNanoseconds: time), for: .flight(Int(slot.index)))
        let message = GossipDatagram.Message.ping(
            sequence: flights.sequence(of: slot), source: own.id, target: target, digest: digest)
        // The asker may know an older address than we do, or the other way round: ours has been merged with all news.
        send(message, to: table.address(of: target) ?? address, of: target, into: &effects)
    }

    private mutating func acknowledge(
        _ sequence: UInt64, to address: GossipAddress, of recipient: NodeID, into effects: inout Effects<GossipEffect>
    ) {
        let message = GossipDatagram.Message.acknowledgement(sequence: sequence, source: own.id, digest: digest)
        send(message, to: address, of: recipient, into: &effects)
    }

    private mutating func nack(
        _ sequence: UInt64, to address: GossipAddress, of recipient: NodeID, into effects: inout Effects<GossipEffect>
    ) {
        let message = GossipDatagram.Message.negativeAcknowledgement(sequence: sequence, source: own.id)
        send(message, to: address, of: recipient, into: &effects)
    }

    private func compare(_ theirs: UInt64, of peer: NodeID, into effects: inout Effects<GossipEffect>) {
        if theirs != digest, let status = table.status(of: peer), status != .left {
            effects.emit(.observe(.digestDiffers(peer: peer, theirs: theirs)))
        }
    }

    /// Sends a message and the news that fits beside it.
    ///
    /// First comes what we hold against the recipient: it can only contradict what it hears of. For a suspect that is
    /// Lifeguard's buddy system (section IV-C); for one that is thought dead it is the way back.
    mutating func send(
        _ message: GossipDatagram.Message, to address: GossipAddress, of recipient: NodeID,
        into effects: inout Effects<GossipEffect>
    ) {
        var updates: [GossipUpdate] = []
        var room = configuration.datagramByteLimit - GossipDatagram.encodedByteCount(of: message)
        let accusation = accusation(against: recipient)
        if let accusation {
            updates.append(accusation)
            room -= accusation.encodedByteCount
        }
        let sentLimit = configuration.retransmitMultiplier * decimalLogarithmRoundedUp(rotation.count + 2)
        queue.take(
            into: &updates, byteCount: room, countLimit: GossipDatagram.updateLimit, sentLimit: sentLimit,
            excluding: accusation?.member.id)
        effects.emit(.send(GossipDatagram(cluster: cluster, message: message, updates: updates), to: address))
    }

    private func accusation(against id: NodeID) -> GossipUpdate? {
        switch table.status(of: id) {
        case .alive, nil: nil
        case .suspect: configuration.buddy ? table[id]?.update : nil
        case .unreachable, .left: table[id]?.update
        }
    }

    mutating func sendNews(at now: Instant, into effects: inout Effects<GossipEffect>) {
        for target in rotation.sample(configuration.newsFanout, using: &generator, where: { _ in true }) {
            guard !queue.isEmpty, let address = table.address(of: target) else { continue }
            send(.news(source: own.id), to: address, of: target, into: &effects)
        }
        departIfTold(into: &effects)
    }

    /// While there is news and someone to hear it, it goes out.
    mutating func armNews(at now: Instant) {
        guard let interval = timing.newsInterval, isTakingPart, !queue.isEmpty, !rotation.isEmpty else { return }
        let name = GossipTimer.news.name(flightCapacity: flights.capacity)
        if deadlines.deadline(of: name) == nil {
            deadlines.set(now.advanced(byNanoseconds: interval), for: name)
        }
    }
}
