import Machine

/// Which number each of some nodes has: a hash table that costs a few nanoseconds where a dictionary costs thirty, for it is
/// asked with every word that is heard.
///
/// Identities are random, so that their own bits are spread well enough (``Machine/NodeID``). Whoever chooses some that are
/// not makes others walk over them, and there is a bound on the members. It is asked and never walked, so that its order
/// reaches nothing.
struct NodeIndex {
    private struct Slot {
        var id = NodeID.zero
        /// Negative where the slot is free.
        var number: Int32 = -1
    }

    private static let firstCapacity = 16

    /// A power of two of them, at most half of them in use; each node stands in its own or in a later one without a gap.
    private var slots: [Slot] = []
    private(set) var count = 0

    /// The number of a node, if it has one.
    subscript(id: NodeID) -> Int? {
        let mask = slots.count - 1
        guard mask > 0 else { return nil }
        return slots.withUnsafeBufferPointer { slots in
            var place = Self.hash(id) & mask
            while slots[place].number >= 0 {
                if slots[place].id == id {
                    return Int(slots[place].number)
                }
                place = (place + 1) & mask
            }
            return nil
        }
    }

    /// Gives a node a number, from 0 to 2³¹ − 1, in place of the one that it had.
    mutating func set(_ number: Int, for id: NodeID) {
        if 2 * (count + 1) > slots.count {
            grow()
        }
        let place = place(of: id)
        count += slots[place].number < 0 ? 1 : 0
        slots[place] = Slot(id: id, number: Int32(number))
    }

    /// Takes a node out, and returns the number that it had.
    @discardableResult
    mutating func remove(_ id: NodeID) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var hole = place(of: id)
        guard slots[hole].number >= 0 else { return nil }
        let number = Int(slots[hole].number)
        // Those behind come forward, so that nobody is behind a gap.
        var place = (hole + 1) & mask
        while slots[place].number >= 0 {
            let distance = (place - Self.hash(slots[place].id)) & mask
            if distance >= (place - hole) & mask {
                slots[hole] = slots[place]
                hole = place
            }
            place = (place + 1) & mask
        }
        slots[hole].number = -1
        count -= 1
        return number
    }

    mutating func removeAll() {
        slots.removeAll()
        count = 0
    }

    /// Where a node stands, or would stand.
    private func place(of id: NodeID) -> Int {
        let mask = slots.count - 1
        var place = Self.hash(id) & mask
        while slots[place].number >= 0, slots[place].id != id {
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: max(Self.firstCapacity, 2 * old.count))
        for slot in old where slot.number >= 0 {
            slots[place(of: slot.id)] = slot
        }
    }

    private static func hash(_ id: NodeID) -> Int {
        Int(truncatingIfNeeded: ((id.high ^ id.low) &* 0x9e37_79b9_7f4a_7c15) >> 32)
    }
}
