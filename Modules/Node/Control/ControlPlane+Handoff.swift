import Handoff
import Hashing
import Machine
import Ring
import Storage

extension ControlPlane {
    // MARK: - Events in

    mutating func tellAcquisition(
        _ event: consuming Acquisition.Event, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        acquisition.receive(event, at: now, into: &acquisitionEffects)
        carryOutAcquisition(at: now, into: &effects)
    }

    mutating func tellHints(
        _ event: consuming HintDelivery.Event, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        hints.receive(event, at: now, into: &hintEffects)
        carryOutHints(at: now, into: &effects)
    }

    mutating func tellHomecoming(
        _ event: consuming Homecoming.Event, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        homecoming.receive(event, at: now, into: &homecomingEffects)
        carryOutHomecoming(at: now, into: &effects)
    }

    mutating func note(_ leftOver: LeftOver, at now: Instant, into effects: inout Effects<ControlEffect>) {
        switch leftOver {
        case .hint(let owner):
            tellHints(.hintAdded(owner), at: now, into: &effects)
        case .range(let range):
            tellHints(.rangeMarked(RangeMark(range)), at: now, into: &effects)
        case .stray(let token):
            tellHomecoming(.strayStored(adopted.partition(of: token)), at: now, into: &effects)
        }
    }

    mutating func answered(
        _ ticket: ControlTicket, _ response: HandoffResponse, byteCount: Int, at now: Instant,
        into effects: inout Effects<ControlEffect>
    ) {
        switch ticket.origin {
        case .acquisition:
            tellAcquisition(.answered(ticket.ticket, response, byteCount: byteCount), at: now, into: &effects)
        case .hints:
            tellHints(.transfer(.answered(ticket.ticket, response)), at: now, into: &effects)
        case .homecoming:
            tellHomecoming(.transfer(.answered(ticket.ticket, response)), at: now, into: &effects)
        case .caller:
            break
        }
    }

    mutating func failed(_ ticket: ControlTicket, at now: Instant, into effects: inout Effects<ControlEffect>) {
        switch ticket.origin {
        case .acquisition: tellAcquisition(.failed(ticket.ticket), at: now, into: &effects)
        case .hints: tellHints(.transfer(.failed(ticket.ticket)), at: now, into: &effects)
        case .homecoming: tellHomecoming(.transfer(.failed(ticket.ticket)), at: now, into: &effects)
        case .caller: break
        }
    }

    mutating func stored(
        _ ticket: ControlTicket, _ answer: StorageAnswer, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        switch ticket.origin {
        case .acquisition:
            tellAcquisition(
                answer == .done ? .merged(ticket.ticket) : .mergeFailed(ticket.ticket), at: now, into: &effects)
        case .hints:
            switch answer {
            case .hints(let entries, let next):
                tellHints(.hints(ticket.ticket, entries, next: next), at: now, into: &effects)
            case .done:
                tellHints(.dropped(ticket.ticket), at: now, into: &effects)
            default:
                tellHints(.transfer(transferEvent(ticket.ticket, answer)), at: now, into: &effects)
            }
        case .homecoming:
            if answer == .done {
                tellHomecoming(.dropped(ticket.ticket), at: now, into: &effects)
            } else {
                tellHomecoming(.transfer(transferEvent(ticket.ticket, answer)), at: now, into: &effects)
            }
        case .caller(let caller, _):
            effects.emit(.answerHandoff(response(answer), caller))
        }
    }

    private func transferEvent(_ ticket: HandoffTicket, _ answer: StorageAnswer) -> TransferEvent {
        switch answer {
        case .scanned(let entries, let next): .scanned(ticket, entries, next: next)
        case .loaded(let entries, let byteCount): .loaded(ticket, entries, byteCount: byteCount)
        case .pulled, .missing, .done, .hints, .failed: .failed(ticket)
        }
    }

    private func response(_ answer: StorageAnswer) -> HandoffResponse {
        switch answer {
        case .pulled(let batch): .pulled(batch)
        case .missing(let places): .wanted(places)
        case .done: .delivered
        case .scanned, .loaded, .hints, .failed: .failed
        }
    }

    // MARK: - Serving others

    /// Answers by the view that every shard goes by, not by the newest: only then is it true that this node acknowledges
    /// no write any more that leaves the puller out. The store does it behind everything that it was asked for before.
    mutating func serve(
        _ request: HandoffRequest, from node: NodeID, _ caller: ControlCaller, at now: Instant,
        into effects: inout Effects<ControlEffect>
    ) {
        let ticket = ControlTicket(origin: .caller(caller, node), ticket: HandoffTicket(rawValue: 0))
        switch request {
        case .pull(let pull):
            guard pull.partitions.capacity == configuration.ring.partitions else {
                effects.emit(.answerHandoff(.wrongEpoch(adopted.epoch), caller))
                return
            }
            effects.emit(.storage(.pull(pull, refused: adopted.refusals(of: pull, by: node)), ticket))
        case .offer(let offer):
            guard adopted.canConfirm(offer.partition, at: offer.epoch) else {
                effects.emit(.answerHandoff(.wrongEpoch(adopted.epoch), caller))
                return
            }
            effects.emit(.storage(.compare(offer), ticket))
        case .deliver(let entries, let epoch):
            let canConfirm = entries.allSatisfy { entry in
                adopted.canConfirm(adopted.partition(of: Token(key: entry.key).value), at: epoch)
            }
            guard canConfirm else {
                effects.emit(.answerHandoff(.wrongEpoch(adopted.epoch), caller))
                return
            }
            merge(entries, ticket, at: now, into: &effects)
        }
    }

