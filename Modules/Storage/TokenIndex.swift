/// The records of one space in the order of (token, sequence): three flat levels, a B+tree whose leaves grow by
/// sixteens.
///
/// A leaf keeps tokens and slots apart, so that a search touches nothing but tokens. Leaves take memory as they fill
/// and are split at 128 entries, or left full where entries come in order (a start from a checkpoint).
/// Entries of equal tokens lie side by side in the order of their sequences; they may cross leaves.
struct TokenIndex: ~Copyable {
    struct Leaf {
        var tokens: [UInt64]
        var slots: [Slot]
    }

    struct Branch {
        /// For each leaf a token not above its first and not below its predecessor's last.
        var firsts: [UInt64]
        var leaves: [Leaf]
    }

    /// A place in the index; good until the next change.
    struct Position: Equatable {
        var branch: Int
        var leaf: Int
        var entry: Int
    }

    static let leafCapacity = 128
    static let branchCapacity = 256
    private static let growth = 16

    private(set) var firsts: [UInt64] = [0]
    private(set) var branches = [Branch(firsts: [0], leaves: [Leaf(tokens: [], slots: [])])]
    /// Records with a value, and their bytes.
    private(set) var usage = SpaceUsage()
    /// Drops that are still needed.
    private(set) var dropCount = 0

    /// The place of the first entry whose token is not below this one. O(log n).
    func lowerBound(_ token: UInt64) -> Position {
        // The last leaf that begins below the token: a run of equal tokens may begin at its end.
        let branch = max(0, Self.countBelow(token, in: firsts) - 1)
        let leaf = max(0, Self.countBelow(token, in: branches[branch].firsts) - 1)
        let entry = Self.countBelow(token, in: branches[branch].leaves[leaf].tokens)
        return normalized(Position(branch: branch, leaf: leaf, entry: entry))
    }

    /// The entry at a place, or `nil` at the end.
    func entry(at position: Position) -> (token: UInt64, slot: Slot)? {
        guard position.branch < branches.count else { return nil }
        // Read through the arrays in place: a copy of the leaf would retain it.
        guard position.entry < branches[position.branch].leaves[position.leaf].tokens.count else { return nil }
        return (
            branches[position.branch].leaves[position.leaf].tokens[position.entry],
            branches[position.branch].leaves[position.leaf].slots[position.entry]
        )
    }

    /// The place behind a place.
    func position(after position: Position) -> Position {
        normalized(Position(branch: position.branch, leaf: position.leaf, entry: position.entry + 1))
    }

    /// Hands over every slot of a token, in the order of sequences.
    func forEachSlot(of token: UInt64, _ body: (Slot) -> Void) {
        var position = lowerBound(token)
        while let entry = entry(at: position), entry.token == token {
            body(entry.slot)
            position = self.position(after: position)
        }
    }

    /// The place of a record, or `nil` where it is not there.
    func position(of token: UInt64, sequence: UInt64) -> Position? {
        var position = lowerBound(token)
        while let entry = entry(at: position), entry.token == token {
            if entry.slot.sequence == sequence { return position }
            position = self.position(after: position)
        }
        return nil
    }

    /// The slot of a record, or `nil` where it is not there.
    func slot(of token: UInt64, sequence: UInt64) -> Slot? {
        position(of: token, sequence: sequence).flatMap { entry(at: $0)?.slot }
    }

    /// Hands over entries from a cursor on through a token, until the body says that it has enough.
    func walk(
        from token: UInt64, after cursor: ScanCursor?, through last: UInt64,
        _ body: (_ token: UInt64, _ slot: Slot) -> Bool
    ) {
        var position = lowerBound(max(token, cursor?.token ?? 0))
        while let entry = entry(at: position), entry.token <= last {
            let isSeen = cursor.map { entry.token == $0.token && entry.slot.sequence <= $0.sequence } ?? false
            if !isSeen, !body(entry.token, entry.slot) { return }
            position = self.position(after: position)
        }
    }

    /// Adds a record; there must be none of this token and sequence. O(log n).
    mutating func insert(_ token: UInt64, _ slot: Slot) {
        var position = insertionPoint(token, sequence: slot.sequence)
        if branches[position.branch].leaves[position.leaf].tokens.count == Self.leafCapacity {
            split(&position)
        }
        Self.insert(token, slot, at: position.entry, in: &branches[position.branch].leaves[position.leaf])
        if position.entry == 0 {
            lowerFirst(of: position, to: token)
        }
        account(for: slot, sign: 1)
    }

    /// Puts another slot in the place of one of the same sequence.
    mutating func replace(at position: Position, with slot: Slot) {
        account(for: branches[position.branch].leaves[position.leaf].slots[position.entry], sign: -1)
        branches[position.branch].leaves[position.leaf].slots[position.entry] = slot
        account(for: slot, sign: 1)
    }

    /// Takes a record out, or returns `nil` where it is not there. O(log n).
    @discardableResult
    mutating func remove(_ token: UInt64, sequence: UInt64) -> Slot? {
        guard let position = position(of: token, sequence: sequence) else { return nil }
        let slot = branches[position.branch].leaves[position.leaf].slots.remove(at: position.entry)
        branches[position.branch].leaves[position.leaf].tokens.remove(at: position.entry)
        account(for: slot, sign: -1)
        mend(position)
        return slot
    }

    private mutating func account(for slot: Slot, sign: Int) {
        if slot.isDrop {
            dropCount += sign
        } else {
            usage.records += sign
            usage.bytes += sign * slot.byteCount
        }
    }
}

// MARK: - Places

