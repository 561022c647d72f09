import Causality
import Handoff
import Machine
import Ring

extension World {
    // MARK: Time

    mutating func post(_ occurrence: Occurrence, after milliseconds: Int64) {
        occurrences += 1
        queue.append((now.advanced(by: .milliseconds(milliseconds)), occurrences, occurrence))
    }

    /// Lets the next thing happen, if it is before `end`.
    mutating func step(until end: Instant) -> Bool {
        let event = queue.indices.min { (queue[$0].at, queue[$0].number) < (queue[$1].at, queue[$1].number) }
        var expiring: (Instant, NodeID, Owner)?
        for id in order {
            guard let node = nodes[id] else { continue }
            for (deadline, owner) in [
                (node.acquisition.nextDeadline, Owner.acquisition), (node.homecoming.nextDeadline, .homecoming),
                (node.delivery.nextDeadline, .delivery),
            ] {
                if let deadline, expiring.map({ deadline < $0.0 }) ?? true { expiring = (deadline, id, owner) }
            }
        }
        if let expiring, event.map({ expiring.0 <= queue[$0].at }) ?? true {
            guard expiring.0 <= end else { return false }
            now = max(now, expiring.0)
            expire(expiring.1, expiring.2)
        } else if let event {
            guard queue[event].at <= end else { return false }
            now = max(now, queue[event].at)
            perform(queue.remove(at: event).2)
        } else {
            return false
        }
        return true
    }

    mutating func run(for milliseconds: Int64, limit: Int = 200_000) {
        let end = now.advanced(by: .milliseconds(milliseconds))
        var steps = 0
        while step(until: end) {
            steps += 1
            if steps > limit {
                violations.append("no rest after \(limit) steps")
                break
            }
        }
        now = max(now, end)
    }

    mutating func perform(_ occurrence: Occurrence) {
        switch occurrence {
        case .transfer(let id, let start, let owner, let event):
            guard nodes[id]?.start == start else { return }
            if owner == .homecoming {
                homecoming(id, .transfer(event))
            } else {
                delivery(id, .transfer(event))
            }
        case .acquisition(let id, let start, let event):
            guard nodes[id]?.start == start else { return }
            acquisition(id, event)
        case .dropped(let id, let start, let owner, let ticket):
            guard nodes[id]?.start == start else { return }
            if owner == .homecoming {
                homecoming(id, .dropped(ticket))
            } else {
                delivery(id, .dropped(ticket))
            }
        case .hints(let id, let start, let ticket, let entries, let next):
            guard nodes[id]?.start == start else { return }
            delivery(id, .hints(ticket, entries, next: next))
        case .request(let request, let from, let to, let start, let owner, let ticket):
            guard nodes[to] != nil, !down.contains(to), !down.contains(from) else { return }
            let response = answer(request, at: to, from: from)
            guard !generator.chance(lossPercent, in: 100) else { return }
            let delay = Int64(generator.below(8)) + 1
            if owner == .acquisition {
                post(.acquisition(from, start: start, .answered(ticket, response, byteCount: 100)), after: delay)
            } else {
                post(.transfer(from, start: start, owner, .answered(ticket, response)), after: delay)
            }
        case .gossip(let left, let right):
            gossip(left, right)
        }
    }

    mutating func expire(_ id: NodeID, _ owner: Owner) {
        switch owner {
        case .acquisition:
            var effects = Effects<Acquisition.Effect>()
            nodes[id]?.acquisition.expire(at: now, into: &effects)
            carryOut(effects.takeAll(), id)
        case .homecoming:
            var effects = Effects<Homecoming.Effect>()
            nodes[id]?.homecoming.expire(at: now, into: &effects)
            carryOut(effects.takeAll(), id)
        case .delivery:
            var effects = Effects<HintDelivery.Effect>()
            nodes[id]?.delivery.expire(at: now, into: &effects)
            carryOut(effects.takeAll(), id)
        }
    }

    // MARK: The machines' events and effects

