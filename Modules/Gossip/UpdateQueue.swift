import Machine

/// The news that is still to be spread: at most one update for each member, the least sent first.
///
/// Bounded by the number of members. Among updates sent equally often the newest goes first, since old news may have
/// come round another way. The updates lie still; what is moved to keep the order is small.
struct UpdateQueue {
    /// What the order needs to know of an update.
    private struct Turn {
        var sent: Int
        let number: UInt64
        let byteCount: Int
        /// Where the update lies.
        let place: Int

        static func precedes(_ left: Turn, _ right: Turn) -> Bool {
            left.sent != right.sent ? left.sent < right.sent : left.number > right.number
        }
    }

    /// Items that do not fit are passed over, but not for ever.
    private static let lookahead = 64

    /// In the order in which the updates go out.
    private var turns: [Turn] = []
    private var updates: [GossipUpdate?] = []
    private var free: [Int] = []
    /// Where the update about a member lies.
    private var places = NodeIndex()
    private var nextNumber: UInt64 = 0
    /// Those that go out just now; empty in between, and kept for its memory.
    private var taken: [Turn] = []

    var isEmpty: Bool { turns.isEmpty }
    var count: Int { turns.count }

    /// Whether there is an update about this member. O(1).
    func contains(_ id: NodeID) -> Bool {
        places[id] != nil
    }

    /// Puts an update in, in place of an older one about the same member. O(n).
    mutating func insert(_ update: GossipUpdate) {
        remove(update.member.id)
        nextNumber += 1
        let place: Int
        if let unused = free.popLast() {
            place = unused
            updates[place] = update
        } else {
            place = updates.count
            updates.append(update)
        }
        places.set(place, for: update.member.id)
        // Never sent, and the newest: nothing goes before it.
        turns.insert(Turn(sent: 0, number: nextNumber, byteCount: update.encodedByteCount, place: place), at: 0)
    }

    /// Takes the update about this member out, if there is one. O(n).
    mutating func remove(_ id: NodeID) {
        guard let place = places.remove(id), let index = turns.firstIndex(where: { $0.place == place }) else { return }
        turns.remove(at: index)
        updates[place] = nil
        free.append(place)
    }

    mutating func removeAll() {
        self = UpdateQueue()
    }

    /// Adds to `updates` what fits into `byteCount` bytes, but nothing about `excluded`, and counts it as sent;
    /// what has been sent `limit` times goes. O(n).
    mutating func take(
        into updates: inout [GossipUpdate], byteCount: Int, countLimit: Int, sentLimit: Int, excluding excluded: NodeID?
    ) {
        guard !isEmpty else { return }
        choose(byteCount: byteCount, countLimit: countLimit - updates.count, excluding: excluded.flatMap { places[$0] })
        updates.reserveCapacity(updates.count + taken.count)
        var kept = 0
        for index in taken.indices {
            let turn = taken[index]
            if turn.sent + 1 < sentLimit {
                if let update = self.updates[turn.place] {
                    updates.append(update)
                }
                taken[kept] = turn
                taken[kept].sent += 1
                kept += 1
            } else if let update = self.updates[turn.place].take() {
                places.remove(update.member.id)
                free.append(turn.place)
                updates.append(update)
            }
        }
        taken.removeSubrange(kept...)
        putBack()
    }

    /// Moves the turns of what fits from ``turns`` to ``taken``, in order.
    private mutating func choose(byteCount: Int, countLimit: Int, excluding excluded: Int?) {
        var room = byteCount
        var passed = 0
        var index = 0
        while index < turns.count, taken.count < countLimit, passed < Self.lookahead {
            let turn = turns[index]
            if turn.byteCount <= room, turn.place != excluded {
                room -= turn.byteCount
                taken.append(turn)
            } else {
                turns[passed] = turn
                passed += 1
            }
            index += 1
        }
        turns.removeSubrange(passed..<index)
    }

    /// Merges ``taken``, which all have been sent once more and so are in order still, into ``turns``, from the end.
    private mutating func putBack() {
        var rest = turns.count - 1
        var place = rest + taken.count
        turns.append(contentsOf: taken)
        while let turn = taken.last {
            if rest >= 0, Turn.precedes(turn, turns[rest]) {
                turns[place] = turns[rest]
                rest -= 1
            } else {
                turns[place] = turn
                taken.removeLast()
            }
            place -= 1
        }
    }
}
