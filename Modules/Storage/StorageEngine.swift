public import Machine

/// Bytes in, bytes out: the seam between the object store and what keeps its records.
///
/// One thread writes (``append(_:durability:)``, ``sync()``, ``compactStep(budget:)``, ``checkpoint()``,
/// ``snapshot(into:)``, ``close()``); any number of threads read at the same time, and never wait for a write's disk.
/// Calls of several writers are safe, and wait for each other. The same conformance suite holds for every engine.
public protocol StorageEngine: AnyObject, Sendable {
    /// The newest record of a key, or `nil` where there is none or its bytes are damaged (which is counted). An absent
    /// key costs no disk read, a present one costs one.
    func get(_ space: Space, token: UInt64, key: ByteBuffer) throws(StorageFailure) -> Record?

    /// As ``get(_:token:key:)``, but answers from memory or says that it would block.
    func getIfCached(_ space: Space, token: UInt64, key: ByteBuffer) throws(StorageFailure) -> CachedRead

    /// Carries a batch out: one vectored write, and one sync where durability asks for it. When it returns, reads see
    /// the batch; when it throws, they see none of it.
    ///
    /// Failures: ``StorageFailure/outcomeUnknown(code:)`` where the batch may be there after the next start; after
    /// every other failure it is not. The first operation has the returned sequence, each further one the next.
    @discardableResult
    func append(_ batch: WriteBatch, durability: Durability) throws(StorageFailure) -> UInt64

    /// Makes every buffered batch durable.
    func sync() throws(StorageFailure)

    /// The entries of a token range in the order of (token, sequence), at most `limit`, behind `cursor` where there is
    /// one. Never touches the disk; O(log keys + limit).
    func scan(_ space: Space, tokens: ClosedRange<UInt64>, after cursor: ScanCursor?, limit: Int) -> [IndexEntry]

    /// Reads the records of entries, in the order in which they lie on the disk; the answers are in the order of the
    /// entries, `nil` where the record has been replaced or dropped since, or is damaged.
    func read(_ entries: [IndexEntry], in space: Space) throws(StorageFailure) -> [Record?]

    /// How many records a token range has, and the bytes that they take. O(1) for the whole space, else O(records).
    func usage(of space: Space, tokens: ClosedRange<UInt64>) -> SpaceUsage

    /// Reclaims space by reading about `budget` bytes at most; call it again while there is more to do.
    @discardableResult
    func compactStep(budget: Int) throws(StorageFailure) -> CompactionProgress

    /// Writes the index down, so that the next start need not read what is older. O(keys).
    func checkpoint() throws(StorageFailure)

    /// Makes a copy of the store as it is now in a directory that is empty or not there, by hard links. The copy opens
    /// as a store of its own.
    func snapshot(into directory: String) throws(StorageFailure)

    /// Makes everything durable and ends the engine; every later call throws ``StorageFailure/closed``. Doing it twice
    /// does nothing.
    func close() throws(StorageFailure)

    /// The engine's state in numbers.
    var statistics: StorageStatistics { get }

    /// What the start found.
    var recovery: RecoveryReport { get }
}

/// Records and the bytes that they take in the log.
public struct SpaceUsage: Hashable, Sendable {
    /// The number of records.
    public var records: Int
    /// Their bytes, keys and framing included.
    public var bytes: Int

    /// A usage of these numbers.
    public init(records: Int = 0, bytes: Int = 0) {
        self.records = records
        self.bytes = bytes
    }
}

/// What a step of compaction did.
public struct CompactionProgress: Hashable, Sendable {
    /// Bytes copied forward.
    public var bytesCopied: Int
    /// Bytes given back to the disk.
    public var bytesFreed: Int
    /// Whether there is more to do now.
    public var hasMore: Bool

    /// A progress of these numbers.
    public init(bytesCopied: Int = 0, bytesFreed: Int = 0, hasMore: Bool = false) {
        self.bytesCopied = bytesCopied
        self.bytesFreed = bytesFreed
        self.hasMore = hasMore
    }
}

/// An engine's state in numbers.
public struct StorageStatistics: Hashable, Sendable {
    /// Records in all spaces.
    public var records = 0
    /// Bytes of records that are the newest of their key, and of drops that are still needed.
    public var liveBytes = 0
    /// Bytes written to the segments that remain.
    public var logBytes = 0
    /// Segments that remain.
    public var segments = 0
    /// Damaged records met since the start, by reads, compaction and recovery.
    public var corruptRecords = 0
    /// Failed writes and syncs since the start.
    public var failedWrites = 0
    /// Whether writes are refused until the store is opened again.
    public var isReadOnly = false

    /// The numbers of an empty engine.
    public init() {}

    /// Bytes in the log for each byte that is live; 1 for an empty store.
    public var spaceAmplification: Double {
        liveBytes == 0 ? 1 : Double(logBytes) / Double(liveBytes)
    }
}

/// What a start found, for those above to draw their conclusions: after anything but a clean stop without damage a node
/// issues dots from a new epoch.
public struct RecoveryReport: Hashable, Sendable {
    /// Whether the last run ended with ``StorageEngine/close()`` and everything was found as it was left.
    public var wasClean = true
    /// Whether there was no store before.
    public var isNew = false
    /// Bytes cut off behind the last whole batch: writes that nobody was told are durable.
    public var bytesCut = 0
    /// Damage other than a torn tail: regions that held acknowledged records and cannot be read.
    public var damagedRegions = 0
    /// Segments that are named and not there, or whose first bytes cannot be read.
    public var segmentsLost = 0
    /// Whether the list of segments was damaged and had to be made anew from the directory.
    public var manifestLost = false
    /// Records that are known to be lost, as far as their heads could be read, at most ``lostLimit``.
    public var lost: [LostRecord] = []
    /// Records read from the log, behind the index that was written down.
    public var recordsReplayed = 0

    /// The most lost records that a report names.
    public static let lostLimit = 1024

    /// The report of a start that found nothing wrong.
    public init() {}

    /// Whether acknowledged records may be missing.
    public var isDamaged: Bool { damagedRegions > 0 || segmentsLost > 0 || manifestLost || !lost.isEmpty }
}

/// A record whose head can be read and whose value cannot.
public struct LostRecord: Hashable, Sendable {
    /// Where it was.
    public let space: Space
    /// Its token.
    public let token: UInt64
    /// Its key.
    public let key: ByteBuffer

    /// A lost record of that key.
    public init(space: Space, token: UInt64, key: ByteBuffer) {
        self.space = space
        self.token = token
        self.key = key
    }
}
