import Machine

/// When the log's index is written down, and how much of the log is compacted beside the writes: the policy, without doing
/// it.
///
/// The index is written down so that a start after a kill reads a bounded part of the log. That costs as many bytes as the
/// index has, so it waits until a multiple of these has been written; an idle node does it for less, but not often.
struct StoreUpkeep: Sendable {
    /// The least bytes written between two checkpoints of a busy node.
    var checkpointByteCount = 256 << 20
    /// The least bytes written that are worth a checkpoint of an idle node.
    var idleByteCount = 1 << 20
    /// The least time between two checkpoints of an idle node.
    var idleInterval: Duration = .seconds(180)
    /// About the bytes of an entry of the index on the disk.
    static let entryByteCount = 48

    /// Bytes written since the last checkpoint.
    private(set) var bytesSinceCheckpoint = 0
    private var lastCheckpoint: Instant
    private var compactionDebt = 0

    init(at now: Instant) {
        lastCheckpoint = now
    }

    /// So many bytes went into the log.
    mutating func wrote(_ byteCount: Int) {
        bytesSinceCheckpoint += byteCount
        compactionDebt = min(compactionDebt + 3 * byteCount, 64 << 20)
    }

    /// Whether the index should be written down, with so many records in it.
    func isCheckpointDue(records: Int, isIdle: Bool, at now: Instant) -> Bool {
        let index = records * Self.entryByteCount
        if bytesSinceCheckpoint >= max(checkpointByteCount, 8 * index) { return true }
        return isIdle && bytesSinceCheckpoint >= max(idleByteCount, index / 8)
            && lastCheckpoint.advanced(by: idleInterval) <= now
    }

    /// The index was written down, or that failed, in which case it waits as long for the next attempt.
    mutating func checkpointed(at now: Instant) {
        bytesSinceCheckpoint = 0
        lastCheckpoint = now
    }

    /// The bytes that compaction reads now so as to keep pace with the writes, also where those leave it no pause: at the
    /// engine's threshold three for each byte written free more than that one. 0 while it is not worth a step.
    mutating func takeCompactionBudget() -> Int {
        guard compactionDebt >= 1 << 20 else { return 0 }
        defer { compactionDebt = 0 }
        return compactionDebt
    }
}
