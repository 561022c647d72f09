import Machine
import Ring

extension HintDelivery {
    var activeCount: Int {
        recipients.indices.count { recipients[$0].isActive }
    }

    /// Whether something can be done for an owner now, but for backoff and throttle: it is there, or it is gone for good.
    func canProceed(_ recipient: HintRecipient) -> Bool {
        guard !isPaused, recipient.hasWork, let view else { return false }
        return view.isReachable(recipient.owner) || !view.isMember(recipient.owner)
    }

    mutating func index(of owner: NodeID) -> Int {
        let index = recipients.firstIndex { $0.owner >= owner } ?? recipients.endIndex
        if index == recipients.endIndex || recipients[index].owner != owner {
            recipients.insert(HintRecipient(owner: owner), at: index)
        }
        return index
    }

    mutating func add(_ mark: RangeMark) {
        let index = index(of: mark.owner)
        let place = recipients[index].marks.firstIndex { $0.partition >= mark.partition }
        if let place, recipients[index].marks[place].partition == mark.partition {
            if recipients[index].marks[place].generation < mark.generation {
                recipients[index].marks[place] = mark
            }
        } else {
            recipients[index].marks.insert(mark, at: place ?? recipients[index].marks.endIndex)
        }
    }

    mutating func change(to view: HandoffView, into effects: inout Effects<Effect>) {
        self.view = view
        for index in recipients.indices {
            let owner = recipients[index].owner
            for mark in recipients[index].marks where !view.isOwnerOrHolder(owner, of: mark.partition) {
                effects.emit(.unmark(mark))
            }
            recipients[index].marks.removeAll { !view.isOwnerOrHolder(owner, of: $0.partition) }
            if case .walking(let walk, _) = recipients[index].phase, !view.isOwner(owner, of: walk.partition) {
                recipients[index].phase = .idle
            }
        }
    }

    mutating func takeListing(
        _ entries: [HintEntry], next: HintCursor?, for index: Int, at now: Instant, into effects: inout Effects<Effect>
    ) {
        guard let view, case .scanning = recipients[index].phase else { return }
        recipients[index].phase = .idle
        let owner = recipients[index].owner
        if entries.isEmpty, next != nil {
            // A listing that does not move would be asked for without end.
            fail(index, at: now)
            return
        }
        recipients[index].nextListing = next
        // Whom the key does not belong to any more need not have it. Who holds it yet may own it again before it has been
        // relieved, and without having to acquire it: until then the hint stays.
        let orphans = entries.filter { !view.isOwnerOrHolder(owner, of: view.partition(of: $0.token)) }
        recipients[index].listing = entries.filter { view.isOwner(owner, of: view.partition(of: $0.token)) }[...]
        if orphans.count + recipients[index].listing.count < entries.count {
            recipients[index].hasLeftovers = true
        }
        if orphans.isEmpty {
            endListingIfDone(index)
        } else {
            drop(orphans, for: index, into: &effects)
        }
    }

    mutating func take(_ event: TransferEvent, at now: Instant, into effects: inout Effects<Effect>) {
        let ticket = event.ticket
        guard let view, let index = recipients.firstIndex(where: { $0.phase.owns(ticket) }) else { return }
        switch (recipients[index].phase, event) {
        case (.walking(var walk, let mark), _):
            var wishes: [TransferEffect] = []
            walk.receive(event, surroundings(view, now), &tickets, into: &wishes)
            throttle.charge(walk.takeCharge(), at: now)
            recipients[index].phase = .walking(walk, mark)
            for wish in wishes {
                effects.emit(.transfer(wish))
            }
        case (.loading, .loaded(_, let entries, let byteCount)):
            throttle.charge(byteCount, at: now)
            deliver(entries, to: index, view, at: now, into: &effects)
        case (.sending, .answered(_, .delivered)):
            recipients[index].backoff.reset()
            drop(recipients[index].inHand, for: index, into: &effects)
        case (.sending, _) where PlantedBug.undeliveredHintIsDropped.isPlanted:
            drop(recipients[index].inHand, for: index, into: &effects)
        case (.sending, .answered(_, .wrongEpoch)):
            effects.emit(.transfer(.synchronise(with: recipients[index].owner)))
            fail(index, at: now)
        default:
            fail(index, at: now)
        }
    }

