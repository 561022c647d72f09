import Machine

/// Names one question of a shard, to a peer or to the local store: which piece of work asked, and about which of its
/// replicas. It travels with the question, and the answer brings it back.
///
///     bits 63–32   generation of the work's slot
///     bits 31–30   which table: gets, puts, forwarded puts, peers' requests
///     bits 29–24   position of the replica
///     bits 23–0    the slot
///
/// An answer that comes after its work has ended names a generation that is no more, and is ignored.
public struct CallID: Hashable, Sendable {
    /// The whole as one word.
    public let rawValue: UInt64

    /// The call with this word.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The most pieces of work in a table.
    static let slotLimit = 1 << 24

    enum Table: UInt64 {
        case gets = 0
        case puts = 1
        case forwards = 2
        case replicas = 3
    }

    /// Of work whose outcome nobody waits for; generations begin at 1.
    package static let nobody = CallID(rawValue: 0)

    init(_ table: Table, _ slot: SlotID, position: Int = 0) {
        rawValue =
            UInt64(slot.generation) << 32 | table.rawValue << 30 | UInt64(position) << 24 | UInt64(slot.index)
    }

    var table: Table? { Table(rawValue: (rawValue >> 30) & 3) }
    var position: Int { Int((rawValue >> 24) & 63) }

    var slot: SlotID {
        SlotID(index: UInt32(rawValue & 0xff_ffff), generation: UInt32(rawValue >> 32))
    }
}
