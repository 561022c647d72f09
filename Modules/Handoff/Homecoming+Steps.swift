import Machine
import Ring

extension Homecoming {
    mutating func change(to view: HandoffView, at now: Instant, into effects: inout Effects<Effect>) {
        let before = self.view
        self.view = view
        let relieved = view.relieved
        for partition in strays
        where view.owned.contains(partition) && !(before?.held ?? view.held).contains(partition) {
            owed.insert(partition)
        }
        owed = owed.intersection(view.owned)
        walks.removeAll { walk in
            !owed.contains(walk.steps.partition) && !relieved.contains(walk.steps.partition)
                && (view.owned.contains(walk.steps.partition) || view.held.contains(walk.steps.partition))
        }
        // What was true of the owners before may be true no longer; where it is, it is said again under the new view.
        relinquished = relinquished.intersection(relieved).filtered { partition in
            before.map { Set(otherOwners(of: partition, $0)) == Set(otherOwners(of: partition, view)) } ?? false
        }
        if !relinquished.isEmpty {
            sayRelinquished(by: now.advanced(by: Self.gatherTime))
        }
        for index in 0..<UInt32(strays.capacity) {
            let partition = PartitionID(index: index)
            if owed.contains(partition) {
                reconsider(partition, view, before: before, at: now)
            } else if relieved.contains(partition), !relinquished.contains(partition) {
                if strays.contains(partition) {
                    reconsider(partition, view, before: before, at: now)
                } else {
                    schedule(partition, at: now)
                }
            } else if view.owned.contains(partition) || view.held.contains(partition) {
                forget(partition)
            } else if let before, before.owned.contains(partition) || before.held.contains(partition) {
                // A walk of then would drop nothing, and of two at a time only one would hear of what is stored meanwhile.
                walks.removeAll { $0.steps.partition == partition }
                schedule(partition, at: now)
            } else if strays.contains(partition) {
                reconsider(partition, view, before: before, at: now)
            }
        }
        sayAgain(at: now, into: &effects)
    }

    /// A stray whose owners may be others than before, or may be back.
    private mutating func reconsider(
        _ partition: PartitionID, _ view: HandoffView, before: HandoffView?, at now: Instant
    ) {
        let owners = otherOwners(of: partition, view)
        if let index = walks.firstIndex(where: { $0.steps.partition == partition }) {
            // What the owners of yesterday have confirmed says nothing about those of today; and what was kept since it was
            // held or owned then is not dropped by the rest of a walk.
            if Set(walks[index].owners) != Set(owners) || walks[index].drops != mayDrop(partition, view) {
                walks.remove(at: index)
                schedule(partition, at: now)
            }
        } else if parked.contains(partition),
            owners.contains(where: { owner in
                view.isReachable(owner) && !(before.map { $0.isReachableOwner(owner, of: partition) } ?? false)
            }) || before.map({ Set(otherOwners(of: partition, $0)) != Set(owners) }) ?? false
        {
            // Somebody is there who has not been asked, or nobody is waited for any more.
            backoffs[partition] = nil
            schedule(partition, at: now)
        }
    }

    /// How long bits are gathered that are to be cleared: each word of a member is a membership more for everyone.
    private static let gatherTime = Duration.milliseconds(500)

    /// Clears the bit of a partition that every owner has from here, in a while, with those that come meanwhile.
    private mutating func relinquish(_ partition: PartitionID, at now: Instant) {
        relinquished.insert(partition)
        sayRelinquished(by: now.advanced(by: Self.gatherTime))
    }

    private mutating func sayRelinquished(by deadline: Instant) {
        relinquishDeadline = min(relinquishDeadline ?? deadline, deadline)
    }

    /// Clears bits, and once more those that were lost on their way into the membership, as it seems.
    mutating func sayAgain(at now: Instant, into effects: inout Effects<Effect>) {
        guard !relinquished.isEmpty else {
            relinquishDeadline = nil
            return
        }
        guard let deadline = relinquishDeadline, deadline <= now else { return }
        effects.emit(.relinquish(relinquished))
        relinquishDeadline = now.advanced(by: configuration.requestTimeout)
    }

    /// Held partitions whose turn had come before every shard went by the view.
    mutating func goOnWithHeld(at now: Instant) {
        guard let view, view.epoch == adopted else { return }
        for partition in parked where view.relieved.contains(partition) {
            schedule(partition, at: now)
        }
    }

    private mutating func forget(_ partition: PartitionID) {
        guard strays.remove(partition) else { return }
        owed.remove(partition)
        parked.remove(partition)
        due.remove(partition.index)
        backoffs[partition] = nil
    }

    private mutating func schedule(_ partition: PartitionID, at instant: Instant) {
        strays.insert(partition)
        parked.remove(partition)
        due.set(instant, for: partition.index)
    }

    /// Takes note of data that was found, unless this node owns or holds its partition.
    mutating func note(_ partition: PartitionID, at now: Instant) {
        guard Int(partition.index) < strays.capacity, !strays.contains(partition) else { return }
        // What is held waits until every owner holds it; what is owned alone came from before it was.
        if let view, view.held.contains(partition) { return }
        if let view, view.owned.contains(partition) {
            owed.insert(partition)
        }
        schedule(partition, at: now)
    }

    /// Takes note of data that has just been stored. In a partition that is held it was acknowledged by owners too.
    mutating func noteStray(_ partition: PartitionID, at now: Instant) {
        if let view, view.held.contains(partition) { return }
        if let index = walks.firstIndex(where: { $0.steps.partition == partition }) {
            walks[index].hasNews = true
        } else if parked.contains(partition) {
            // The owners that can be reached get it, in a while: one walk for many strays.
            delay(partition, at: now)
        } else {
            note(partition, at: now)
        }
    }

