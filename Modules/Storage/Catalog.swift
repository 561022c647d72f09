import Machine

/// One segment as the engine sees it.
struct SegmentState: Sendable {
    let number: UInt32
    let nonce: UInt64
    let file: any StorageFile
    /// Up to where it is written.
    var end: Int
    /// Bytes of records that are the newest of their key, and of drops that are still needed.
    var liveBytes = 0
    /// Recovery met damage in it: it may hold records that nobody knows of.
    var isDamaged = false
    /// The disk refuses to read some of it: compaction leaves it alone, since what it would lose might be readable
    /// tomorrow.
    var isUnreadable = false
    /// It was being written when the last run ended, and could not be read whole: where it ends, another start finds.
    var isOpenEnded = false
}

/// What readers and the writer share: the indexes, and the segments that they point into.
///
/// Guarded by one mutex that is held for work on the index and never across a call to the disk. Only the writer changes
/// it (but for counters), so what the writer has read stays true until it writes.
struct Catalog: ~Copyable {
    private var indexes = SpaceIndexes()
    /// In the order of their numbers.
    var segments: [SegmentState]
    var corruptRecords = 0
    var failedWrites = 0
    var isReadOnly = false
    var isClosed = false

    init(segments: [SegmentState] = []) {
        self.segments = segments
    }

    subscript(space: Space) -> TokenIndex {
        _read { yield indexes[space] }
        _modify { yield &indexes[space] }
    }

    /// Hands over every slot of a token, in the order of sequences.
    func forEachSlot(of token: UInt64, in space: Space, _ body: (Slot) -> Void) {
        indexes.forEachSlot(of: token, in: space, body)
    }

    /// The slot of a record, or `nil` where it is not there.
    func slot(of token: UInt64, sequence: UInt64, in space: Space) -> Slot? {
        indexes.slot(of: token, sequence: sequence, in: space)
    }

    /// Where the first segment of at least this number is in ``segments``.
    func lowerBound(of number: UInt32) -> Int {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Where a segment is in ``segments``, or `nil` where it has gone.
    func index(of number: UInt32) -> Int? {
        let index = lowerBound(of: number)
        return index < segments.count && segments[index].number == number ? index : nil
    }

    /// The number of the first remaining segment of at least this number.
    func firstSegment(from number: UInt32) -> UInt32? {
        let index = lowerBound(of: number)
        return index < segments.count ? segments[index].number : nil
    }

    /// The oldest segment that may hold records that recovery did not see.
    var oldestDamaged: UInt32? { segments.first { $0.isDamaged }?.number }

    /// The segment for which a drop has to stay: the first remaining one that may hold a record that it hides, other
    /// than its own, with which it goes anyway. `nil` where the drop is no longer needed.
    func barrier(oldest: UInt32, written: UInt32, own: UInt32) -> UInt32? {
        guard var first = firstSegment(from: oldest) else { return nil }
        if first == own {
            guard own < .max, let next = firstSegment(from: own + 1) else { return nil }
            first = next
        }
        return first <= written ? first : nil
    }

    /// Adds a slot and counts its bytes as live in its segment.
    mutating func insert(_ token: UInt64, _ slot: Slot, in space: Space) {
        self[space].insert(token, slot)
        count(slot, sign: 1)
    }

    /// Takes a slot out and counts its bytes as garbage in its segment.
    @discardableResult
    mutating func remove(_ token: UInt64, sequence: UInt64, in space: Space) -> Slot? {
        guard let slot = self[space].remove(token, sequence: sequence) else { return nil }
        count(slot, sign: -1)
        return slot
    }

    /// Points a record at its new place.
    mutating func move(_ token: UInt64, to slot: Slot, in space: Space) {
        guard let position = self[space].position(of: token, sequence: slot.sequence),
            let old = self[space].entry(at: position)?.slot
        else { return }
        self[space].replace(at: position, with: slot)
        count(old, sign: -1)
        count(slot, sign: 1)
    }

    private mutating func count(_ slot: Slot, sign: Int) {
        if let index = index(of: slot.segment) {
            segments[index].liveBytes += sign * slot.byteCount
        }
    }

    var statistics: StorageStatistics {
        var statistics = StorageStatistics()
        for space in Space.allCases {
            statistics.records += self[space].usage.records
        }
        for segment in segments {
            statistics.liveBytes += segment.liveBytes
            statistics.logBytes += segment.end
        }
        statistics.segments = segments.count
        statistics.corruptRecords = corruptRecords
        statistics.failedWrites = failedWrites
        statistics.isReadOnly = isReadOnly
        return statistics
    }
}
