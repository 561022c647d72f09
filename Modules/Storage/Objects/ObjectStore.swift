public import Causality
import Machine

/// The objects of one node on an engine: merge on write, a dot for each coordinated write, hints, and group commit.
///
/// One thread owns it. It gathers what waits, hands each operation to ``prepare(_:wall:)``, then calls ``commit()``: one
/// batch in the engine, one sync. Operations of a batch see those before them. Between the two calls a prepared object may
/// already go to other replicas, but nothing of it may be acknowledged: that is what ``commit()`` is for.
///
/// Invariants:
/// - a stored object is the merge of all that was stored under its key, so its context only grows;
/// - a dot is issued once (``KeyEpoch``), also over lost writes: epochs are reserved durably before they are used;
/// - a drop is compare-and-drop: never of a state that the caller has not seen;
/// - no write is coordinated behind a batch that was not stored, until one as large is: what the store has lost of its own writes is
///   with other replicas, and limits that are held against a copy without it would hold nothing.
public final class ObjectStore {
    /// What the store is told at its start.
    public struct Configuration: Sendable {
        /// Whether commits wait for the disk.
        public var durability: Durability
        /// Limits on what clients' writes may leave.
        public var limits: SiblingLimits
        /// Hints that are kept key by key; beyond it a whole range is marked.
        public var hintLimit: Int
        /// How far a token is shifted down to give its partition, to mark ranges.
        public var partitionShift: UInt64
        /// Whether no write is coordinated before ``acceptWrites()``: a node that has others to ask hears first whether it
        /// has gone back in time.
        public var holdsBackWrites: Bool

        /// A configuration of these parts.
        public init(
            durability: Durability = .synced, limits: SiblingLimits = SiblingLimits(),
            hintLimit: Int = 1_000_000, partitionShift: UInt64, holdsBackWrites: Bool = false
        ) {
            self.durability = durability
            self.holdsBackWrites = holdsBackWrites
            self.limits = limits
            self.hintLimit = hintLimit
            self.partitionShift = partitionShift
        }
    }

    /// Reads, for any thread.
    public let reader: ObjectReader

    let engine: any StorageEngine
    let configuration: Configuration
    let identity: IdentityFile
    /// A record of an earlier epoch may lack dots that were issued: its next dot takes a fresh one.
    var epochFloor: UInt64
    var epochs: EpochAllocator
    var isHoldingBack: Bool
    /// An actor that is to make the dots from now on, and is not on disk yet.
    var actorToTake: NodeID?
    var clock = HybridLogicalClock()
    var batch = WriteBatch()
    /// What objects are hashed in.
    var scratch = ByteBuffer()

    /// The copies that the batch will leave, by key: what the next operation of the batch sees.
    var pending: [ByteBuffer: LocalCopy] = [:]
    /// The hints of the batch, to mark their ranges where it is not stored.
    var hintsInBatch: [(owner: NodeID, token: UInt64)] = []
    /// The same by their keys in the engine; only looked up.
    var hintKeysInBatch: Set<ByteBuffer> = []
    /// Marked ranges and how often each was marked since the start; as many as owners × partitions at most.
    var marks: [MarkedRange.Place: UInt64]
    /// Marks of the batch.
    var marksInBatch: [MarkedRange.Place] = []
    /// Marks of batches that failed: every commit tries again, until they are stored.
    var unwrittenMarks: Set<MarkedRange.Place> = []
    /// Why a batch was not stored, while none of its size has been since: no write is coordinated then.
    public internal(set) var failing: StorageFailure?
    /// The bytes in the log of the largest batch that failed: a full disk may have room for less.
    var failedByteCount = 0
    /// A write was refused for that: the next commit looks whether the disk takes writes again.
    var isProbeDue = false
    /// The last record of a probe, so that the next need not look for it on a disk that may fail.
    var probeSequence: UInt64?
    /// Ranges that were marked in place of hints that a failed commit has lost, until somebody takes them.
    var rangesOfLostHints: [MarkedRange] = []

    /// The bytes that the batch has so far: whoever prepares commits before it has too many.
    public internal(set) var batchByteCount = 0

    struct LocalCopy {
        var object: Object?
        var epoch: UInt64
        var sequence: UInt64?
    }

    /// The store of a node on an engine that was opened, with the identity of its data directory.
    ///
    /// After anything but a clean stop without damage every key takes a fresh epoch before its next dot: an unsynced dot
    /// may have left the node before it was lost. That holds for a key until it takes one, over clean stops too.
    public init(
        engine: any StorageEngine, identity: IdentityFile, configuration: Configuration
    ) throws(StorageFailure) {
        self.engine = engine
        self.identity = identity
        self.configuration = configuration
        isHoldingBack = configuration.holdsBackWrites
        reader = ObjectReader(engine: engine)
        epochs = EpochAllocator(resumingAt: identity.identity.epochBound)
        let recovery = engine.recovery
        let isTrusted = recovery.isNew || (recovery.wasClean && !recovery.isDamaged && recovery.bytesCut == 0)
        epochFloor =
            isTrusted || PlantedBug.uncleanStopKeepsEpochs.isPlanted
            ? (PlantedBug.cleanStopTrustsAll.isPlanted ? 1 : identity.identity.epochFloor) : epochs.firstOfThisRun
        marks = try Self.readMarks(from: engine)
        try reserveEpochs()
    }

