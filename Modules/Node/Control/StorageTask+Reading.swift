import Handoff
import Hashing
import Machine
import Ring
import Storage

extension StorageTask {
    /// What the task asks of the writing side of the store, or `nil` where it only reads.
    public var operations: [StoreOperation]? {
        switch self {
        case .merge(let entries):
            entries.map { .merge(token: Token(key: $0.key).value, key: $0.key, object: $0.object) }
        case .dropHints(let owner, let entries):
            entries.map { .dropHint(owner: owner, token: $0.token, key: $0.key, sequence: $0.sequence) }
        case .dropEntries(_, let entries):
            entries.map { .dropIfUnchanged(token: $0.token, hash: $0.hash) }
        case .unmark(let mark):
            [.unmark(MarkedRange(mark))]
        case .pull, .compare, .scan, .loadEntries, .scanHints, .loadHinted:
            nil
        }
    }

    /// Carries out a task that only reads; may wait for the disk.
    public func read(from reader: ObjectReader, ring configuration: RingConfiguration) -> StorageAnswer {
        do throws(StorageFailure) {
            switch self {
            case .pull(let request, let refused):
                return .pulled(try reader.batch(of: request, refused: refused, configuration))
            case .compare(let offer):
                return .missing(reader.missing(of: offer))
            case .scan(let partition, let from, let limit):
                let tokens = configuration.tokens(of: partition)
                guard from <= tokens.upperBound else { return .scanned([], next: nil) }
                let page = reader.page(tokens: max(from, tokens.lowerBound)...tokens.upperBound, limit: limit)
                return .scanned(page.entries.map { .init(token: $0.token, hash: $0.hash) }, next: page.next)
            case .loadEntries(let entries, let byteLimit):
                return try reader.load(entries, byteLimit: byteLimit)
            case .scanHints(let owner, let cursor, let limit):
                return try reader.hints(for: owner, after: cursor, limit: limit)
            case .loadHinted(let entries, let byteLimit):
                return try reader.load(entries, byteLimit: byteLimit)
            case .merge, .dropHints, .dropEntries, .unmark:
                return .failed
            }
        } catch {
            return .failed
        }
    }
}

extension RingConfiguration {
    /// The tokens of a partition.
    func tokens(of partition: PartitionID) -> ClosedRange<UInt64> {
        let bits = UInt64(partitionBits)
        // Shifts by 64 bits, with one partition, give 0.
        let first = UInt64(partition.index) << (64 - bits)
        return first...(first | UInt64.max >> bits)
    }
}

extension ObjectReader {
    /// The next batch of a pull: all keys of a token or none.
    fileprivate func batch(
        of request: PullRequest, refused: PartitionSet, _ configuration: RingConfiguration
    ) throws(StorageFailure) -> PulledBatch {
        let byteLimit = min(max(request.byteLimit, 1), HandoffLimits.batchBytes)
        var found: [IndexEntry] = []
        var byteCount = 0
        var next: UInt64?
        var partitionsLeft = 0
        for partition in request.partitions where !refused.contains(partition) {
            let tokens = configuration.tokens(of: partition)
            guard request.from <= tokens.upperBound else { continue }
            if next != nil {
                partitionsLeft += 1
                continue
            }
            var from: UInt64? = max(request.from, tokens.lowerBound)
            while let first = from, next == nil {
                let page = page(tokens: first...tokens.upperBound, limit: 64)
                for entry in page.entries {
                    // Values may be large: a page of them would not fit into a frame.
                    let isFull = byteCount >= byteLimit || found.count >= HandoffLimits.batchEntries / 2
                    if isFull, entry.token != found.last?.token {
                        next = entry.token + (PlantedBug.transferSkipsAKey.isPlanted ? 1 : 0)
                        partitionsLeft += 1
                        break
                    }
                    found.append(entry)
                    byteCount += entry.byteCount
                }
                from = page.next
            }
        }
        let entries = try current(of: found).map { TransferEntry(key: $0.key, object: $0.object) }
        let total = UInt64(usage(of: 0...UInt64.max).bytes)
        return PulledBatch(
            entries: entries, next: next, refused: refused,
            bytesLeft: total / UInt64(configuration.partitions) * UInt64(partitionsLeft))
    }

