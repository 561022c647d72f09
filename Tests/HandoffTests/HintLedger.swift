import Handoff
import Machine
import Ring

/// How many hints a node keeps.
struct HintCapacity: Sendable {
    /// The most hints, for all owners together.
    var count: Int
    /// The most bytes that they may take, for all owners together.
    var bytes: UInt64

    /// By default a million hints or 1 GiB, whichever comes first.
    init(count: Int = 1_000_000, bytes: UInt64 = 1 << 30) {
        self.count = count
        self.bytes = bytes
    }
}

/// Counts the hints that a node keeps, and says when there are too many.
///
/// Beyond the capacity a hint is not refused work but another form of it: the owner's whole partition is marked, durably,
/// and walked when the owner is back. So hints cannot fill the disk, and no write is turned away for them
/// (scylladb#7976, #8863). Each call takes O(1) on average, the lists O(n log n).
struct HintLedger: Sendable {
    /// What to do about a write that an owner has missed.
    enum Admission: Hashable, Sendable {
        /// Keep a hint; it is counted.
        case keep
        /// Keep none; keep this mark on disk in place of the one for the same owner and partition, and tell
        /// ``HintDelivery`` of it.
        case markRange(RangeMark)
    }

    /// The hints for one owner.
    struct Pending: Hashable, Sendable {
        /// How many.
        var count = 0
        /// The bytes that they take.
        var bytes: UInt64 = 0

        /// No hints.
        init() {}
    }

    private struct Range: Hashable {
        let owner: NodeID
        let partition: PartitionID
    }

    /// The limits.
    let capacity: HintCapacity
    /// The hints for all owners.
    private(set) var total = Pending()
    private var owners: [NodeID: Pending] = [:]
    private var marks: [Range: UInt64] = [:]
    private var lastGeneration: UInt64 = 0

    /// A ledger without an entry.
    init(capacity: HintCapacity = HintCapacity()) {
        self.capacity = capacity
    }

    /// The hints for one owner.
    func pending(for owner: NodeID) -> Pending { owners[owner] ?? Pending() }

    /// The owners that there are hints for, by identity, with what there is.
    var pendingByOwner: [(owner: NodeID, pending: Pending)] {
        owners.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Every mark, by owner and partition.
    var rangeMarks: [RangeMark] {
        marks.map { RangeMark(owner: $0.key.owner, partition: $0.key.partition, generation: $0.value) }
            .sorted { ($0.owner, $0.partition) < ($1.owner, $1.partition) }
    }

    /// Decides about a write that `owner` has missed, and counts the hint if it is to be kept.
    ///
    /// - Parameters:
    ///   - bytes: the bytes that the hint takes in the store.
    ///   - replaced: the bytes of the hint for the same key that goes for it, or `nil` where there is none.
    mutating func admit(
        owner: NodeID, partition: PartitionID, bytes: UInt64, replacing replaced: UInt64? = nil
    ) -> Admission {
        let without = total.bytes - min(total.bytes, replaced ?? 0)
        let (sum, overflow) = without.addingReportingOverflow(bytes)
        let count = total.count + (replaced == nil ? 1 : 0)
        guard !overflow, sum <= capacity.bytes, count <= capacity.count else {
            lastGeneration += 1
            marks[Range(owner: owner, partition: partition)] = lastGeneration
            return .markRange(RangeMark(owner: owner, partition: partition, generation: lastGeneration))
        }
        if let replaced {
            subtract(owner: owner, count: 1, bytes: replaced)
        }
        add(owner: owner, count: 1, bytes: bytes)
        return .keep
    }

    /// Counts hints that were found in the store at the start, within the capacity or not.
    mutating func restore(owner: NodeID, count: Int, bytes: UInt64) {
        add(owner: owner, count: max(0, count), bytes: bytes)
    }

    /// Takes over a mark that was found in the store at the start.
    mutating func restore(_ mark: RangeMark) {
        let range = Range(owner: mark.owner, partition: mark.partition)
        marks[range] = max(marks[range] ?? 0, mark.generation)
        lastGeneration = max(lastGeneration, mark.generation)
    }

    /// Hints have gone from the store: exactly those whose compare-and-drop found them unchanged.
    mutating func dropped(owner: NodeID, count: Int, bytes: UInt64) {
        subtract(owner: owner, count: count, bytes: bytes)
    }

    /// Takes a mark away; `false` where a later one stands in its place, which then has to stay on disk too.
    mutating func unmark(_ mark: RangeMark) -> Bool {
        let range = Range(owner: mark.owner, partition: mark.partition)
        guard let generation = marks[range] else { return true }
        guard generation <= mark.generation else { return false }
        marks[range] = nil
        return true
    }

    private mutating func add(owner: NodeID, count: Int, bytes: UInt64) {
        owners[owner, default: Pending()].count += count
        owners[owner, default: Pending()].bytes &+= bytes
        total.count += count
        total.bytes &+= bytes
    }

    private mutating func subtract(owner: NodeID, count: Int, bytes: UInt64) {
        guard var pending = owners[owner] else { return }
        let count = min(max(0, count), pending.count)
        let bytes = min(bytes, pending.bytes)
        pending.count -= count
        pending.bytes -= bytes
        total.count -= count
        total.bytes -= bytes
        owners[owner] = pending.count == 0 && pending.bytes == 0 ? nil : pending
    }
}