    /// Lets an operation join the batch.
    ///
    /// - Parameter wall: wall time in milliseconds since 1970: data for timestamps and expiry, never for causality.
    public func prepare(_ operation: consuming StoreOperation, wall: UInt64) -> PreparedOperation {
        do throws(StorageFailure) {
            switch consume operation {
            case .coordinate(let write):
                return try coordinate(write, wall: wall)
            case .merge(let token, let key, let object):
                return try merge(object, token: token, key: key, wall: wall)
            case .hint(let owner, let token, let key):
                return addHint(owner: owner, token: token, key: key)
            case .dropHint(let owner, let token, let key, let sequence):
                return try dropHint(owner: owner, token: token, key: key, sequence: sequence)
            case .dropIfUnchanged(let token, let hash):
                return try dropIfUnchanged(token: token, hash: hash)
            case .unmark(let range):
                unmark(range)
                return .accepted
            }
        } catch {
            return .refused(.storage(error))
        }
    }

    /// Stores the batch; when it returns, all that was prepared since the last call is stored, and durable where the
    /// configuration says so. When it throws, each of them may or may not be, and their dots have left the node: as after
    /// an unclean stop, every key takes a fresh epoch before its next dot. Writes are refused then, and copies of others merged
    /// all the same, until a batch as large is stored, or a probe. Marks are in force all the same, and stored with the next batch that can be; so are
    /// the ranges of hints that were lost (``takeRangesOfLostHints()``).
    public func commit() throws(StorageFailure) {
        defer {
            batchByteCount = 0
            // Most are empty, and to empty what is costs something all the same.
            if !batch.isEmpty { batch.removeAll() }
            if !pending.isEmpty { pending.removeAll(keepingCapacity: true) }
            if !hintsInBatch.isEmpty { hintsInBatch.removeAll(keepingCapacity: true) }
            if !hintKeysInBatch.isEmpty { hintKeysInBatch.removeAll(keepingCapacity: true) }
            if !marksInBatch.isEmpty { marksInBatch.removeAll(keepingCapacity: true) }
        }
        if let bound = epochs.reservation() {
            reserve(upTo: bound)
        }
        takeActor()
        for place in unwrittenMarks.sorted(by: { ($0.owner, $0.partition) < ($1.owner, $1.partition) }) {
            put(place)
        }
        let mustProbe = isProbeDue
        isProbeDue = false
        if !batch.isEmpty {
            try append()
        }
        if mustProbe, failing != nil {
            // Nobody's operation hangs on what it finds.
            try? probe()
        }
    }

    private func append() throws(StorageFailure) {
        do {
            try engine.append(batch, durability: configuration.durability)
            unwrittenMarks.removeAll()
        } catch {
            failing = error
            failedByteCount = max(failedByteCount, (try? batch.byteCount()) ?? 0)
            abandonEpochs()
            keepMarksOfFailedBatch()
            throw error
        }
        if failing != nil, batch.operations.contains(where: { $0.value != nil }),
            (try? batch.byteCount()) ?? 0 >= failedByteCount
        {
            endFailing()
        }
    }

    private func endFailing() {
        failing = nil
        failedByteCount = 0
    }

    /// Whether a commit would write nothing.
    public var isBatchEmpty: Bool { batch.isEmpty && unwrittenMarks.isEmpty && !isProbeDue }

    /// Writes a record that means nothing, as large as the largest batch that failed, to see whether the disk takes writes (again),
    /// and drops it. The batch is left as it is.
    public func probe() throws(StorageFailure) {
        let key = ByteBuffer(string: "probe")
        var probe = WriteBatch()
        probe.put(
            .meta, token: 0, key: key, value: ByteBuffer(repeating: 0, count: failedByteCount), hash: 0,
            replacing: probeSequence)
        probe.drop(.meta, token: 0, key: key, replacing: probeSequence)
        do {
            probeSequence = try engine.append(probe, durability: configuration.durability) + 1
            endFailing()
        } catch {
            failing = error
            throw error
        }
    }

    /// The ranges that were marked since the last call because a failed commit has lost hints of theirs: they are to be
    /// sent to their owners as any marked range. Each is named once, in the order in which they were marked.
    public func takeRangesOfLostHints() -> [MarkedRange] {
        defer { rangesOfLostHints = [] }
        return rangesOfLostHints
    }

    /// The ranges that are marked: whole partitions that an owner has to be sent. In the order of owner and partition.
    public var markedRanges: [MarkedRange] {
        marks.map { MarkedRange(owner: $0.key.owner, partition: $0.key.partition, generation: $0.value) }
            .sorted { ($0.owner, $0.partition) < ($1.owner, $1.partition) }
    }
}
