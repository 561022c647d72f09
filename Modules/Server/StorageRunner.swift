import Causality
import Logging
import Machine
import NIOCore
import NIOPosix
import Node
import Ring
import Storage
import Synchronization

/// The thread that writes: it gathers what the shards want stored while the disk syncs, and stores it as one batch.
///
/// What waits is bounded, by ``StoreAdmission`` and ``readLimit``, also while the disk stands still; tasks are bounded by
/// the machines that want them. Answers go back to each shard in two hops for a batch, however many operations it has: what
/// was prepared before the sync, what is stored after it.
final class StorageRunner: Sendable {
    /// The most reads that wait for the disk; one beyond fails as ``StorageFailure/busy``.
    static let readLimit = 4096
    /// The operations that one commit has at most.
    static let cutOperationLimit = 4096
    /// A commit with so many bytes takes no further operation.
    static let cutByteLimit = 16 << 20

    /// A shard's operation and who waits for it.
    struct Operation: Sendable {
        let call: CallID
        let operation: StoreOperation
        fileprivate let byteCount: Int

        init(call: CallID, operation: StoreOperation) {
            self.call = call
            self.operation = operation
            byteCount = operation.byteCount
        }
    }

    private enum Work: Sendable {
        case operations([Operation], any StoreAsker)
        case task(StorageTask, @Sendable (StorageAnswer) -> Void)
        case change(@Sendable (ObjectStore, IdentityFile) -> Void)
    }

    private struct Queue: Sendable {
        var waiting: [Work] = []
        var admission = StoreAdmission()
        var isScheduled = false
        var isClosed = false
        /// Whether operations were refused lately: it is logged when that begins and ends, not for each.
        var isRefusing = false
        /// Hints that were refused, one for each range: the range is marked instead, with the next cut. As many as there are
        /// owners and partitions at most.
        var refusedHints: [RefusedHint: any StoreAsker] = [:]

        /// Appends work; `true` where the thread has to be told.
        mutating func add(_ work: Work) -> Bool {
            waiting.append(work)
            defer { isScheduled = true }
            return !isScheduled
        }
    }

    /// An owner that missed writes of a partition, any of whose tokens stands for it.
    private struct RefusedHint: Hashable, Sendable {
        let owner: NodeID
        let firstToken: UInt64
    }

    /// What goes into one commit, and who is told of it.
    private struct Cut {
        var operations = 0
        var admitted = (operations: 0, bytes: 0)
        var stored: [(asker: any StoreAsker, calls: [CallID])] = []
        /// Tasks that write, and whether all went well so far.
        var writes: [(isDone: Bool, completion: @Sendable (StorageAnswer) -> Void)] = []
        /// Tasks that read: when the commit is over.
        var reads: [(task: StorageTask, completion: @Sendable (StorageAnswer) -> Void)] = []
    }

    /// Reads, for any thread.
    let reader: ObjectReader
    private let queue = Mutex(Queue())
    private let waitingReads = Atomic(0)
    private let thread: NIOThreadPool
    private let readers: NIOThreadPool
    private let writer: StorageWriter
    private let ring: RingConfiguration
    private let membershipFile: MembershipFile
    private let logger: Logger

    /// Takes over the store and the identity: from here on they are used by the runner's thread alone.
    init(
        store: ObjectStore, identity: IdentityFile, engine: any StorageEngine,
        membershipFile: MembershipFile, ring: RingConfiguration, upkeep: StoreUpkeep = StoreUpkeep(at: Clock.now()),
        logger: Logger
    ) {
        reader = store.reader
        self.ring = ring
        self.membershipFile = membershipFile
        self.logger = logger
        writer = StorageWriter(store: store, identity: identity, engine: engine, upkeep: upkeep, logger: logger)
        thread = NIOThreadPool(numberOfThreads: 1)
        readers = NIOThreadPool(numberOfThreads: 4)
        thread.start()
        readers.start()
    }

