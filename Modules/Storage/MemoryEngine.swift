public import Machine
import Synchronization

/// The engine without a disk: for tests, caches, and nodes that keep nothing.
///
/// The same index as the log's, over records in memory. Everything is durable as long as the object lives.
public final class MemoryEngine: StorageEngine {
    private struct State: ~Copyable {
        var indexes = SpaceIndexes()
        /// The records; a slot's offset is 8 times the place here, for a log's offsets are multiples of 8.
        var records: [Record?] = []
        var free: [Int] = []
        var nextSequence: UInt64 = 1
        var isClosed = false

        func record(_ space: Space, token: UInt64, key: ByteBuffer) -> Record? {
            var found: Record?
            indexes[space].forEachSlot(of: token) { slot in
                if let record = records[slot.offset / 8], record.key == key { found = record }
            }
            return found
        }

        mutating func remove(_ space: Space, token: UInt64, key: ByteBuffer) {
            guard let record = record(space, token: token, key: key),
                let slot = indexes[space].remove(token, sequence: record.sequence)
            else { return }
            records[slot.offset / 8] = nil
            free.append(slot.offset / 8)
        }

        mutating func insert(_ space: Space, _ record: Record) {
            let place = free.popLast() ?? records.count
            if place == records.count { records.append(record) } else { records[place] = record }
            let byteCount = RecordHead.recordByteCount(
                keyCount: record.key.readableBytes, valueCount: record.value.readableBytes)
            indexes[space].insert(
                record.token,
                Slot(
                    hash: record.hash, sequence: record.sequence, segment: 0, offset: place * 8, byteCount: byteCount,
                    oldest: 0))
        }
    }

    private let state = Mutex(State())

    /// Nothing is ever found at the start.
    public let recovery: RecoveryReport

    /// An empty engine.
    public init() {
        var report = RecoveryReport()
        report.isNew = true
        recovery = report
    }

    /// As ``StorageEngine/get(_:token:key:)``, from memory.
    public func get(_ space: Space, token: UInt64, key: ByteBuffer) throws(StorageFailure) -> Record? {
        try state.withLock { (state: inout sending State) throws(StorageFailure) in
            guard !state.isClosed else { throw .closed }
            return state.record(space, token: token, key: key)
        }
    }

    /// As ``StorageEngine/getIfCached(_:token:key:)``; never blocks.
    public func getIfCached(_ space: Space, token: UInt64, key: ByteBuffer) throws(StorageFailure) -> CachedRead {
        try get(space, token: token, key: key).map { .found($0) } ?? .absent
    }

    /// As ``StorageEngine/append(_:durability:)``; every batch is as durable as this object.
    @discardableResult
    public func append(_ batch: WriteBatch, durability: Durability) throws(StorageFailure) -> UInt64 {
        _ = try batch.byteCount()
        return try state.withLock { (state: inout sending State) throws(StorageFailure) in
            guard !state.isClosed else { throw .closed }
            let first = state.nextSequence
            for operation in batch.operations {
                state.remove(operation.space, token: operation.token, key: operation.key)
                if let value = operation.value {
                    // Copies: a slice would keep the whole buffer that it was received in.
                    state.insert(
                        operation.space,
                        Record(
                            token: operation.token, key: ByteBuffer(bytes: operation.key.readableBytesView),
                            value: ByteBuffer(bytes: value.readableBytesView), hash: operation.hash,
                            sequence: state.nextSequence))
                }
                state.nextSequence += 1
            }
            return first
        }
    }

    /// Does nothing: there is no disk.
    public func sync() throws(StorageFailure) {
        try checkOpen()
    }

    /// As ``StorageEngine/scan(_:tokens:after:limit:)``.
    public func scan(
        _ space: Space, tokens: ClosedRange<UInt64>, after cursor: ScanCursor?, limit: Int
    ) -> [IndexEntry] {
        guard limit > 0 else { return [] }
        return state.withLock { state in
            var entries: [IndexEntry] = []
            state.indexes[space].walk(from: tokens.lowerBound, after: cursor, through: tokens.upperBound) {
                token, slot in
                entries.append(slot.entry(token: token))
                return entries.count < limit
            }
            return entries
        }
    }

    /// As ``StorageEngine/read(_:in:)``.
    public func read(_ entries: [IndexEntry], in space: Space) throws(StorageFailure) -> [Record?] {
        try state.withLock { (state: inout sending State) throws(StorageFailure) in
            guard !state.isClosed else { throw .closed }
            return entries.map { entry in
                state.indexes[space].slot(of: entry.token, sequence: entry.sequence).flatMap {
                    state.records[$0.offset / 8]
                }
            }
        }
    }

    /// As ``StorageEngine/usage(of:tokens:)``.
    public func usage(of space: Space, tokens: ClosedRange<UInt64>) -> SpaceUsage {
        state.withLock { state in
            if tokens == 0...UInt64.max { return state.indexes[space].usage }
            var usage = SpaceUsage()
            state.indexes[space].walk(from: tokens.lowerBound, after: nil, through: tokens.upperBound) { _, slot in
                usage.records += 1
                usage.bytes += slot.byteCount
                return true
            }
            return usage
        }
    }

    /// Does nothing: replaced records are freed at once.
    @discardableResult
    public func compactStep(budget: Int) throws(StorageFailure) -> CompactionProgress {
        try checkOpen()
        return CompactionProgress()
    }

    /// Does nothing: there is no log.
    public func checkpoint() throws(StorageFailure) {
        try checkOpen()
    }

    /// Throws ``StorageFailure/unsupported(_:)``.
    public func snapshot(into directory: String) throws(StorageFailure) {
        throw .unsupported("a snapshot of a store in memory")
    }

    /// Frees everything and ends the engine.
    public func close() throws(StorageFailure) {
        state.withLock { state in
            guard !state.isClosed else { return }
            // The sequence of a closed engine matters to nobody.
            state = State()
            state.isClosed = true
        }
    }

    /// The engine's state in numbers.
    public var statistics: StorageStatistics {
        state.withLock { state in
            var statistics = StorageStatistics()
            for space in Space.allCases {
                statistics.records += state.indexes[space].usage.records
                statistics.liveBytes += state.indexes[space].usage.bytes
            }
            statistics.logBytes = statistics.liveBytes
            return statistics
        }
    }

    private func checkOpen() throws(StorageFailure) {
        if state.withLock({ $0.isClosed }) { throw .closed }
    }
}
