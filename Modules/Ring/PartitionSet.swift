/// A set of partitions as a bitmap: what a member says that it holds.
public struct PartitionSet: Hashable, Sendable {
    /// How many partitions there are, in the set or not: a power of two up to 65,536.
    public let capacity: Int
    /// Bit `i` of word `w` is partition `64 w + i`; the bits beyond the capacity are zero.
    var words: [UInt64]

    /// The empty set. `partitions` must be a number that ``RingConfiguration`` takes.
    public static func none(of partitions: Int) -> PartitionSet {
        PartitionSet(capacity: partitions, filledWith: 0)
    }

    /// The set of all partitions. `partitions` must be a number that ``RingConfiguration`` takes.
    public static func all(of partitions: Int) -> PartitionSet {
        PartitionSet(capacity: partitions, filledWith: .max)
    }

    private init(capacity: Int, filledWith word: UInt64) {
        precondition(
            RingConfiguration.partitionLimits.contains(capacity) && capacity.nonzeroBitCount == 1,
            "a ring of \(capacity) partitions")
        self.capacity = capacity
        let lastBits: UInt64 = capacity < 64 ? (1 << UInt64(capacity)) - 1 : .max
        words = [UInt64](repeating: word & lastBits, count: Swift.max(1, capacity / 64))
    }

    /// How many partitions are in the set; O(capacity / 64).
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether no partition is in the set.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Whether every partition is in the set.
    public var isFull: Bool { count == capacity }

    /// Whether a partition is in the set; one beyond the capacity never is.
    public func contains(_ partition: PartitionID) -> Bool {
        let index = Int(partition.index)
        return index < capacity && words[index >> 6] & Self.bit(index) != 0
    }

    /// Adds a partition; `false` where it was there already, or lies beyond the capacity.
    @discardableResult
    public mutating func insert(_ partition: PartitionID) -> Bool {
        let index = Int(partition.index)
        guard index < capacity, words[index >> 6] & Self.bit(index) == 0 else { return false }
        words[index >> 6] |= Self.bit(index)
        return true
    }

    /// Takes a partition out; `false` where it was not there.
    @discardableResult
    public mutating func remove(_ partition: PartitionID) -> Bool {
        guard contains(partition) else { return false }
        words[Int(partition.index) >> 6] &= ~Self.bit(Int(partition.index))
        return true
    }

    private static func bit(_ index: Int) -> UInt64 { 1 << UInt64(index & 63) }
}

extension PartitionSet: Sequence {
    /// Walks the partitions in ascending order, a word at a time.
    public struct Iterator: IteratorProtocol {
        private let words: [UInt64]
        private var position = 0
        private var rest: UInt64

        fileprivate init(_ words: [UInt64]) {
            self.words = words
            rest = words.first ?? 0
        }

        /// The next partition.
        public mutating func next() -> PartitionID? {
            while rest == 0 {
                position += 1
                guard position < words.count else { return nil }
                rest = words[position]
            }
            defer { rest &= rest - 1 }
            return PartitionID(index: UInt32(64 * position + rest.trailingZeroBitCount))
        }
    }

    /// The partitions in ascending order.
    public func makeIterator() -> Iterator { Iterator(words) }

    /// A lower bound on the number of elements, which is all that a sequence promises.
    public var underestimatedCount: Int { count }
}
