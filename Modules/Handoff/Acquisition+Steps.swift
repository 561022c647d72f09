import Machine
import Ring

extension Acquisition {
    var activeStreams: Int {
        sources.reduce(0) { $0 + ($1.isActive ? 1 : 0) }
    }

    func canAsk(_ source: AcquisitionSource) -> Bool {
        guard let view, !source.isActive, !source.wanted.isEmpty else { return false }
        return view.isReachable(source.node)
    }

    /// Takes over a view: what is needed, from whom, and what of the progress still holds.
    mutating func change(to view: HandoffView, at now: Instant) {
        let before = needed
        needed = view.owned.subtracting(view.held)
        acquiredCount = needed.isEmpty ? 0 : acquiredCount + before.intersection(view.held).count
        // A partition that was lost and comes back later begins anew: in the meantime its data may have gone home.
        claimable = claimable.intersection(needed)
        claimed = claimed.intersection(needed)
        if claimed.isEmpty {
            claimDeadline = nil
        }
        self.view = view
        updateSources(view)
        // Holders may have gone or come since a partition was found complete.
        let unclaimed = needed.subtracting(claimed)
        claimable = unclaimed.filtered { isComplete($0, view) }
        for index in sources.indices {
            sources[index].wanted.subtract(claimable)
        }
    }

    private mutating func updateSources(_ view: HandoffView) {
        for index in sources.indices {
            sources[index].wanted = .none(of: view.partitionCount)
        }
        for partition in needed where !claimed.contains(partition) {
            for holder in view.holders(of: partition) where holder != view.own {
                let index = indexOfSource(holder, partitionCount: view.partitionCount)
                if !sources[index].done.contains(partition) {
                    sources[index].wanted.insert(partition)
                }
            }
        }
        for index in sources.indices {
            sources[index].keepOnly(needed)
            if case .asking = sources[index].phase, sources[index].wanted.isEmpty {
                sources[index].phase = .idle
            }
        }
        sources.removeAll { !$0.isActive && $0.wanted.isEmpty && $0.done.isEmpty }
    }

    private mutating func indexOfSource(_ node: NodeID, partitionCount: Int) -> Int {
        let index = sources.firstIndex { $0.node >= node } ?? sources.endIndex
        if index == sources.endIndex || sources[index].node != node {
            sources.insert(AcquisitionSource(node: node, partitionCount: partitionCount), at: index)
        }
        return index
    }

    private func isComplete(_ partition: PartitionID, _ view: HandoffView) -> Bool {
        var holders = 0
        var merged = 0
        for holder in view.holders(of: partition) where holder != view.own {
            holders += 1
            let isDone = sources.contains { $0.node == holder && $0.done.contains(partition) }
            if isDone {
                if PlantedBug.partitionIsClaimedTooEarly.isPlanted { return true }
                merged += 1
            } else if view.isReachable(holder) {
                return false
            }
        }
        return merged >= Self.requiredCopies(owners: view.owners(of: partition).count, holders: holders)
    }

    mutating func answer(
        _ response: HandoffResponse, byteCount: Int, from index: Int, at now: Instant,
        into effects: inout Effects<Effect>
    ) {
        switch response {
        case .pulled(let batch):
            take(batch, byteCount: byteCount, from: index, at: now, into: &effects)
        case .wrongEpoch:
            effects.emit(.synchronise(with: sources[index].node))
            fail(index, at: now)
        case .busy, .failed, .wanted, .delivered:
            fail(index, at: now)
        }
    }

    private mutating func take(
        _ batch: PulledBatch, byteCount: Int, from index: Int, at now: Instant, into effects: inout Effects<Effect>
    ) {
        if let next = batch.next, next <= sources[index].cursor {
            // A batch that does not move the cursor would be asked for without end.
            fail(index, at: now)
            return
        }
        let refused = sources[index].pass.intersection(batch.refused)
        if !refused.isEmpty {
            sources[index].pass.subtract(refused)
            sources[index].refused.formUnion(refused)
            effects.emit(.synchronise(with: sources[index].node))
        }
        sources[index].bytesLeft = batch.bytesLeft
        throttle.charge(byteCount, at: now)
        let ticket = tickets.next()
        sources[index].phase = .merging(ticket, next: batch.next, byteCount: byteCount)
        if batch.entries.isEmpty {
            finishMerge(at: index, at: now)
        } else {
            effects.emit(.merge(batch.entries, ticket))
        }
    }

    /// A batch is on disk: what lies wholly below the cursor has been read from this holder.
    mutating func finishMerge(at index: Int, at now: Instant) {
        guard let view, case .merging(_, let next, let byteCount) = sources[index].phase else { return }
        sources[index].phase = .idle
        sources[index].bytesMerged += UInt64(clamping: byteCount)
        meter.count(byteCount, at: now)
        let completed = sources[index].advance(to: next, view)
        for partition in completed where !claimed.contains(partition) && isComplete(partition, view) {
            claimable.insert(partition)
        }
        guard sources[index].pass.isEmpty else {
            sources[index].backoff.reset()
            sources[index].readyAt = now
            return
        }
        // The end of a pass: what was refused is asked for again, after a while.
        if sources[index].refused.isEmpty {
            sources[index].backoff.reset()
            sources[index].readyAt = now
        } else {
            sources[index].readyAt = sources[index].backoff.fail(at: now, configuration.backoff, using: &generator)
        }
        sources[index].bytesLeft = sources[index].wanted.isEmpty ? 0 : nil
        nextClaimAt = min(nextClaimAt, now)
    }

    /// Leaves a holder alone for a while; the pass goes on at its cursor.
    mutating func fail(_ index: Int, at now: Instant) {
        sources[index].phase = .idle
        sources[index].readyAt = sources[index].backoff.fail(at: now, configuration.backoff, using: &generator)
    }

    /// Fills the free streams, and claims what is due.
    mutating func proceed(at now: Instant, into effects: inout Effects<Effect>) {
        guard let view else { return }
        if !claimable.isEmpty, nextClaimAt <= now {
            effects.emit(.claim(claimable))
            claimed.formUnion(claimable)
            claimable = .none(of: claimable.capacity)
            nextClaimAt = now.advanced(by: configuration.claimInterval)
            claimDeadline = now.advanced(by: configuration.claimTimeout)
        }
        var free = configuration.streams - activeStreams
        while free > 0, throttle.readyAt <= now, let index = nextSource(at: now) {
            sources[index].preparePass(view)
            let ticket = tickets.next()
            sources[index].phase = .asking(ticket, deadline: now.advanced(by: configuration.requestTimeout))
            let request = PullRequest(
                partitions: sources[index].pass, from: sources[index].cursor, byteLimit: configuration.batchBytes,
                epoch: view.epoch)
            effects.emit(.pull(request, from: sources[index].node, ticket))
            free -= 1
        }
    }

    /// Whom to ask next: a pass that has begun before one that has not, then who has waited longest.
    private func nextSource(at now: Instant) -> Int? {
        var best: Int?
        for index in sources.indices where sources[index].readyAt <= now && canAsk(sources[index]) {
            guard let current = best else {
                best = index
                continue
            }
            let (challenger, champion) = (sources[index], sources[current])
            if challenger.pass.isEmpty == champion.pass.isEmpty
                ? challenger.readyAt < champion.readyAt : champion.pass.isEmpty
            {
                best = index
            }
        }
        return best
    }
}
