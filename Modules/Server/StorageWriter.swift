import Logging
import Machine
import Storage
import Synchronization

/// What the writing thread alone uses: the store, the identity's file, the engine's upkeep, and whether the disk takes
/// writes.
// Sendable without a check: everything but `failing`, which is locked, is used in jobs of the one writing thread.
final class StorageWriter: @unchecked Sendable {
    let store: ObjectStore
    let identity: IdentityFile
    private let engine: any StorageEngine
    private let logger: Logger
    private var upkeep: StoreUpkeep
    private let current = Mutex<StorageFailure?>(nil)

    init(
        store: ObjectStore, identity: IdentityFile, engine: any StorageEngine, upkeep: StoreUpkeep, logger: Logger
    ) {
        self.store = store
        self.identity = identity
        self.engine = engine
        self.upkeep = upkeep
        self.logger = logger
    }

    /// Why the last write failed, or `nil` where it did not; on any thread.
    var failing: StorageFailure? { current.withLock { $0 } }

    /// Stores what was prepared; the failure, where that may not have happened.
    func commit() -> StorageFailure? {
        guard !store.isBatchEmpty else {
            // Nothing is written, but epochs may be reserved.
            return attempt()
        }
        let byteCount = store.batchByteCount
        let failure = attempt()
        if failure == nil {
            upkeep.wrote(byteCount)
        }
        note(store.failing)
        return failure
    }

    private func attempt() -> StorageFailure? {
        do throws(StorageFailure) {
            try store.commit()
            return nil
        } catch {
            return error
        }
    }

    /// Upkeep that writes without a pause must not put off for ever.
    func keepPace() {
        checkpointIfDue(isIdle: false)
        compact(budget: upkeep.takeCompactionBudget()) { false }
    }

    /// Upkeep while there is nothing else to do, until `isInterrupted`.
    func idle(isInterrupted: () -> Bool) {
        compact(budget: .max, isInterrupted: isInterrupted)
    }

    /// Now and then: looks whether a disk that failed takes writes again, and writes the index down where the node is idle.
    func tick() {
        if failing != nil {
            try? store.probe()
            note(store.failing)
        }
        checkpointIfDue(isIdle: true)
    }

    /// Syncs what commits did not wait for.
    func sync() {
        do throws(StorageFailure) {
            try engine.sync()
        } catch {
            logger.error("stored data was not synced: \(error)")
        }
    }

    func close() {
        do throws(StorageFailure) {
            try engine.close()
        } catch {
            logger.error("storage was not closed cleanly: \(error)")
        }
    }

    private func checkpointIfDue(isIdle: Bool) {
        let now = Clock.now()
        guard failing == nil, upkeep.isCheckpointDue(records: engine.statistics.records, isIdle: isIdle, at: now)
        else { return }
        do throws(StorageFailure) {
            try engine.checkpoint()
            logger.debug("the index was written down")
        } catch {
            logger.warning("the index was not written down, so that the next start may take longer: \(error)")
        }
        upkeep.checkpointed(at: Clock.now())
    }

    /// Reclaims space by reading about so many bytes.
    private func compact(budget: Int, isInterrupted: () -> Bool) {
        let step = 1 << 20
        var left = budget
        do throws(StorageFailure) {
            while left >= step, try engine.compactStep(budget: step).hasMore, !isInterrupted() {
                left -= step
            }
        } catch {
            // A full disk needs it all the same; what else fails is told of writes already.
            logger.log(level: failing == nil ? .warning : .debug, "compaction: \(error)")
        }
    }

    /// Says when the disk begins and ceases to fail; what happens again and again in between is said once.
    private func note(_ failure: StorageFailure?) {
        let before = current.withLock { current in
            defer { current = failure }
            return current
        }
        switch (before, failure) {
        case (nil, nil): break
        case (_?, nil): logger.notice("storage takes writes again")
        case (let before, let failure?):
            logger.log(
                level: before == failure ? .debug : .error, "a batch was not stored: \(failure); \(failure.advice)")
        }
    }
}

extension StorageFailure {
    /// What whoever runs the node can do about a write that failed this way.
    var advice: String {
        switch self {
        case .full: "free space on the disk of the data directory: the node goes on by itself"
        case .readOnly, .outcomeUnknown: "look at the disk and the system's log, then start the node again"
        case .inputOutput: "look at the disk and the system's log"
        default: "the node tries again with the next write"
        }
    }
}
