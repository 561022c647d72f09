/// When a write was made, for last-write-wins and for people: 48 bits of wall milliseconds and 16 bits of a counter.
///
/// It never decides causality. As one word it compares, hashes and travels like an integer (hybrid logical clocks,
/// Kulkarni et al. 2014, in the packed form of section 6.2). Milliseconds last until the year 10889.
@frozen
public struct HybridTimestamp: Hashable, Sendable {
    /// The milliseconds in the upper 48 bits, the counter in the lower 16.
    public let rawValue: UInt64

    /// The earliest timestamp; a clock never gives it.
    public static let zero = HybridTimestamp(rawValue: 0)

    /// The largest number of milliseconds that a timestamp holds.
    public static let millisecondLimit: UInt64 = (1 << 48) - 1

    /// The timestamp of this word.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The timestamp at a wall time in milliseconds since 1970, at most ``millisecondLimit``, larger ones being taken
    /// for it.
    @inlinable
    public init(milliseconds: UInt64, counter: UInt16 = 0) {
        rawValue = min(milliseconds, Self.millisecondLimit) << 16 | UInt64(counter)
    }

    /// Wall milliseconds since 1970.
    @inlinable
    public var milliseconds: UInt64 { rawValue >> 16 }

    /// What tells the writes of one millisecond apart.
    @inlinable
    public var counter: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}

extension HybridTimestamp: Comparable {
    /// Orders by milliseconds, then by counter.
    @inlinable
    public static func < (left: HybridTimestamp, right: HybridTimestamp) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension HybridTimestamp: CustomStringConvertible {
    /// Milliseconds and counter, as `1763800000000.3`.
    public var description: String { "\(milliseconds).\(counter)" }
}