    /// Stores operations of a shard, together with whatever else waits.
    ///
    /// Returns those that are refused, because too much waits or the store is closed: nothing came of them, and they are not
    /// heard of again. All others are answered.
    func submit(_ operations: [Operation], from asker: any StoreAsker) -> [(CallID, StoreRefusal)] {
        var taken: [Operation] = []
        taken.reserveCapacity(operations.count)
        var refused: [(CallID, StoreRefusal)] = []
        let (mustSchedule, beginsToRefuse) = queue.withLock { queue in
            for operation in operations {
                if queue.isClosed {
                    refused.append((operation.call, .storage(.closed)))
                } else if queue.admission.admit(operation.operation, byteCount: operation.byteCount) {
                    taken.append(operation)
                } else {
                    refused.append((operation.call, .notNow))
                    if case .hint(let owner, let token, _) = operation.operation {
                        let shift = UInt64(64 - ring.partitionBits)
                        let firstToken = (token >> shift) << shift
                        queue.refusedHints[RefusedHint(owner: owner, firstToken: firstToken)] = asker
                    }
                }
            }
            let beginsToRefuse = !refused.isEmpty && !queue.isClosed && !queue.isRefusing
            if beginsToRefuse {
                queue.isRefusing = true
            }
            return (!taken.isEmpty && queue.add(.operations(taken, asker)), beginsToRefuse)
        }
        if mustSchedule {
            schedule()
        }
        if beginsToRefuse {
            logger.warning(
                "the disk does not keep up: writes are refused until it does; look at its load and its health",
                metadata: [
                    "waiting": "\(StoreAdmission.operationLimit) operations or \(StoreAdmission.byteLimit) bytes"
                ])
        }
        return refused
    }

    /// Carries out a task behind everything that was submitted before it; fails once the store is closed.
    func submit(_ task: StorageTask, completion: @escaping @Sendable (StorageAnswer) -> Void) {
        if !enqueue(.task(task, completion)) {
            completion(.failed)
        }
    }

    /// Makes a change of its own behind everything that was submitted before it; none once the store is closed.
    func change(_ change: @escaping @Sendable (ObjectStore, IdentityFile) -> Void) {
        if !enqueue(.change(change)) {
            logger.debug("a change was left out: storage is closed")
        }
    }

