public import Causality
import Hashing
public import Machine

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

    private let engine: any StorageEngine
    private let configuration: Configuration
    private let identity: IdentityFile
    /// A record of an earlier epoch may lack dots that were issued: its next dot takes a fresh one.
    private var epochFloor: UInt64
    private var epochs: EpochAllocator
    private var isHoldingBack: Bool
    /// An actor that is to make the dots from now on, and is not on disk yet.
    private var actorToTake: NodeID?
    private var clock = HybridLogicalClock()
    private var batch = WriteBatch()
    /// What objects are hashed in.
    private var scratch = ByteBuffer()

    /// The copies that the batch will leave, by key: what the next operation of the batch sees.
    private var pending: [ByteBuffer: LocalCopy] = [:]
    /// The hints of the batch, to mark their ranges where it is not stored.
    private var hintsInBatch: [(owner: NodeID, token: UInt64)] = []
    /// The same by their keys in the engine; only looked up.
    private var hintKeysInBatch: Set<ByteBuffer> = []
    /// Marked ranges and how often each was marked since the start; as many as owners × partitions at most.
    private var marks: [MarkedRange.Place: UInt64]
    /// Marks of the batch.
    private var marksInBatch: [MarkedRange.Place] = []
    /// Marks of batches that failed: every commit tries again, until they are stored.
    private var unwrittenMarks: Set<MarkedRange.Place> = []
    /// Why a batch was not stored, while none of its size has been since: no write is coordinated then.
    public private(set) var failing: StorageFailure?
    /// The bytes in the log of the largest batch that failed: a full disk may have room for less.
    private var failedByteCount = 0
    /// A write was refused for that: the next commit looks whether the disk takes writes again.
    private var isProbeDue = false
    /// The last record of a probe, so that the next need not look for it on a disk that may fail.
    private var probeSequence: UInt64?
    /// Ranges that were marked in place of hints that a failed commit has lost, until somebody takes them.
    private var rangesOfLostHints: [MarkedRange] = []

    /// The bytes that the batch has so far: whoever prepares commits before it has too many.
    public private(set) var batchByteCount = 0

    private struct LocalCopy {
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
    /// all the same, until a batch is stored. Marks are in force all the same, and stored with the next batch that can be; so are
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

    // MARK: - Objects

    private func localCopy(token: UInt64, key: ByteBuffer) throws(StorageFailure) -> LocalCopy {
        if let copy = pending[key] {
            return copy
        }
        guard let record = try engine.get(.objects, token: token, key: key) else {
            return LocalCopy(object: nil, epoch: 0, sequence: nil)
        }
        var value = record.value
        // A record that cannot be read is no record: the next store begins another lifetime of the key.
        guard let stored = try? ObjectRecord(decoding: &value) else {
            return LocalCopy(object: nil, epoch: 0, sequence: record.sequence)
        }
        return LocalCopy(object: stored.object, epoch: stored.epoch, sequence: record.sequence)
    }

    private func coordinate(_ write: CoordinatedWrite, wall: UInt64) throws(StorageFailure) -> PreparedOperation {
        if let failing {
            isProbeDue = true
            return .refused(.storage(failing))
        }
        let copy = try localCopy(token: write.token, key: write.key)
        var object = copy.object ?? Object()
        guard write.precondition.holds(for: object, at: wall) else {
            return .refused(.preconditionFailed)
        }
        if let refusal = configuration.limits.refusal(of: write.content, on: object, seeing: write.seeing) {
            return .refused(.overLimit(refusal))
        }
        let incoming = if case .seen(let context) = write.seeing { context } else { CausalContext() }
        guard !isHoldingBack, actorToTake == nil, let epoch = epoch(after: copy, incoming: incoming) else {
            return .refused(.notNow)
        }
        let dot = object.write(
            write.content, expiry: write.expiry, timestamp: clock.now(wall: wall), seeing: write.seeing,
            as: ActorID(node: identity.identity.actor, epoch: epoch))
        put(object, epoch: epoch, token: write.token, key: write.key, replacing: copy.sequence)
        return .coordinated(object: object, dot: dot)
    }

    private func merge(
        _ incoming: Object, token: UInt64, key: ByteBuffer, wall: UInt64
    ) throws(StorageFailure) -> PreparedOperation {
        let copy = try localCopy(token: token, key: key)
        if let object = copy.object, object.covers(incoming) {
            return .accepted
        }
        for sibling in incoming.siblings {
            _ = clock.observe(sibling.timestamp, wall: wall)
        }
        guard let epoch = epoch(after: copy, incoming: incoming.context) else { return .refused(.notNow) }
        var object = copy.object ?? Object()
        object.merge(incoming)
        put(object, epoch: epoch, token: token, key: key, replacing: copy.sequence)
        return .accepted
    }

    private func put(_ object: Object, epoch: UInt64, token: UInt64, key: ByteBuffer, replacing sequence: UInt64?) {
        let value = ObjectRecord(epoch: epoch, object: object).encoded()
        batchByteCount += key.readableBytes + value.readableBytes
        batch.put(
            .objects, token: token, key: key, value: value, hash: object.hash(key: key, using: &scratch),
            replacing: sequence)
        pending[key] = LocalCopy(object: object, epoch: epoch, sequence: nil)
        if PlantedBug.deleteForgetsTheKey.isPlanted, object.siblings.allSatisfy({ $0.content == .tombstone }) {
            batch.drop(.objects, token: token, key: key, replacing: nil)
            pending[key] = LocalCopy(object: nil, epoch: 0, sequence: nil)
        }
    }

    private func dropIfUnchanged(token: UInt64, hash: UInt64) throws(StorageFailure) -> PreparedOperation {
        let all = engine.scan(.objects, tokens: token...token, after: nil, limit: 64)
        let entries = all.filter { $0.hash == hash || PlantedBug.changedStrayIsDropped.isPlanted }
        for case let record? in try engine.read(entries, in: .objects) where pending[record.key] == nil {
            if all.count > 1, try engine.get(.objects, token: token, key: record.key)?.sequence != record.sequence {
                // An older record of its key, which recovery could not tell from another key's: a drop would hide the newest.
                continue
            }
            batch.drop(.objects, token: token, key: record.key, replacing: record.sequence)
            pending[record.key] = LocalCopy(object: nil, epoch: 0, sequence: nil)
        }
        return .accepted
    }

    // MARK: - Actor and epochs

    /// Coordinates writes from now on, where ``Configuration/holdsBackWrites`` kept the store from it.
    public func acceptWrites() {
        isHoldingBack = false
    }

    /// Makes dots as another actor from now on: the node has gone back in time (a restored image, a clone of its disk), and
    /// dots that it would issue as the old one may have been issued already.
    ///
    /// Nothing is coordinated until the actor is on disk; each commit tries again.
    public func take(actor: NodeID) {
        actorToTake = actor
        takeActor()
    }

    private func takeActor() {
        guard let actor = actorToTake else { return }
        do throws(StorageFailure) {
            // The records' epochs are the old actor's.
            abandonEpochs()
            try identity.update { identity in
                identity.actor = actor
                identity.epochFloor = epochFloor
            }
            actorToTake = nil
        } catch {
            // Writes are refused until it is there.
        }
    }

    /// Every key takes a fresh epoch before its next dot.
    private func abandonEpochs() {
        guard !PlantedBug.failedCommitKeepsEpochs.isPlanted else { return }
        epochFloor = max(epochFloor, epochs.allocate() ?? epochs.bound)
    }

    private func epoch(after copy: LocalCopy, incoming: CausalContext) -> UInt64? {
        let rule = KeyEpoch.forStore(
            by: identity.identity.actor, over: copy.object.map { ($0.context, copy.epoch) }, floor: epochFloor,
            incoming: incoming)
        switch rule {
        case .keep(let epoch): return epoch
        case .fresh: return epochs.allocate(of: identity.identity.actor, unknownTo: incoming)
        }
    }

    private func reserveEpochs() throws(StorageFailure) {
        guard let bound = epochs.reservation() else { return }
        if !PlantedBug.epochsAreNotReserved.isPlanted {
            try keep(bound)
        }
        epochs.reserved(upTo: bound)
    }

    private func reserve(upTo bound: UInt64) {
        do throws(StorageFailure) {
            try keep(bound)
            epochs.reserved(upTo: bound)
        } catch {
            // Writes of new keys are refused once the block is used up; until then each commit tries again.
            epochs.reservationFailed()
        }
    }

    /// Writes down how far epochs may be used, and which are too old to go on with.
    private func keep(_ bound: UInt64) throws(StorageFailure) {
        try identity.update { identity in
            identity.epochBound = bound
            identity.epochFloor = epochFloor
        }
    }

    // MARK: - Hints

    private func addHint(owner: NodeID, token: UInt64, key: ByteBuffer) -> PreparedOperation {
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

    private func dropHint(
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
    private func mark(owner: NodeID, token: UInt64) -> MarkedRange {
        let range = remember(place(of: token, for: owner))
        if range.generation == 1 {
            let place = MarkedRange.Place(owner: owner, partition: range.partition)
            marksInBatch.append(place)
            put(place)
        }
        return range
    }

    private func place(of token: UInt64, for owner: NodeID) -> MarkedRange.Place {
        let partition = configuration.partitionShift >= 64 ? 0 : token >> configuration.partitionShift
        return MarkedRange.Place(owner: owner, partition: UInt32(truncatingIfNeeded: partition))
    }

    private func remember(_ place: MarkedRange.Place) -> MarkedRange {
        let generation = (marks[place] ?? 0) + 1
        marks[place] = generation
        return MarkedRange(owner: place.owner, partition: place.partition, generation: generation)
    }

    private func put(_ place: MarkedRange.Place) {
        batch.put(
            .meta, token: place.owner.low, key: place.engineKey, value: ByteBuffer(), hash: UInt64(place.partition))
    }

    /// Nothing of the batch is stored for certain: its marks are written with the next, and what its hints were to keep is
    /// kept by marks on their ranges.
    private func keepMarksOfFailedBatch() {
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

    private func unmark(_ range: MarkedRange) {
        let place = MarkedRange.Place(owner: range.owner, partition: range.partition)
        guard marks[place] == range.generation else { return }
        marks[place] = nil
        unwrittenMarks.remove(place)
        batch.drop(.meta, token: range.owner.low, key: place.engineKey)
    }

    private static func readMarks(
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