    private mutating func deliver(
        _ loaded: [LoadedEntry], to index: Int, _ view: HandoffView, at now: Instant,
        into effects: inout Effects<Effect>
    ) {
        guard !loaded.isEmpty, loaded.count <= recipients[index].listing.count else {
            fail(index, at: now)
            return
        }
        var batch: [TransferEntry] = []
        var inHand: [HintEntry] = []
        for (hint, entry) in zip(recipients[index].listing, loaded) {
            switch entry {
            case .found(let entry):
                batch.append(entry)
                inHand.append(hint)
            case .gone:
                // Our copy went home to every owner, or was reaped: there is nothing that this owner could lack.
                inHand.append(hint)
            case .unreadable:
                // Repair mends our copy; then the hint can be delivered.
                recipients[index].hasLeftovers = true
            }
        }
        recipients[index].listing = recipients[index].listing.dropFirst(loaded.count)
        recipients[index].inHand = inHand
        if !batch.isEmpty {
            let ticket = tickets.next()
            recipients[index].phase = .sending(
                ticket, deadline: now.advanced(by: configuration.requestTimeout))
            effects.emit(
                .transfer(
                    .send(.deliver(entries: batch, epoch: view.epoch), to: recipients[index].owner, ticket)))
        } else if !inHand.isEmpty {
            drop(inHand, for: index, into: &effects)
        } else {
            recipients[index].phase = .idle
            endListingIfDone(index)
        }
    }

    private mutating func drop(_ hints: [HintEntry], for index: Int, into effects: inout Effects<Effect>) {
        let ticket = tickets.next()
        recipients[index].inHand = []
        recipients[index].phase = .dropping(ticket)
        effects.emit(.dropHints(recipients[index].owner, hints, ticket))
    }

    mutating func finishDrop(_ index: Int) {
        guard case .dropping = recipients[index].phase else { return }
        recipients[index].phase = .idle
        endListingIfDone(index)
    }

    /// Where a listing has been dealt with, the lap goes on behind it, or ends.
    private mutating func endListingIfDone(_ index: Int) {
        guard recipients[index].listing.isEmpty else { return }
        recipients[index].listingStart = recipients[index].nextListing
        guard recipients[index].nextListing == nil else { return }
        recipients[index].isInLap = false
        recipients[index].hasHints = recipients[index].hasNews || recipients[index].hasLeftovers
        recipients[index].hasNews = false
    }

    /// Leaves an owner alone for a while; the lap goes on at the listing that has failed.
    mutating func fail(_ index: Int, at now: Instant) {
        recipients[index].phase = .idle
        recipients[index].listing = []
        recipients[index].inHand = []
        recipients[index].isInLap = false
        rest(index, at: now)
    }

    private mutating func rest(_ index: Int, at now: Instant) {
        recipients[index].readyAt = recipients[index].backoff.fail(
            at: now, configuration.backoff, using: &generator)
    }

    /// Moves every owner that can go on, and gives free places to those that wait.
    mutating func proceed(at now: Instant, into effects: inout Effects<Effect>) {
        guard !recipients.isEmpty, let view else { return }
        for index in recipients.indices where recipients[index].isActive {
            advance(index, view, at: now, into: &effects)
        }
        var free = configuration.concurrency - activeCount
        while free > 0, let index = nextRecipient(at: now) {
            advance(index, view, at: now, into: &effects)
            free -= 1
        }
        recipients.removeAll { !$0.isActive && !$0.hasWork }
    }

