import Machine
import Synchronization

extension LogEngine {
    /// As ``StorageEngine/append(_:durability:)``. O(log keys) for each operation, and a read for each whose token is
    /// taken
    /// and that does not say by which record.
    @discardableResult
    public func append(_ batch: WriteBatch, durability: Durability) throws(StorageFailure) -> UInt64 {
        try writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            do throws(StorageFailure) {
                return try append(batch, durability: durability, &writer)
            } catch {
                writer.hasRefused = true
                throw error
            }
        }
    }

    /// As ``StorageEngine/sync()``.
    public func sync() throws(StorageFailure) {
        try writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            try writer.checkWritable()
            try resolveDoubts(&writer)
            try syncActive(&writer)
        }
    }

    /// What the index says about an operation before it is written.
    private struct Plan {
        /// The record, or the drop, that it takes the place of.
        var replaced: Slot?
        /// More records of the key, where a start could not read one of them to see that.
        var others: [Slot] = []
        /// The oldest segment that may hold a record of the key.
        var oldest: UInt32
        /// Whether there is nothing to write.
        var isSkipped = false
    }

    private func append(
        _ batch: WriteBatch, durability: Durability, _ writer: inout Writer
    ) throws(StorageFailure) -> UInt64 {
        try writer.checkWritable()
        let byteCount = try batch.byteCount()
        let first = writer.nextSequence
        guard !batch.isEmpty else { return first }
        guard first + UInt64(batch.count) < Slot.sequenceLimit else {
            throw .unsupported("more than 2^48 writes to one store")
        }
        try resolveDoubts(&writer)
        try makeRoom(for: byteCount, isCompaction: false, &writer)
        guard let active = writer.active else { throw .readOnly }
        let plans = try plan(batch, active: active.number)
        var offsets = [Int](repeating: 0, count: batch.count)
        writer.encoder.begin(at: active.end, nonce: active.nonce)
        for (index, operation) in batch.operations.enumerated() where !plans[index].isSkipped {
            let sequence = first + UInt64(index)
            let value = operation.value ?? ByteBuffer()
            let head = RecordHead(
                kind: operation.value == nil ? .drop : .put, space: operation.space,
                keyCount: operation.key.readableBytes, valueCount: value.readableBytes, sequence: sequence,
                token: operation.token, hash: operation.hash,
                valueCheck: RecordHead.valueCheck(value, sequence: sequence), oldest: plans[index].oldest,
                written: active.number)
            offsets[index] = writer.encoder.add(head, key: operation.key, value: value)
        }
        // Sequences are given out even where the batch fails: if it turns up after all, no other has them.
        writer.nextSequence += UInt64(batch.count)
        guard writer.encoder.recordCount > 0 else {
            // A drop of what a buffered drop took away: this one promises that it is durable.
            if durability == .synced { try syncActive(&writer) }
            return first
        }
        try commit(durability, &writer)
        apply(batch, plans: plans, offsets: offsets, first: first, segment: active.number, &writer)
        return first
    }

    /// Writes the encoder's batch behind the log's end, and waits for the disk where that is asked for.
    func commit(_ durability: Durability, _ writer: inout Writer) throws(StorageFailure) {
        guard let active = writer.active else { throw .readOnly }
        let byteCount = writer.encoder.byteCount
        do {
            try active.file.write(writer.encoder.finish(durable: active.durable), at: active.end)
        } catch {
            throw abandon(after: error, syncing: active.durable < active.end, &writer)
        }
        if durability == .synced, !PlantedBug.commitDoesNotSync.isPlanted {
            do {
                try active.file.dataSync()
            } catch {
                guard PlantedBug.failedSyncIsRetried.isPlanted, (try? active.file.dataSync()) != nil else {
                    throw abandon(after: error, syncing: false, &writer)
                }
            }
            writer.active?.durable = active.end + byteCount
        }
        writer.active?.end = active.end + byteCount
        catalog.withLock { catalog in
            if let index = catalog.index(of: active.number) {
                catalog.segments[index].end = active.end + byteCount
            }
        }
    }
}

// MARK: - Before the write

