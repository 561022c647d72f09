public import Machine

/// Hints, and the marks on whole ranges in place of those that cannot be kept.
extension ObjectStore {
    func addHint(owner: NodeID, token: UInt64, key: ByteBuffer) -> PreparedOperation {
        let count = engine.usage(of: .hints, tokens: 0...UInt64.max).records
        guard count + hintsInBatch.count < configuration.hintLimit else {
            return .marked(mark(owner: owner, token: token))
        }
        hintsInBatch.append((owner, token))
        let engineKey = HintRecord.engineKey(owner: owner, key: key)
        hintKeysInBatch.insert(engineKey)
        batchByteCount += engineKey.readableBytes
        batch.put(
            .hints, token: token, key: engineKey, value: ByteBuffer(), hash: HintRecord.engineHash(owner: owner))
        return .accepted
    }

    /// Marks the range of a hint that cannot be kept as one: nobody else remembers it.
    public func markRange(ofHintFor owner: NodeID, token: UInt64) -> MarkedRange {
        mark(owner: owner, token: token)
    }

    func dropHint(
        owner: NodeID, token: UInt64, key: ByteBuffer, sequence: UInt64
    ) throws(StorageFailure) -> PreparedOperation {
        let engineKey = HintRecord.engineKey(owner: owner, key: key)
        // A hint that was added in this batch is of a later write than the one that was delivered.
        if !hintKeysInBatch.contains(engineKey), let record = try engine.get(.hints, token: token, key: engineKey),
            record.sequence == sequence || PlantedBug.newerHintIsDropped.isPlanted
        {
            batch.drop(.hints, token: token, key: engineKey, replacing: sequence)
        }
        return .accepted
    }

    /// Marks the partition of a token for an owner. A mark that is there gets a new generation, so that whoever sends the
    /// range meanwhile does not take it away.
    func mark(owner: NodeID, token: UInt64) -> MarkedRange {
        let range = remember(place(of: token, for: owner))
        if range.generation == 1 {
            let place = MarkedRange.Place(owner: owner, partition: range.partition)
            marksInBatch.append(place)
            put(place)
        }
        return range
    }

    func place(of token: UInt64, for owner: NodeID) -> MarkedRange.Place {
        let partition = configuration.partitionShift >= 64 ? 0 : token >> configuration.partitionShift
        return MarkedRange.Place(owner: owner, partition: UInt32(truncatingIfNeeded: partition))
    }

    func remember(_ place: MarkedRange.Place) -> MarkedRange {
        let generation = (marks[place] ?? 0) + 1
        marks[place] = generation
        return MarkedRange(owner: place.owner, partition: place.partition, generation: generation)
    }

    func put(_ place: MarkedRange.Place) {
        batch.put(
            .meta, token: place.owner.low, key: place.engineKey, value: ByteBuffer(), hash: UInt64(place.partition))
    }

    /// Nothing of the batch is stored for certain: its marks are written with the next, and what its hints were to keep is
    /// kept by marks on their ranges.
    func keepMarksOfFailedBatch() {
        unwrittenMarks.formUnion(marksInBatch.lazy.filter { self.marks[$0] != nil })
        var seen: Set<MarkedRange.Place> = []
        for hint in hintsInBatch {
            let place = place(of: hint.token, for: hint.owner)
            guard seen.insert(place).inserted else { continue }
            if marks[place] == nil {
                unwrittenMarks.insert(place)
            }
            rangesOfLostHints.append(remember(place))
        }
    }

    func unmark(_ range: MarkedRange) {
        let place = MarkedRange.Place(owner: range.owner, partition: range.partition)
        guard marks[place] == range.generation else { return }
        marks[place] = nil
        unwrittenMarks.remove(place)
        batch.drop(.meta, token: range.owner.low, key: place.engineKey)
    }

    static func readMarks(
        from engine: any StorageEngine
    ) throws(StorageFailure) -> [MarkedRange.Place: UInt64] {
        var marks: [MarkedRange.Place: UInt64] = [:]
        var cursor: ScanCursor?
        while true {
            let entries = engine.scan(.meta, tokens: 0...UInt64.max, after: cursor, limit: 1024)
            for case let record? in try engine.read(entries, in: .meta) {
                if let place = MarkedRange.Place(engineKey: record.key) {
                    marks[place] = 0
                }
            }
            guard let last = entries.last, entries.count == 1024 else { return marks }
            cursor = last.cursor
        }
    }
}