    /// The objects of entries as they are now: one that was replaced since the scan is read again, for what a puller
    /// misses here it might not hear of otherwise.
    private func current(of found: [IndexEntry]) throws(StorageFailure) -> [Entry] {
        var result: [Entry] = []
        result.reserveCapacity(found.count)
        for (entry, object) in zip(found, try objects(of: found)) {
            if let object {
                result.append(object)
                continue
            }
            for _ in 0..<8 {
                let again = entries(of: entry.token)
                let read = try objects(of: again)
                result += read.compactMap { $0 }
                if read.allSatisfy({ $0 != nil }) { break }
            }
        }
        return result
    }

    fileprivate func missing(of offer: OfferRequest) -> [Int] {
        offer.entries.indices.filter { index in
            let entry = offer.entries[index]
            return !entries(of: entry.token).contains { $0.hash == entry.hash }
        }
    }

    fileprivate func load(
        _ wanted: [OfferRequest.Entry], byteLimit: Int
    ) throws(StorageFailure) -> StorageAnswer {
        var loaded: [LoadedEntry] = []
        var byteCount = 0
        for entry in wanted where loaded.isEmpty || byteCount < byteLimit {
            var found = entries(of: entry.token)
            if found.count != 1 {
                found.removeAll { $0.hash != entry.hash }
            }
            // The one of its token that has been written to since covers what was asked for.
            guard !found.isEmpty else {
                loaded.append(.gone)
                continue
            }
            byteCount += found[0].byteCount
            let object = try objects(of: [found[0]])[0]
            if let object {
                loaded.append(.found(TransferEntry(key: object.key, object: object.object)))
            } else {
                let isThere = entries(of: entry.token).contains { $0.hash == found[0].hash }
                loaded.append(isThere ? .unreadable : .gone)
            }
        }
        return .loaded(loaded, byteCount: byteCount)
    }

    fileprivate func hints(
        for owner: NodeID, after cursor: HintCursor?, limit: Int
    ) throws(StorageFailure) -> StorageAnswer {
        // A page has all hints of its last token, so the next begins behind that token.
        if cursor?.token == .max {
            return .hints([], next: nil)
        }
        var (records, next) = try hints(for: owner, from: cursor.map { $0.token + 1 } ?? 0, limit: limit)
        // A page has hints for anyone: one that has none for this owner says nothing about those behind it.
        while records.isEmpty, let from = next {
            (records, next) = try hints(for: owner, from: from, limit: limit)
        }
        let entries = records.map { HintEntry(key: $0.key, token: $0.token, sequence: $0.sequence) }
        return .hints(entries, next: next.map { HintCursor(token: $0 - 1, key: ByteBuffer()) })
    }

    fileprivate func load(_ wanted: [HintEntry], byteLimit: Int) throws(StorageFailure) -> StorageAnswer {
        var loaded: [LoadedEntry] = []
        var byteCount = 0
        for hint in wanted where loaded.isEmpty || byteCount < byteLimit {
            if let object = try read(token: hint.token, key: hint.key) {
                byteCount += entries(of: hint.token).first?.byteCount ?? 0
                loaded.append(.found(TransferEntry(key: hint.key, object: object)))
            } else {
                // A copy that is there and damaged is not gone: the hint stays until it is mended.
                loaded.append(entries(of: hint.token).isEmpty ? .gone : .unreadable)
            }
        }
        return .loaded(loaded, byteCount: byteCount)
    }
}

extension StoreInventory {
    /// Looks through a store when its node starts. O(partitions + hints).
    public static func of(_ store: ObjectStore, _ configuration: RingConfiguration) throws(StorageFailure)
        -> StoreInventory
    {
        var partitions = PartitionSet.none(of: configuration.partitions)
        for index in 0..<UInt32(configuration.partitions) {
            let partition = PartitionID(index: index)
            if !store.reader.page(tokens: configuration.tokens(of: partition), limit: 1).entries.isEmpty {
                partitions.insert(partition)
            }
        }
        return StoreInventory(
            partitions: partitions, hintedOwners: try store.reader.hintedOwners(),
            marks: store.markedRanges.map { RangeMark($0) })
    }
}