extension TokenIndex {
    /// How many of the sorted words are below `token`.
    private static func countBelow(_ token: UInt64, in words: [UInt64]) -> Int {
        words.withUnsafeBufferPointer { words in
            var low = 0
            var count = words.count
            while count > 0 {
                let half = count / 2
                if words[low + half] < token {
                    low += half + 1
                    count -= half + 1
                } else {
                    count = half
                }
            }
            return low
        }
    }

    /// The same place, where it is behind the end of a leaf as the begin of the next one.
    private func normalized(_ position: Position) -> Position {
        var position = position
        while position.entry == branches[position.branch].leaves[position.leaf].tokens.count {
            if position.leaf + 1 < branches[position.branch].leaves.count {
                position = Position(branch: position.branch, leaf: position.leaf + 1, entry: 0)
            } else if position.branch + 1 < branches.count {
                position = Position(branch: position.branch + 1, leaf: 0, entry: 0)
            } else {
                break
            }
        }
        return position
    }

    /// Where a new entry goes: behind the entries of its token with lower sequences, and rather at the end of a leaf
    /// than before the first entry of the next.
    private func insertionPoint(_ token: UInt64, sequence: UInt64) -> Position {
        let branch = max(0, Self.countBelow(token, in: firsts) - 1)
        let leaf = max(0, Self.countBelow(token, in: branches[branch].firsts) - 1)
        let entry = Self.countBelow(token, in: branches[branch].leaves[leaf].tokens)
        var place = Position(branch: branch, leaf: leaf, entry: entry)
        while let next = self.entry(at: normalized(place)), next.token == token, next.slot.sequence < sequence {
            place = normalized(place)
            place.entry += 1
        }
        return place
    }
}

// MARK: - Shape

extension TokenIndex {
    private static func insert(_ token: UInt64, _ slot: Slot, at index: Int, in leaf: inout Leaf) {
        if leaf.tokens.count == leaf.tokens.capacity {
            // Grown by hand, since arrays double: half of the index would be air.
            leaf.tokens.reserveCapacity(leaf.tokens.count + growth)
        }
        if leaf.slots.count == leaf.slots.capacity {
            leaf.slots.reserveCapacity(leaf.slots.count + growth)
        }
        leaf.tokens.insert(token, at: index)
        leaf.slots.insert(slot, at: index)
    }

    /// Splits a full leaf, and moves the place with its entry.
    private mutating func split(_ position: inout Position) {
        let isLast =
            position.branch == branches.count - 1
            && position.leaf == branches[position.branch].leaves.count - 1
        let cut = isLast && position.entry == Self.leafCapacity ? Self.leafCapacity : Self.leafCapacity / 2
        let leaf = branches[position.branch].leaves[position.leaf]
        let upper = Leaf(tokens: Array(leaf.tokens[cut...]), slots: Array(leaf.slots[cut...]))
        let first = upper.tokens.first ?? leaf.tokens[cut - 1]
        if cut < Self.leafCapacity {
            branches[position.branch].leaves[position.leaf] = Leaf(
                tokens: Array(leaf.tokens[..<cut]), slots: Array(leaf.slots[..<cut]))
        }
        branches[position.branch].leaves.insert(upper, at: position.leaf + 1)
        branches[position.branch].firsts.insert(first, at: position.leaf + 1)
        if position.entry > cut || cut == Self.leafCapacity {
            position.leaf += 1
            position.entry -= cut
        }
        if branches[position.branch].leaves.count > Self.branchCapacity {
            splitBranch(&position)
        }
    }

    private mutating func splitBranch(_ position: inout Position) {
        let branch = branches[position.branch]
        let isLast = position.branch == branches.count - 1 && position.leaf == branch.leaves.count - 1
        let cut = isLast ? branch.leaves.count - 1 : branch.leaves.count / 2
        let upper = Branch(firsts: Array(branch.firsts[cut...]), leaves: Array(branch.leaves[cut...]))
        branches[position.branch] = Branch(
            firsts: Array(branch.firsts[..<cut]), leaves: Array(branch.leaves[..<cut]))
        firsts.insert(upper.firsts[0], at: position.branch + 1)
        branches.insert(upper, at: position.branch + 1)
        if position.leaf >= cut {
            position.branch += 1
            position.leaf -= cut
        }
    }

    /// Keeps the levels above true when an entry becomes the first of its leaf.
    private mutating func lowerFirst(of position: Position, to token: UInt64) {
        branches[position.branch].firsts[position.leaf] = token
        if position.leaf == 0 {
            firsts[position.branch] = token
        }
    }

    /// Takes an empty leaf away, and joins two neighbours that are half empty together.
    private mutating func mend(_ position: Position) {
        let count = branches[position.branch].leaves[position.leaf].tokens.count
        if count == 0 {
            removeLeaf(position.leaf, of: position.branch)
            return
        }
        let next = position.leaf + 1
        guard count < Self.leafCapacity / 4, next < branches[position.branch].leaves.count else { return }
        let neighbour = branches[position.branch].leaves[next]
        guard count + neighbour.tokens.count <= Self.leafCapacity / 2 else { return }
        branches[position.branch].leaves[position.leaf].tokens.append(contentsOf: neighbour.tokens)
        branches[position.branch].leaves[position.leaf].slots.append(contentsOf: neighbour.slots)
        removeLeaf(next, of: position.branch)
    }

    private mutating func removeLeaf(_ leaf: Int, of branch: Int) {
        if branches[branch].leaves.count > 1 {
            branches[branch].leaves.remove(at: leaf)
            branches[branch].firsts.remove(at: leaf)
            firsts[branch] = branches[branch].firsts[0]
        } else if branches.count > 1 {
            branches.remove(at: branch)
            firsts.remove(at: branch)
        }
    }
}
