/// A set of dots without gaps: for each actor all of its dots from 1 up to a counter.
///
/// Kept as one sorted array, since a key has a handful of actors. Two vectors are equal exactly when they hold the same
/// dots.
public struct VersionVector: Hashable, Sendable {
    /// The newest dot of each actor, sorted by actor; no actor twice.
    public private(set) var entries: [Dot]

    /// The vector that holds no dot.
    public init() {
        entries = []
    }

    /// The vector with these newest dots, in any order; of two dots of one actor the later counts.
    public init(_ newest: some Sequence<Dot>) {
        self.init()
        for dot in newest {
            raise(dot.actor, to: dot.counter)
        }
    }

    /// The vector with entries that are sorted by actor, no actor twice.
    init(sorted entries: [Dot]) {
        self.entries = entries
    }

    /// The number of actors.
    public var count: Int { entries.count }

    /// Whether the vector holds no dot.
    public var isEmpty: Bool { entries.isEmpty }

    /// The counter up to which all dots of `actor` are in the vector; 0 where none is. O(log n).
    public subscript(actor: ActorID) -> UInt64 {
        let index = position(of: actor)
        return index < entries.count && entries[index].actor == actor ? entries[index].counter : 0
    }

    /// Whether the dot is in the vector. O(log n).
    public func contains(_ dot: Dot) -> Bool {
        dot.counter <= self[dot.actor]
    }

    /// Whether every dot of `other` is in this vector, as every vector's are in itself. O(n + m).
    public func dominates(_ other: VersionVector) -> Bool {
        guard other.entries.count <= entries.count else { return false }
        var index = 0
        for entry in other.entries {
            while index < entries.count, entries[index].actor < entry.actor {
                index += 1
            }
            guard index < entries.count, entries[index].actor == entry.actor, entries[index].counter >= entry.counter
            else { return false }
            index += 1
        }
        return true
    }

    /// Adds every dot of `other`. O(n + m); allocates only where `other` brings an actor.
    public mutating func merge(_ other: VersionVector) {
        var index = 0
        for (offset, entry) in other.entries.enumerated() {
            while index < entries.count, entries[index].actor < entry.actor {
                index += 1
            }
            guard index < entries.count, entries[index].actor == entry.actor else {
                rebuild(from: index, with: other.entries[offset...])
                return
            }
            if entries[index].counter < entry.counter {
                entries[index] = entry
            }
            index += 1
        }
    }

    /// Adds all dots of `actor` up to `counter`.
    mutating func raise(_ actor: ActorID, to counter: UInt64) {
        let index = position(of: actor)
        if index < entries.count, entries[index].actor == actor {
            if entries[index].counter < counter {
                entries[index] = Dot(actor: actor, counter: counter)
            }
        } else if counter > 0 {
            entries.insert(Dot(actor: actor, counter: counter), at: index)
        }
    }

    /// The place of the first entry whose actor is not before `actor`.
    private func position(of actor: ActorID) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].actor < actor {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The rest of a merge once an actor is missing: entries before `start` are merged already.
    private mutating func rebuild(from start: Int, with others: ArraySlice<Dot>) {
        var merged: [Dot] = []
        merged.reserveCapacity(entries.count + others.count)
        merged.append(contentsOf: entries[..<start])
        var mine = entries[start...]
        var theirs = others
        while let left = mine.first, let right = theirs.first {
            if left.actor == right.actor {
                merged.append(max(left, right))
                mine.removeFirst()
                theirs.removeFirst()
            } else if left < right {
                merged.append(left)
                mine.removeFirst()
            } else {
                merged.append(right)
                theirs.removeFirst()
            }
        }
        merged.append(contentsOf: mine)
        merged.append(contentsOf: theirs)
        entries = merged
    }
}

extension VersionVector: CustomStringConvertible {
    /// The newest dot of each actor, as `{a1b2c3d4/7:12}`.
    public var description: String {
        "{\(entries.map(\.description).joined(separator: ", "))}"
    }
}