extension LogEngine {
    /// Finds what each operation replaces. Reads from the disk only where a token is taken and the caller did not say
    /// by which record.
    private func plan(_ batch: WriteBatch, active: UInt32) throws(StorageFailure) -> [Plan] {
        var plans: [Plan] = []
        plans.reserveCapacity(batch.count)
        var unresolved: [(index: Int, candidates: [Candidate])] = []
        var twins: [(index: Int, candidates: [Candidate])] = []
        var floor: UInt32 = active
        catalog.withLock { catalog in
            // A segment with damage may hold an older record of any key.
            floor = min(floor, catalog.oldestDamaged ?? active)
            for (index, operation) in batch.operations.enumerated() {
                plans.append(Plan(replaced: nil, oldest: floor))
                var candidates: [Candidate] = []
                catalog.forEachSlot(of: operation.token, in: operation.space) { slot in
                    if slot.sequence == operation.replacing {
                        plans[index].replaced = slot
                    } else if let segment = catalog.index(of: slot.segment) {
                        candidates.append(Candidate(slot: slot, segment: catalog.segments[segment]))
                    }
                }
                if plans[index].replaced == nil, !candidates.isEmpty {
                    unresolved.append((index, candidates))
                } else if let named = plans[index].replaced, !candidates.isEmpty {
                    let older = candidates.filter { $0.slot.sequence < named.sequence }
                    if !older.isEmpty { twins.append((index, older)) }
                }
            }
        }
        for (index, candidates) in unresolved {
            var slots = try Self.slots(of: batch.operations[index].key, among: candidates)
            plans[index].replaced = slots.popLast()
            plans[index].others = slots
        }
        for (index, candidates) in twins {
            // Recovery keeps a record whose key it cannot read beside a newer one. By now it may be readable; else it stays.
            plans[index].others = candidates.filter { candidate in
                (try? candidate.compareKey(batch.operations[index].key)) == .same
            }.map(\.slot)
        }
        var tokens: Set<UInt64>?
        for index in plans.indices {
            if let replaced = plans[index].replaced {
                let others = plans[index].others.lazy.map(\.oldest).min() ?? .max
                let oldest = catalog.withLock { $0.firstSegment(from: min(replaced.oldest, others)) } ?? active
                plans[index].oldest = min(oldest, floor)
            }
            let operation = batch.operations[index]
            if operation.value == nil, plans[index].replaced?.isDrop ?? true {
                // Nothing there, unless this batch itself puts it.
                let put = tokens ?? Set(batch.operations.lazy.filter { $0.value != nil }.map(\.token))
                tokens = put
                plans[index].isSkipped = !put.contains(operation.token)
            }
        }
        return plans
    }

    /// The records of a key among those of its token, oldest first: one, as a rule.
    ///
    /// One whose head is damaged counts as the key's where there is no better: two keys of one token are rare, and the
    /// record is lost in any case. One that the disk does not give is a failure: it may be another key's, and readable
    /// tomorrow. (A caller who names the record by its sequence, from a scan, gets by without reading it.)
    static func slots(of key: ByteBuffer, among candidates: [Candidate]) throws(StorageFailure) -> [Slot] {
        var same: [Slot] = []
        var damaged: [Slot] = []
        for candidate in candidates {
            switch try candidate.compareKey(key) {
            case .same: same.append(candidate.slot)
            case .other: break
            case .damaged: damaged.append(candidate.slot)
            }
        }
        return same.isEmpty ? damaged : same
    }
}

// MARK: - After the write

extension LogEngine {
    /// Makes a written batch visible, all of it at once.
    private func apply(
        _ batch: WriteBatch, plans: [Plan], offsets: [Int], first: UInt64, segment: UInt32, _ writer: inout Writer
    ) {
        var waiting: [(barrier: UInt32, name: Writer.DropName)] = []
        catalog.withLock { catalog in
            for (index, operation) in batch.operations.enumerated() where !plans[index].isSkipped {
                let sequence = first + UInt64(index)
                let (space, token) = (operation.space, operation.token)
                var isReplaced = false
                if let replaced = plans[index].replaced {
                    isReplaced = catalog.remove(token, sequence: replaced.sequence, in: space) != nil
                }
                for other in plans[index].others {
                    catalog.remove(token, sequence: other.sequence, in: space)
                }
                if !isReplaced, index > 0 {
                    // An earlier operation of this batch may have put the same key.
                    var earlier: UInt64?
                    catalog.forEachSlot(of: token, in: space) { slot in
                        if slot.sequence >= first,
                            batch.operations[Int(slot.sequence - first)].key == operation.key
                        {
                            earlier = slot.sequence
                        }
                    }
                    if let earlier { catalog.remove(token, sequence: earlier, in: space) }
                }
                let oldest = plans[index].oldest
                let byteCount = RecordHead.recordByteCount(
                    keyCount: operation.key.readableBytes, valueCount: operation.value?.readableBytes ?? 0)
                if operation.value != nil {
                    let slot = Slot(
                        hash: operation.hash, sequence: sequence, segment: segment, offset: offsets[index],
                        byteCount: byteCount, oldest: oldest)
                    catalog.insert(token, slot, in: space)
                } else if let barrier = catalog.barrier(oldest: oldest, written: segment, own: segment) {
                    let slot = Slot(
                        dropWritten: segment, oldest: oldest, sequence: sequence, segment: segment,
                        offset: offsets[index], byteCount: byteCount)
                    catalog.insert(token, slot, in: space)
                    waiting.append((barrier, Writer.DropName(space: space, token: token, sequence: sequence)))
                }
            }
        }
        for (barrier, name) in waiting {
            writer.waiting[barrier, default: []].append(name)
        }
    }
}