    /// Merges what came from another node. Some of it may be of a partition that is not this node's any more: it was asked
    /// for, or agreed to, under an earlier view, and comes behind homecoming's look at what there was.
    private mutating func merge(
        _ entries: [TransferEntry], _ ticket: ControlTicket, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        effects.emit(.storage(.merge(entries), ticket))
        var strays = PartitionSet.none(of: current.partitionCount)
        for entry in entries {
            strays.insert(current.partition(of: Token(key: entry.key).value))
        }
        for partition in strays where !current.owned.contains(partition) {
            tellHomecoming(.strayStored(partition), at: now, into: &effects)
        }
    }

    // MARK: - Effects out

    mutating func carryOutAcquisition(at now: Instant, into effects: inout Effects<ControlEffect>) {
        for effect in acquisitionEffects.takeAll() {
            switch effect {
            case .pull(let request, let node, let ticket):
                effects.emit(.handoff(.pull(request), to: node, ControlTicket(origin: .acquisition, ticket: ticket)))
            case .merge(let entries, let ticket):
                merge(entries, ControlTicket(origin: .acquisition, ticket: ticket), at: now, into: &effects)
            case .claim(let partitions):
                effects.emit(.observe(.acquired(partitions: partitions.count)))
                amendOwn(at: now, into: &effects) { record in
                    for partition in partitions {
                        record.holdings.insert(partition)
                    }
                }
            case .synchronise(let node):
                exchange(with: node, at: now, into: &effects)
            }
        }
    }

    mutating func carryOutHints(at now: Instant, into effects: inout Effects<ControlEffect>) {
        for effect in hintEffects.takeAll() {
            switch effect {
            case .scanHints(let owner, let cursor, let limit, let ticket):
                effects.emit(
                    .storage(
                        .scanHints(owner, after: cursor, limit: limit), ControlTicket(origin: .hints, ticket: ticket)))
            case .load(let entries, let byteLimit, let ticket):
                effects.emit(
                    .storage(
                        .loadHinted(entries, byteLimit: byteLimit), ControlTicket(origin: .hints, ticket: ticket)))
            case .dropHints(let owner, let entries, let ticket):
                effects.emit(.storage(.dropHints(owner, entries), ControlTicket(origin: .hints, ticket: ticket)))
            case .unmark(let mark):
                effects.emit(
                    .storage(.unmark(mark), ControlTicket(origin: .hints, ticket: HandoffTicket(rawValue: 0))))
            case .transfer(let transfer):
                carryOut(transfer, of: .hints, at: now, into: &effects)
            }
        }
    }

    mutating func carryOutHomecoming(at now: Instant, into effects: inout Effects<ControlEffect>) {
        for effect in homecomingEffects.takeAll() {
            switch effect {
            case .transfer(let transfer):
                carryOut(transfer, of: .homecoming, at: now, into: &effects)
            case .relinquish(let partitions):
                // Not beside a change that the walks have not seen: it is said again under the view that shows that.
                guard persisting == nil, upcoming.epoch == membership.epoch else { continue }
                effects.emit(.observe(.relinquished(partitions: partitions.count)))
                amendOwn(at: now, into: &effects) { record in
                    for partition in partitions {
                        record.holdings.remove(partition)
                    }
                }
            case .dropIfUnchanged(let partition, let entries, let ticket):
                effects.emit(
                    .storage(
                        .dropEntries(partition, entries), ControlTicket(origin: .homecoming, ticket: ticket)))
            }
        }
    }

    private mutating func carryOut(
        _ transfer: TransferEffect, of origin: ControlTicket.Origin, at now: Instant,
        into effects: inout Effects<ControlEffect>
    ) {
        switch transfer {
        case .scan(let partition, let from, let limit, let ticket):
            effects.emit(
                .storage(
                    .scan(partition, from: from, limit: limit), ControlTicket(origin: origin, ticket: ticket)))
        case .load(let entries, let byteLimit, let ticket):
            effects.emit(
                .storage(
                    .loadEntries(entries, byteLimit: byteLimit), ControlTicket(origin: origin, ticket: ticket)))
        case .send(let request, let node, let ticket):
            effects.emit(.handoff(request, to: node, ControlTicket(origin: origin, ticket: ticket)))
        case .synchronise(let node):
            exchange(with: node, at: now, into: &effects)
        }
    }
}

extension RangeMark {
    /// The store's mark in the words of handoff.
    init(_ range: MarkedRange) {
        self.init(
            owner: range.owner, partition: PartitionID(index: range.partition), generation: range.generation)
    }
}

extension MarkedRange {
    /// Handoff's mark in the words of the store.
    init(_ mark: RangeMark) {
        self.init(owner: mark.owner, partition: mark.partition.index, generation: mark.generation)
    }
}