    /// Whom to turn to next: who has waited longest, since a turn ends with a time to be ready again.
    private func nextRecipient(at now: Instant) -> Int? {
        guard throttle.readyAt <= now else { return nil }
        return recipients.indices.filter { index in
            !recipients[index].isActive && recipients[index].readyAt <= now && canProceed(recipients[index])
        }.min { recipients[$0].readyAt < recipients[$1].readyAt }
    }

    private mutating func advance(
        _ index: Int, _ view: HandoffView, at now: Instant, into effects: inout Effects<Effect>
    ) {
        if case .walking(let walk, let mark) = recipients[index].phase {
            move(walk, mark, for: index, view, at: now, into: &effects)
        }
        guard case .idle = recipients[index].phase, !isPaused, recipients[index].readyAt <= now,
            throttle.readyAt <= now
        else { return }
        guard canProceed(recipients[index]) else {
            // It went away in the middle of a lap: its place is for others.
            recipients[index].isInLap = false
            recipients[index].listing = []
            return
        }
        if !recipients[index].listing.isEmpty {
            let ticket = tickets.next()
            recipients[index].phase = .loading(ticket)
            effects.emit(.load(Array(recipients[index].listing), byteLimit: configuration.batchBytes, ticket))
        } else if recipients[index].hasHints {
            scan(index, at: now, into: &effects)
        } else {
            walkNextMark(index, view, at: now, into: &effects)
        }
    }

    private mutating func walkNextMark(
        _ index: Int, _ view: HandoffView, at now: Instant, into effects: inout Effects<Effect>
    ) {
        let owner = recipients[index].owner
        for mark in recipients[index].marks where !view.isOwnerOrHolder(owner, of: mark.partition) {
            effects.emit(.unmark(mark))
        }
        recipients[index].marks.removeAll { !view.isOwnerOrHolder(owner, of: $0.partition) }
        if let mark = recipients[index].marks.first(where: { view.isOwner(owner, of: $0.partition) }) {
            let first = view.tokens(of: mark.partition).lowerBound
            let walk = PartitionWalk(partition: mark.partition, targets: [mark.owner], from: first)
            move(walk, mark, for: index, view, at: now, into: &effects)
        } else if !recipients[index].marks.isEmpty {
            rest(index, at: now)
        }
    }

    private mutating func scan(_ index: Int, at now: Instant, into effects: inout Effects<Effect>) {
        if recipients[index].hasLeftovers, !recipients[index].isInLap, recipients[index].listingStart == nil {
            // A lap has just ended and left something: the next one waits.
            recipients[index].hasLeftovers = false
            rest(index, at: now)
            return
        }
        let ticket = tickets.next()
        recipients[index].isInLap = true
        recipients[index].phase = .scanning(ticket)
        effects.emit(
            .scanHints(
                recipients[index].owner, after: recipients[index].listingStart, limit: configuration.scanLimit, ticket))
    }

    /// Moves the walk over a marked partition.
    private mutating func move(
        _ walk: consuming PartitionWalk, _ mark: RangeMark, for index: Int, _ view: HandoffView, at now: Instant,
        into effects: inout Effects<Effect>
    ) {
        walk.resume()
        if walk.phase == .ready, !isPaused, throttle.readyAt <= now {
            var wishes: [TransferEffect] = []
            walk.proceed(surroundings(view, now), &tickets, into: &wishes)
            for wish in wishes {
                effects.emit(.transfer(wish))
            }
        }
        guard walk.phase == .ended else {
            recipients[index].phase = .walking(walk, mark)
            return
        }
        recipients[index].phase = .idle
        if walk.isComplete {
            // A later mark of the same partition stays, and is walked again.
            recipients[index].marks.removeAll { $0 == mark }
            recipients[index].backoff.reset()
            recipients[index].readyAt = now
            effects.emit(.unmark(mark))
        } else {
            rest(index, at: now)
        }
    }

    private func surroundings(_ view: HandoffView, _ now: Instant) -> PartitionWalk.Surroundings {
        PartitionWalk.Surroundings(now: now, epoch: view.epoch, configuration: configuration)
    }
}