    /// Reads a key where that may wait for the disk; fails at once where too many reads wait already.
    func read(
        token: UInt64, key: ByteBuffer, completion: @escaping @Sendable (Result<Object?, StorageFailure>) -> Void
    ) {
        guard waitingReads.wrappingAdd(1, ordering: .relaxed).newValue <= Self.readLimit else {
            waitingReads.wrappingSubtract(1, ordering: .relaxed)
            return completion(.failure(.busy))
        }
        readers.submit { state in
            defer { self.waitingReads.wrappingSubtract(1, ordering: .relaxed) }
            guard case .active = state else { return completion(.failure(.closed)) }
            do throws(StorageFailure) {
                completion(.success(try self.reader.read(token: token, key: key)))
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// Writes the membership down, and whether a peer has heard the node's own word, and says whether it is on disk.
    func persist(_ membership: Membership, isTold: Bool, completion: @escaping @Sendable (Bool) -> Void) {
        change { _, _ in
            do throws(StorageFailure) {
                try self.membershipFile.replace(with: membership, isTold: isTold)
                completion(true)
            } catch {
                self.logger.error("the membership was not written down: \(error)")
                completion(false)
            }
        }
    }

    /// Syncs what commits did not wait for.
    func sync() {
        change { _, _ in self.writer.sync() }
    }

    /// Now and then, so that a disk that failed is tried again, and an idle node writes its index down.
    func tick() {
        change { _, _ in self.writer.tick() }
    }

    /// Why the last write failed, or `nil` where it did not.
    var failing: StorageFailure? { writer.failing }

    /// Keys and bytes, for whoever asks how the node is.
    var usage: SpaceUsage { reader.usage(of: 0...UInt64.max) }

    /// Stores what waits, closes the engine, and ends the threads.
    func close() async {
        let wasOpen = queue.withLock { queue in
            defer { queue.isClosed = true }
            return !queue.isClosed
        }
        guard wasOpen else { return }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            thread.submit { _ in
                self.drain()
                self.writer.close()
                done.resume()
            }
        }
        try? await readers.shutdownGracefully()
        try? await thread.shutdownGracefully()
    }

    /// Lets work wait for the thread; `false` once the store is closed, when nothing is done any more.
    private func enqueue(_ work: Work) -> Bool {
        let (isTaken, mustSchedule) = queue.withLock { queue in
            queue.isClosed ? (false, false) : (true, queue.add(work))
        }
        if mustSchedule {
            schedule()
        }
        return isTaken
    }

    private func schedule() {
        thread.submit { _ in self.drain() }
    }

    /// Takes what has gathered, again and again, until nothing has.
    private func drain() {
        while true {
            let (work, refusedHints) = queue.withLock { queue in
                let work = queue.waiting
                queue.waiting = []
                defer { queue.refusedHints = [:] }
                if work.isEmpty {
                    queue.isScheduled = false
                }
                return (work, queue.refusedHints)
            }
            for (hint, asker) in refusedHints {
                let range = writer.store.markRange(ofHintFor: hint.owner, token: hint.firstToken)
                asker.prepared([(.nobody, .marked(range))])
            }
            guard !work.isEmpty else {
                // A stop does not wait for it.
                writer.idle { queue.withLock { !$0.waiting.isEmpty || $0.isClosed } }
                return
            }
            process(work)
            writer.keepPace()
        }
    }

    /// Everything prepared, what was prepared told, committed, what is stored told; in cuts, so that one commit has its
    /// bounds in memory and time. What comes behind a cut that failed is prepared on what the store has then.
    private func process(_ work: [Work]) {
        var cut = Cut()
        for item in work {
            switch item {
            case .operations(let operations, let asker):
                var rest = operations[...]
                while !rest.isEmpty {
                    prepare(&rest, of: asker, in: &cut)
                    if isFull(cut) { finish(&cut) }
                }
            case .task(let task, let completion):
                guard let operations = task.operations else {
                    cut.reads.append((task, completion))
                    continue
                }
                let wall = Clock.wallMilliseconds()
                var isDone = true
                for operation in operations {
                    if case .refused = writer.store.prepare(operation, wall: wall) {
                        isDone = false
                    }
                    cut.operations += 1
                    if isFull(cut), finish(&cut) != nil {
                        isDone = false
                    }
                }
                cut.writes.append((isDone, completion))
            case .change(let change):
                change(writer.store, writer.identity)
            }
        }
        finish(&cut)
    }

    /// Lets operations join the cut until it is full, and tells their shard what came of it.
    private func prepare(_ rest: inout ArraySlice<Operation>, of asker: any StoreAsker, in cut: inout Cut) {
        let wall = Clock.wallMilliseconds()
        var prepared: [(CallID, PreparedOperation)] = []
        var calls: [CallID] = []
        calls.reserveCapacity(rest.count)
        while !isFull(cut), let operation = rest.popFirst() {
            let result = writer.store.prepare(operation.operation, wall: wall)
            if result != .accepted {
                prepared.append((operation.call, result))
            }
            calls.append(operation.call)
            cut.operations += 1
            cut.admitted.operations += 1
            cut.admitted.bytes += operation.byteCount
        }
        if !prepared.isEmpty {
            asker.prepared(prepared)
        }
        cut.stored.append((asker, calls))
    }

    private func isFull(_ cut: Cut) -> Bool {
        cut.operations >= Self.cutOperationLimit || writer.store.batchByteCount >= Self.cutByteLimit
    }

    /// Commits the cut, tells everyone, and begins another.
    @discardableResult
    private func finish(_ cut: inout Cut) -> StorageFailure? {
        defer { cut = Cut() }
        let failure = writer.commit()
        let isRelieved = queue.withLock { queue in
            queue.admission.release(operations: cut.admitted.operations, bytes: cut.admitted.bytes)
            guard queue.isRefusing, queue.admission.isHalfEmpty else {
                return false
            }
            queue.isRefusing = false
            return true
        }
        if isRelieved {
            logger.notice("the disk has caught up: writes are taken again")
        }
        for (asker, calls) in cut.stored {
            asker.committed(calls, failure)
        }
        if failure != nil, let asker = cut.stored.first?.asker {
            let ranges = writer.store.takeRangesOfLostHints()
            if !ranges.isEmpty {
                asker.prepared(ranges.map { (.nobody, .marked($0)) })
            }
        }
        for (isDone, completion) in cut.writes {
            completion(isDone && failure == nil ? .done : .failed)
        }
        for (task, completion) in cut.reads {
            readers.submit { state in
                guard case .active = state else { return completion(.failed) }
                completion(task.read(from: self.reader, ring: self.ring))
            }
        }
        return failure
    }
}