    mutating func acquisition(_ id: NodeID, _ event: Acquisition.Event) {
        var effects = Effects<Acquisition.Effect>()
        nodes[id]?.acquisition.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), id)
    }

    mutating func homecoming(_ id: NodeID, _ event: Homecoming.Event) {
        var effects = Effects<Homecoming.Effect>()
        nodes[id]?.homecoming.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), id)
    }

    mutating func delivery(_ id: NodeID, _ event: HintDelivery.Event) {
        var effects = Effects<HintDelivery.Effect>()
        nodes[id]?.delivery.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), id)
    }

    mutating func carryOut(_ effects: [Acquisition.Effect], _ id: NodeID) {
        guard let start = nodes[id]?.start else { return }
        for effect in effects {
            switch effect {
            case .pull(let request, let from, let ticket):
                send(.pull(request), from: id, to: from, start, .acquisition, ticket)
            case .merge(let entries, let ticket):
                store(entries, at: id)
                post(.acquisition(id, start: start, .merged(ticket)), after: 1)
            case .claim(let partitions):
                amend(id) { $0.holdings.formUnion(partitions.map(\.index)) }
            case .synchronise(let other):
                post(.gossip(id, other), after: 2)
            }
        }
    }

    mutating func carryOut(_ effects: [Homecoming.Effect], _ id: NodeID) {
        guard let start = nodes[id]?.start else { return }
        for effect in effects {
            switch effect {
            case .transfer(let effect):
                carryOut(effect, id, start, .homecoming)
            case .relinquish(let partitions):
                amend(id) { $0.holdings.subtract(partitions.map(\.index)) }
            case .dropIfUnchanged(_, let entries, let ticket):
                for entry in entries where nodes[id]?.objects[entry.token].map({ hash(entry.token, $0) }) == entry.hash
                {
                    nodes[id]?.objects[entry.token] = nil
                }
                post(.dropped(id, start: start, .homecoming, ticket), after: 1)
            }
        }
    }

    mutating func carryOut(_ effects: [HintDelivery.Effect], _ id: NodeID) {
        guard let start = nodes[id]?.start else { return }
        for effect in effects {
            switch effect {
            case .scanHints(let owner, let after, let limit, let ticket):
                let rest = (nodes[id]?.hints[owner] ?? [:]).sorted { $0.key < $1.key }
                    .filter { entry in after.map { entry.key > $0.token } ?? true }
                let page = rest.prefix(limit).map {
                    HintEntry(key: key($0.key), token: $0.key, sequence: $0.value)
                }
                let next = rest.count > limit ? page.last.map { HintCursor(token: $0.token, key: $0.key) } : nil
                post(.hints(id, start: start, ticket, page, next), after: 1)
            case .load(let entries, _, let ticket):
                let loaded = entries.prefix(2).map { entry in
                    nodes[id]?.objects[entry.token].map {
                        LoadedEntry.found(TransferEntry(key: key(entry.token), object: $0))
                    } ?? .gone
                }
                post(.transfer(id, start: start, .delivery, .loaded(ticket, loaded, byteCount: 50)), after: 1)
            case .dropHints(let owner, let entries, let ticket):
                for entry in entries where nodes[id]?.hints[owner]?[entry.token] == entry.sequence {
                    nodes[id]?.hints[owner]?[entry.token] = nil
                    nodes[id]?.ledger.dropped(owner: owner, count: 1, bytes: 10)
                }
                if nodes[id]?.hints[owner]?.isEmpty ?? false { nodes[id]?.hints[owner] = nil }
                post(.dropped(id, start: start, .delivery, ticket), after: 1)
            case .unmark(let mark):
                _ = nodes[id]?.ledger.unmark(mark)
            case .transfer(let effect):
                carryOut(effect, id, start, .delivery)
            }
        }
    }

    mutating func carryOut(_ effect: TransferEffect, _ id: NodeID, _ start: Int, _ owner: Owner) {
        switch effect {
        case .scan(let partition, let from, let limit, let ticket):
            let all = (nodes[id]?.objects ?? [:]).filter { Self.partition($0.key) == partition.index && $0.key >= from }
                .sorted { $0.key < $1.key }
            let entries = all.prefix(limit).map { OfferRequest.Entry(token: $0.key, hash: hash($0.key, $0.value)) }
            let next = all.count > limit ? all[limit].key : nil
            post(.transfer(id, start: start, owner, .scanned(ticket, entries, next: next)), after: 1)
        case .load(let entries, _, let ticket):
            let loaded = entries.prefix(2).map { entry -> LoadedEntry in
                guard let object = nodes[id]?.objects[entry.token], hash(entry.token, object) == entry.hash else {
                    return .gone
                }
                return .found(TransferEntry(key: key(entry.token), object: object))
            }
            post(.transfer(id, start: start, owner, .loaded(ticket, loaded, byteCount: 50)), after: 1)
        case .send(let request, let to, let ticket):
            send(request, from: id, to: to, start, owner, ticket)
        case .synchronise(let other):
            post(.gossip(id, other), after: 2)
        }
    }

    mutating func send(
        _ request: HandoffRequest, from: NodeID, to: NodeID, _ start: Int, _ owner: Owner, _ ticket: HandoffTicket
    ) {
        guard !generator.chance(lossPercent, in: 100) else { return }
        post(
            .request(request, from: from, to: to, start: start, owner, ticket), after: Int64(generator.below(8)) + 1)
    }

    mutating func answer(_ request: HandoffRequest, at id: NodeID, from: NodeID) -> HandoffResponse {
        guard let node = nodes[id] else { return .failed }
        let view = view(of: node)
        switch request {
        case .pull(let pull):
            let refused = view.refusals(of: pull, by: from)
            let all = node.objects.filter { entry in
                let partition = PartitionID(index: Self.partition(entry.key))
                return pull.partitions.contains(partition) && !refused.contains(partition) && entry.key >= pull.from
            }.sorted { $0.key < $1.key }
            let page = all.prefix(2).map { TransferEntry(key: key($0.key), object: $0.value) }
            return .pulled(
                PulledBatch(
                    entries: page, next: all.count > 2 ? all[2].key : nil, refused: refused,
                    bytesLeft: UInt64(all.count - page.count)))
        case .offer(let offer):
            guard view.canConfirm(offer.partition, at: offer.epoch) else { return .wrongEpoch(view.epoch) }
            return .wanted(
                offer.entries.indices.filter { index in
                    let entry = offer.entries[index]
                    return node.objects[entry.token].map { hash(entry.token, $0) } != entry.hash
                })
        case .deliver(let entries, let epoch):
            for entry in entries {
                let partition = PartitionID(index: Self.partition(token(entry.key)))
                guard view.canConfirm(partition, at: epoch) else { return .wrongEpoch(view.epoch) }
            }
            store(entries, at: id)
            return .delivered
        }
    }
}
