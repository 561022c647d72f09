/// Some of the replicas of one request, by their places in its list: a set of up to 64 small numbers in one word.
///
/// Counting a quorum is then a few instructions on words, and allocates nothing.
@frozen
public struct PositionSet: Hashable, Sendable {
    /// Bit i is set where position i is in the set.
    public var bits: UInt64

    /// The most replicas, fallbacks among them, that one request deals with.
    public static let capacity = 64

    /// The set with these bits.
    @inlinable
    public init(bits: UInt64 = 0) {
        self.bits = bits
    }

    /// The positions 0 ..< `count`; `count` is at most 64.
    @inlinable
    public init(first count: Int) {
        bits = count >= 64 ? .max : (1 << UInt64(count)) - 1
    }

    /// The set of one position.
    @inlinable
    public init(_ position: Int) {
        bits = 1 << UInt64(position)
    }

    /// The number of positions in the set.
    @inlinable
    public var count: Int { bits.nonzeroBitCount }

    /// Whether no position is in the set.
    @inlinable
    public var isEmpty: Bool { bits == 0 }

    /// The lowest position.
    @inlinable
    public var first: Int? { bits == 0 ? nil : bits.trailingZeroBitCount }

    /// Whether the position is in the set; `false` for what is no position.
    @inlinable
    public func contains(_ position: Int) -> Bool {
        position >= 0 && position < Self.capacity && bits & (1 << UInt64(position)) != 0
    }

    /// Adds a position.
    @inlinable
    public mutating func insert(_ position: Int) {
        bits |= 1 << UInt64(position)
    }

    /// Takes a position out.
    @inlinable
    public mutating func remove(_ position: Int) {
        bits &= ~(1 << UInt64(position))
    }

    /// Takes the lowest position out.
    @inlinable
    public mutating func popFirst() -> Int? {
        guard let first else { return nil }
        bits &= bits - 1
        return first
    }

    /// What is in either.
    @inlinable
    public static func | (left: PositionSet, right: PositionSet) -> PositionSet {
        PositionSet(bits: left.bits | right.bits)
    }

    /// What is in both.
    @inlinable
    public static func & (left: PositionSet, right: PositionSet) -> PositionSet {
        PositionSet(bits: left.bits & right.bits)
    }

    /// What is in the left one only.
    @inlinable
    public static func - (left: PositionSet, right: PositionSet) -> PositionSet {
        PositionSet(bits: left.bits & ~right.bits)
    }
}

extension PositionSet: Sequence {
    /// Positions in rising order.
    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline var rest: PositionSet

        @inlinable
        init(rest: PositionSet) {
            self.rest = rest
        }

        /// The next higher position.
        @inlinable
        public mutating func next() -> Int? {
            rest.popFirst()
        }
    }

    /// Positions in rising order.
    @inlinable
    public func makeIterator() -> Iterator {
        Iterator(rest: self)
    }
}

extension PositionSet: ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The set of the given positions.
    public init(arrayLiteral positions: Int...) {
        self.init()
        for position in positions {
            insert(position)
        }
    }

    /// As `{0, 2}`.
    public var description: String {
        "{" + map(String.init).joined(separator: ", ") + "}"
    }
}
