import Causality
import Machine
import Storage

/// What the shards have handed to the store and it has not committed yet: counted, so that a disk that hangs does not fill
/// the memory of the node.
///
/// A shard's own tables do not bound it: they free a request's place at its deadline, while the operation waits on. What
/// is beyond the limits is refused at once, before anything of it has happened.
struct StoreAdmission: Sendable {
    /// The most operations that wait: a second's work of a good disk, more than which no request waits out in time.
    static let operationLimit = 16_384
    /// The most bytes that wait. A single operation may be larger, where it is the only one: what exists must always pass.
    static let byteLimit = 64 << 20
    /// Hints beyond ``operationLimit`` that are taken all the same: they are small, belong to writes that are taken already
    /// and can be kept nowhere else.
    static let hintReserve = 16_384

    /// Operations that wait.
    private(set) var operations = 0
    /// Their bytes, as counted by `byteCount`.
    private(set) var bytes = 0

    /// Whether there is room enough to say that the disk has caught up.
    var isHalfEmpty: Bool { operations <= Self.operationLimit / 2 && bytes <= Self.byteLimit / 2 }

    /// Takes an operation on, if there is room for it.
    mutating func admit(_ operation: StoreOperation, byteCount: Int) -> Bool {
        let isHint = if case .hint = operation { true } else { false }
        guard operations < Self.operationLimit + (isHint ? Self.hintReserve : 0),
            isHint || operations == 0 || bytes + byteCount <= Self.byteLimit
        else { return false }
        operations += 1
        bytes += byteCount
        return true
    }

    /// Operations were committed, or that failed.
    mutating func release(operations count: Int, bytes byteCount: Int) {
        operations -= count
        bytes -= byteCount
    }
}

extension StoreOperation {
    /// About how many bytes the operation keeps in memory while it waits. O(siblings).
    var byteCount: Int {
        let overhead = 128
        switch self {
        case .coordinate(let write):
            return overhead + write.key.readableBytes + write.content.byteCount
        case .merge(_, let key, let object):
            return object.siblings.reduce(overhead + key.readableBytes + object.context.entryCount * 32) {
                $0 + overhead + $1.content.byteCount
            }
        case .hint(_, _, let key), .dropHint(_, _, let key, _):
            return overhead + key.readableBytes
        case .dropIfUnchanged, .unmark:
            return overhead
        }
    }
}