    private mutating func delay(_ partition: PartitionID, at now: Instant) {
        var backoff = backoffs[partition] ?? Backoff()
        schedule(partition, at: backoff.fail(at: now, configuration.backoff, using: &generator))
        backoffs[partition] = backoff
    }

    mutating func take(_ event: TransferEvent, at now: Instant, into effects: inout Effects<Effect>) {
        let ticket = event.ticket
        if case .failed = event, let index = walks.firstIndex(where: { $0.dropTicket == ticket }) {
            walks[index].dropTicket = nil
            walks[index].steps.abandon()
        }
        guard let view, let index = walks.firstIndex(where: { $0.steps.owns(ticket) }) else { return }
        var wishes: [TransferEffect] = []
        walks[index].steps.receive(event, surroundings(view, now), &tickets, into: &wishes)
        throttle.charge(walks[index].steps.takeCharge(), at: now)
        for wish in wishes {
            effects.emit(.transfer(wish))
        }
    }

    /// Begins walks, and moves those that can go on.
    mutating func proceed(at now: Instant, into effects: inout Effects<Effect>) {
        guard !walks.isEmpty || due.count > 0, let view else { return }
        var index = 0
        while index < walks.count {
            advance(index, view, at: now, into: &effects)
            if walks[index].steps.phase == .ended {
                let walk = walks.remove(at: index)
                finish(walk, view, at: now)
            } else {
                index += 1
            }
        }
        while !isPaused, walks.count < configuration.concurrency, let name = due.popExpired(at: now) {
            begin(PartitionID(index: name), view, at: now, into: &effects)
        }
    }

    private mutating func begin(
        _ partition: PartitionID, _ view: HandoffView, at now: Instant, into effects: inout Effects<Effect>
    ) {
        let letsGo = PlantedBug.holderLetsGoTooEarly.isPlanted || PlantedBug.ownersAreNotCounted.isPlanted
        if letsGo, view.relieved.contains(partition) {
            forget(partition)
            relinquish(partition, at: now)
            return
        }
        let owners = otherOwners(of: partition, view)
        if owners.isEmpty, owed.contains(partition) {
            forget(partition)
            return
        }
        let reachable = owners.filter { view.isReachable($0) }
        // A shard that goes by an earlier view may yet store, as a holder, what the owners of this one are not asked for.
        guard !reachable.isEmpty, !view.relieved.contains(partition) || adopted == view.epoch else {
            parked.insert(partition)
            return
        }
        let first = view.tokens(of: partition).lowerBound
        walks.append(
            Walk(
                steps: PartitionWalk(partition: partition, targets: reachable, from: first), owners: owners,
                drops: mayDrop(partition, view)))
        advance(walks.count - 1, view, at: now, into: &effects)
    }

    private mutating func advance(
        _ index: Int, _ view: HandoffView, at now: Instant, into effects: inout Effects<Effect>
    ) {
        if walks[index].steps.phase == .batchDone, walks[index].dropTicket == nil {
            let confirmed =
                walks[index].drops && walks[index].reachesEveryOwner ? walks[index].steps.confirmed : []
            if confirmed.isEmpty {
                walks[index].steps.resume()
            } else {
                let ticket = tickets.next()
                walks[index].dropTicket = ticket
                effects.emit(.dropIfUnchanged(walks[index].steps.partition, confirmed, ticket))
            }
        }
        guard walks[index].steps.phase == .ready, !isPaused, throttle.readyAt <= now else { return }
        var wishes: [TransferEffect] = []
        walks[index].steps.proceed(surroundings(view, now), &tickets, into: &wishes)
        for wish in wishes {
            effects.emit(.transfer(wish))
        }
    }

    private mutating func finish(_ walk: Walk, _ view: HandoffView, at now: Instant) {
        let partition = walk.steps.partition
        // What is damaged here nobody meets here either.
        let isWhole =
            walk.reachesEveryOwner && !walk.steps.hasFailed && !walk.steps.hasChanged
            && (!walk.steps.hasLeftovers || walk.steps.hasUnreadable)
        if isWhole, view.relieved.contains(partition) {
            forget(partition)
            relinquish(partition, at: now)
        } else if isWhole, owed.contains(partition) {
            forget(partition)
        } else if walk.steps.hasFailed || walk.hasNews || (walk.steps.hasLeftovers && walk.reachesEveryOwner) {
            // What is damaged is no news: its owners are asked more and more seldom.
            if walk.reachesEveryOwner, !walk.steps.hasFailed, !walk.steps.hasUnreadable {
                backoffs[partition] = nil
            }
            delay(partition, at: now)
        } else if !walk.reachesEveryOwner {
            let isSomebodyBack = walk.owners.contains { owner in
                view.isReachable(owner) && !walk.steps.targets.contains { $0.node == owner }
            }
            if isSomebodyBack {
                schedule(partition, at: now)
            } else {
                parked.insert(partition)
            }
        } else {
            forget(partition)
        }
    }

    private func mayDrop(_ partition: PartitionID, _ view: HandoffView) -> Bool {
        !view.held.contains(partition) && !view.owned.contains(partition)
    }

    private func otherOwners(of partition: PartitionID, _ view: HandoffView) -> [NodeID] {
        view.owners(of: partition).filter { $0 != view.own }
    }

    private func surroundings(_ view: HandoffView, _ now: Instant) -> PartitionWalk.Surroundings {
        PartitionWalk.Surroundings(now: now, epoch: view.epoch, configuration: configuration)
    }
}

extension TransferEvent {
    /// The ticket that the event is about.
    var ticket: HandoffTicket {
        switch self {
        case .scanned(let ticket, _, _), .loaded(let ticket, _, _), .answered(let ticket, _), .failed(let ticket):
            ticket
        }
    }
}
