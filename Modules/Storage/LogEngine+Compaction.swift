import Machine
import Synchronization

extension LogEngine {
    /// As ``StorageEngine/compactStep(budget:)``: a stretch of one segment, `budget` between 4 KiB and 64 MiB.
    @discardableResult
    public func compactStep(budget: Int) throws(StorageFailure) -> CompactionProgress {
        try writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            try writer.checkWritable()
            try resolveDoubts(&writer)
            return try compactStep(budget: min(max(budget, 4 << 10), 64 << 20), &writer)
        }
    }

    /// Copies the live records of a stretch of one segment to the log's end, sequences preserved, and gives the
    /// segment back once nothing in it is needed.
    private func compactStep(budget: Int, _ writer: inout Writer) throws(StorageFailure) -> CompactionProgress {
        guard let number = writer.compaction?.segment ?? chooseSegment(writer) else { return CompactionProgress() }
        let found = catalog.withLock { catalog in catalog.index(of: number).map { catalog.segments[$0] } }
        guard let segment = found else {
            writer.compaction = nil
            return CompactionProgress(hasMore: true)
        }
        let offset = writer.compaction?.offset ?? SegmentHeader.byteCount
        var progress = CompactionProgress(hasMore: true)
        var next = segment.end
        if offset < segment.end, segment.liveBytes > 0 {
            do {
                let stretch = try readStretch(of: segment, from: offset, budget: budget)
                progress.bytesCopied = try copyLive(stretch.items, of: segment, &writer)
                next = stretch.end
            } catch .inputOutput(_, let attempt) where attempt == Self.unreadable {
                setUnreadable(number)
                writer.compaction = nil
                progress.hasMore = chooseSegment(writer) != nil
                return progress
            }
        }
        writer.compaction = Writer.Compaction(segment: number, offset: next)
        if next >= segment.end {
            progress.bytesFreed = try release(segment, &writer)
            progress.hasMore = chooseSegment(writer) != nil
        }
        return progress
    }

    /// The segment to work on: one with damage; else, while the log is too long for what is live in it, the one with
    /// the
    /// most garbage. Since that has at least the average share of garbage, each byte copied frees more than
    /// `threshold − 1` bytes.
    private func chooseSegment(_ writer: Writer) -> UInt32? {
        catalog.withLock { catalog in
            var live = 0
            var total = 0
            var best: (garbage: Int, number: UInt32)?
            for segment in catalog.segments {
                live += segment.liveBytes
                total += segment.end
                guard segment.number != writer.active?.number, !segment.isUnreadable else { continue }
                if segment.isDamaged { return segment.number }
                let garbage = segment.end - SegmentHeader.byteCount - segment.liveBytes
                if garbage * 10 > segment.end, garbage > best?.garbage ?? 0 {
                    best = (garbage, segment.number)
                }
            }
            guard Double(total) > configuration.compactionThreshold * Double(live) else { return nil }
            return best?.number
        }
    }

    static let unreadable = "read a segment to compact it"

    func setUnreadable(_ number: UInt32) {
        catalog.withLock { catalog in
            if let index = catalog.index(of: number) { catalog.segments[index].isUnreadable = true }
            catalog.corruptRecords += 1
        }
    }

    /// The records of whole batches from a place on, about `budget` bytes of them, and where they end.
    func readStretch(
        of segment: SegmentState, from offset: Int, budget: Int
    ) throws(StorageFailure) -> (items: [SegmentImage.Item], end: Int) {
        var image = try readImage(of: segment, from: offset, byteCount: budget)
        if let claimed = image.claimedByteCount(at: offset), claimed > budget, offset + claimed <= segment.end {
            image = try readImage(of: segment, from: offset, byteCount: claimed)
        }
        var items: [SegmentImage.Item] = []
        var place = offset
        while place < image.end {
            if let batch = image.batch(at: place) {
                items += batch.items
                place += batch.byteCount
            } else if place > offset {
                // Cut off by the window, or damaged: the next step sees.
                break
            } else {
                let rest = try readImage(of: segment, from: offset, byteCount: segment.end - offset)
                place = rest.nextBatch(from: offset + 8) ?? segment.end
                items = rest.salvage(offset..<place)
                break
            }
        }
        return (items, place)
    }

    private func readImage(
        of segment: SegmentState, from offset: Int, byteCount: Int
    ) throws(StorageFailure) -> SegmentImage {
        let count = min(byteCount, segment.end - offset)
        do {
            let bytes = try segment.file.read(count, at: offset)
            return SegmentImage(nonce: segment.nonce, start: offset, bytes: bytes.padded(to: count))
        } catch .closed {
            throw .closed
        } catch {
            throw .inputOutput(code: error.code ?? 0, Self.unreadable)
        }
    }

    /// Appends what is live among the items, durably, and points the index at the copies. Returns the bytes written.
    func copyLive(
        _ items: [SegmentImage.Item], of segment: SegmentState, _ writer: inout Writer
    ) throws(StorageFailure) -> Int {
        let live = filterLive(items, of: segment)
        guard !live.isEmpty else { return 0 }
        let byteCount = live.reduce(BatchHeader.byteCount) { $0 + $1.item.head.recordByteCount }
        try makeRoom(for: byteCount, isCompaction: true, &writer)
        guard let active = writer.active else { throw .readOnly }
        writer.encoder.begin(at: active.end, nonce: active.nonce)
        var moved: [(space: Space, token: UInt64, slot: Slot)] = []
        moved.reserveCapacity(live.count)
        for (item, slot) in live {
            // This segment counts until it has gone: a crash may leave it there, with its copies made.
            let first = catalog.withLock { $0.firstSegment(from: slot.oldest) } ?? active.number
            let oldest = min(first, active.number)
            var head = item.head
            head.oldest = oldest
            let offset = writer.encoder.add(head, key: item.key, value: item.value ?? ByteBuffer())
            moved.append((head.space, head.token, slot.moved(to: active.number, offset: offset, oldest: oldest)))
        }
        try commit(.synced, &writer)
        catalog.withLock { catalog in
            for record in moved {
                catalog.move(record.token, to: record.slot, in: record.space)
            }
        }
        return byteCount
    }

    private func filterLive(
        _ items: [SegmentImage.Item], of segment: SegmentState
    ) -> [(item: SegmentImage.Item, slot: Slot)] {
        catalog.withLock { catalog in
            var live: [(item: SegmentImage.Item, slot: Slot)] = []
            for item in items {
                let (space, token) = (item.head.space, item.head.token)
                guard
                    let slot = catalog.slot(of: token, sequence: item.head.sequence, in: space),
                    slot.segment == segment.number, slot.offset == item.offset
                else { continue }
                if item.value == nil {
                    // Found rotten here and nowhere else: it is lost, and absent from now on.
                    catalog.remove(token, sequence: slot.sequence, in: space)
                    catalog.corruptRecords += 1
                } else {
                    live.append((item, slot))
                }
            }
            return live
        }
    }

    /// Gives a segment back whose live records have all been copied. Returns the bytes freed.
    private func release(_ segment: SegmentState, _ writer: inout Writer) throws(StorageFailure) -> Int {
        // What replaced the records of this segment has to be on the disk before they go.
        try syncActive(&writer)
        writer.compaction = nil
        try saveManifest(&writer, omitting: segment.number)
        catalog.withLock { catalog in
            Self.removeUnfound(in: segment.number, from: &catalog)
            if let index = catalog.index(of: segment.number) { catalog.segments.remove(at: index) }
        }
        // Where this fails the next start removes the file.
        try? fileSystem.unlink(path(FileName.segment(segment.number)))
        settleDrops(waitingFor: segment.number, &writer)
        return segment.end
    }

    /// Removes entries whose records the walk through their segment did not meet: their bytes are damaged.
    private static func removeUnfound(in number: UInt32, from catalog: inout Catalog) {
        guard let index = catalog.index(of: number), catalog.segments[index].liveBytes > 0 else { return }
        for space in Space.allCases {
            var unfound: [(token: UInt64, sequence: UInt64)] = []
            catalog[space].walk(from: 0, after: nil, through: .max) { token, slot in
                if slot.segment == number { unfound.append((token, slot.sequence)) }
                return true
            }
            for (token, sequence) in unfound {
                catalog.remove(token, sequence: sequence, in: space)
                catalog.corruptRecords += 1
            }
        }
    }

    /// Looks at the drops that stayed for a segment: each goes, or waits for the next one.
    private func settleDrops(waitingFor number: UInt32, _ writer: inout Writer) {
        guard let names = writer.waiting.removeValue(forKey: number) else { return }
        for name in names {
            let barrier = catalog.withLock { catalog -> UInt32? in
                guard
                    let slot = catalog.slot(of: name.token, sequence: name.sequence, in: name.space), slot.isDrop
                else { return nil }
                let barrier = catalog.barrier(oldest: slot.oldest, written: slot.written, own: slot.segment)
                if barrier == nil { catalog.remove(name.token, sequence: name.sequence, in: name.space) }
                return barrier
            }
            if let barrier { writer.waiting[barrier, default: []].append(name) }
        }
    }
}

extension ByteBuffer {
    /// The bytes, with zeros behind them up to `count`: where a file turns out to be short.
    fileprivate func padded(to count: Int) -> ByteBuffer {
        guard count > readableBytes else { return self }
        var bytes = self
        bytes.writeRepeatingByte(0, count: count - readableBytes)
        return bytes
    }
}
