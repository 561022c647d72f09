import Machine

/// The news that is still to be spread: at most one update for each member, the least sent first.
///
/// Bounded by the number of members. Among updates sent equally often the newest goes first, since old news may have
/// come round another way.
struct UpdateQueue {
    private struct Item {
        var update: GossipUpdate
        var byteCount: Int
        var sent: Int
        var number: UInt64

        static func precedes(_ left: Item, _ right: Item) -> Bool {
            left.sent != right.sent ? left.sent < right.sent : left.number > right.number
        }
    }

    /// Items that do not fit are passed over, but not for ever.
    private static let lookahead = 64

    private var items: [Item] = []
    /// Whom ``items`` are about; asked, and never walked, so that its order reaches nothing.
    private var subjects: Set<NodeID> = []
    private var nextNumber: UInt64 = 0

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }

    /// Whether there is an update about this member. O(1).
    func contains(_ id: NodeID) -> Bool {
        subjects.contains(id)
    }

    /// Puts an update in, in place of an older one about the same member. O(n).
    mutating func insert(_ update: GossipUpdate) {
        remove(update.member.id)
        nextNumber += 1
        subjects.insert(update.member.id)
        place(Item(update: update, byteCount: update.encodedByteCount, sent: 0, number: nextNumber))
    }

    /// Takes the update about this member out, if there is one. O(n).
    mutating func remove(_ id: NodeID) {
        guard subjects.remove(id) != nil, let index = items.firstIndex(where: { $0.update.member.id == id }) else {
            return
        }
        items.remove(at: index)
    }

    mutating func removeAll() {
        items.removeAll()
        subjects.removeAll()
    }

    /// Adds to `updates` what fits into `byteCount` bytes, but nothing about `excluded`, and counts it as sent;
    /// what has been sent `limit` times goes.
    mutating func take(
        into updates: inout [GossipUpdate], byteCount: Int, countLimit: Int, sentLimit: Int, excluding excluded: NodeID?
    ) {
        var room = byteCount
        var taken: [Item] = []
        var index = 0
        var passed = 0
        while index < items.count, updates.count < countLimit, passed < Self.lookahead {
            if items[index].byteCount <= room, items[index].update.member.id != excluded {
                let item = items.remove(at: index)
                room -= item.byteCount
                updates.append(item.update)
                taken.append(item)
            } else {
                index += 1
                passed += 1
            }
        }
        for var item in taken {
            item.sent += 1
            if item.sent < sentLimit {
                place(item)
            } else {
                subjects.remove(item.update.member.id)
            }
        }
    }

    private mutating func place(_ item: Item) {
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if Item.precedes(items[middle], item) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        items.insert(item, at: low)
    }
}
