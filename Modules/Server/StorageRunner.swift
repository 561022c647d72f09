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
/// What waits is bounded by the shards' own tables. Answers go back to each shard in two hops for a batch, however many
/// operations it has: what was prepared before the sync, what is stored after it.
final class StorageRunner: Sendable {
    /// A shard's operation and who waits for it.
    struct Operation: Sendable {
        var call: CallID
        var operation: StoreOperation
    }

    private enum Work: Sendable {
        case operations([Operation], ShardRunner)
        case task(StorageTask, @Sendable (StorageAnswer) -> Void)
        case change(@Sendable (ObjectStore, IdentityFile) -> Void)
    }

    private struct Queue: Sendable {
        var waiting: [Work] = []
        var isScheduled = false
        var isClosed = false
    }

    /// Reads, for any thread.
    let reader: ObjectReader
    private let queue = Mutex(Queue())
    private let thread: NIOThreadPool
    private let readers: NIOThreadPool
    private let state: UnsafeState
    private let ring: RingConfiguration
    private let membershipFile: CheckedFile
    private let logger: Logger

    /// What the writing thread alone uses.
    // Sendable without a check: every use is in a job of `thread`, which has one thread.
    private final class UnsafeState: @unchecked Sendable {
        let store: ObjectStore
        let identity: IdentityFile
        let engine: any StorageEngine

        init(store: ObjectStore, identity: IdentityFile, engine: any StorageEngine) {
            self.store = store
            self.identity = identity
            self.engine = engine
        }
    }

    /// Takes over the store and the identity: from here on they are used by the runner's thread alone.
    init(
        store: ObjectStore, identity: IdentityFile, engine: any StorageEngine,
        membershipFile: CheckedFile, ring: RingConfiguration, logger: Logger
    ) {
        reader = store.reader
        self.ring = ring
        self.membershipFile = membershipFile
        self.logger = logger
        state = UnsafeState(store: store, identity: identity, engine: engine)
        thread = NIOThreadPool(numberOfThreads: 1)
        readers = NIOThreadPool(numberOfThreads: 4)
        thread.start()
        readers.start()
    }

    /// Stores operations of a shard, together with whatever else waits.
    func submit(_ operations: [Operation], from shard: ShardRunner) {
        enqueue(.operations(operations, shard))
    }

    /// Carries out a task behind everything that was submitted before it.
    func submit(_ task: StorageTask, completion: @escaping @Sendable (StorageAnswer) -> Void) {
        enqueue(.task(task, completion))
    }

    /// Makes a change of its own behind everything that was submitted before it.
    func change(_ change: @escaping @Sendable (ObjectStore, IdentityFile) -> Void) {
        enqueue(.change(change))
    }

    /// Reads a key where that may wait for the disk.
    func read(
        token: UInt64, key: ByteBuffer, completion: @escaping @Sendable (Result<Object?, StorageFailure>) -> Void
    ) {
        readers.submit { state in
            guard case .active = state else { return completion(.failure(.closed)) }
            do throws(StorageFailure) {
                completion(.success(try self.reader.read(token: token, key: key)))
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// Writes the membership down, and says whether it is on disk.
    func persist(_ membership: Membership, completion: @escaping @Sendable (Bool) -> Void) {
        change { _, _ in
            do throws(StorageFailure) {
                try self.membershipFile.replace(with: membership.encoded())
                completion(true)
            } catch {
                self.logger.error("the membership was not written down: \(error)")
                completion(false)
            }
        }
    }

    /// Syncs what commits did not wait for.
    func sync() {
        change { _, _ in
            do throws(StorageFailure) {
                try self.state.engine.sync()
            } catch {
                self.logger.error("stored data was not synced: \(error)")
            }
        }
    }

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
                do throws(StorageFailure) {
                    try self.state.engine.close()
                } catch {
                    self.logger.error("storage was not closed cleanly: \(error)")
                }
                done.resume()
            }
        }
        try? await readers.shutdownGracefully()
        try? await thread.shutdownGracefully()
    }

    private func enqueue(_ work: Work) {
        let mustSchedule = queue.withLock { queue in
            queue.waiting.append(work)
            guard !queue.isScheduled else { return false }
            queue.isScheduled = true
            return true
        }
        if mustSchedule {
            thread.submit { _ in self.drain() }
        }
    }

    /// Takes what has gathered, again and again, until nothing has.
    private func drain() {
        while true {
            let work = queue.withLock { queue in
                let work = queue.waiting
                queue.waiting = []
                if work.isEmpty {
                    queue.isScheduled = false
                }
                return work
            }
            guard !work.isEmpty else {
                compact()
                return
            }
            process(work)
        }
    }

    /// One batch: everything prepared, what was prepared told, one commit, what is stored told.
    private func process(_ work: [Work]) {
        let wall = Clock.wallMilliseconds()
        var stored: [(shard: ShardRunner, calls: [CallID])] = []
        var tasks: [(StorageTask, Bool, @Sendable (StorageAnswer) -> Void)] = []
        for item in work {
            switch item {
            case .operations(let operations, let shard):
                var prepared: [(CallID, PreparedOperation)] = []
                var calls: [CallID] = []
                calls.reserveCapacity(operations.count)
                for operation in operations {
                    let result = state.store.prepare(operation.operation, wall: wall)
                    if result != .accepted {
                        prepared.append((operation.call, result))
                    }
                    calls.append(operation.call)
                }
                if !prepared.isEmpty {
                    shard.prepared(prepared)
                }
                stored.append((shard, calls))
            case .task(let task, let completion):
                var isDone = true
                for operation in task.operations ?? [] {
                    if case .refused = state.store.prepare(operation, wall: wall) {
                        isDone = false
                    }
                }
                tasks.append((task, isDone, completion))
            case .change(let change):
                change(state.store, state.identity)
            }
        }
        let failure = commit()
        for (shard, calls) in stored {
            shard.committed(calls, failure)
        }
        for (task, isDone, completion) in tasks {
            if task.operations != nil {
                completion(isDone && failure == nil ? .done : .failed)
            } else {
                readers.submit { state in
                    guard case .active = state else { return completion(.failed) }
                    completion(task.read(from: self.reader, ring: self.ring))
                }
            }
        }
    }

    private func commit() -> StorageFailure? {
        do throws(StorageFailure) {
            try state.store.commit()
            return nil
        } catch {
            logger.error("a batch was not stored: \(error)")
            return error
        }
    }

    /// Reclaims space while there is nothing else to do; a stop does not wait for it.
    private func compact() {
        do throws(StorageFailure) {
            while try state.engine.compactStep(budget: 1 << 20).hasMore {
                if queue.withLock({ !$0.waiting.isEmpty || $0.isClosed }) { return }
            }
        } catch {
            logger.warning("compaction: \(error)")
        }
    }
}
