public import Machine

/// A key's place in the 64-bit token space: the first word of its Murmur3 hash.
@frozen
public struct Token: Hashable, Sendable {
    /// The place.
    public let value: UInt64

    /// The token with this value.
    @inlinable
    public init(value: UInt64) {
        self.value = value
    }

    /// The token of a key: the same in every process and every release.
    @inlinable
    public init(key: ByteBuffer) {
        self.init(value: Murmur3.hash128(key).0)
    }
}

extension Token: Comparable {
    /// Tokens are ordered by value.
    @inlinable
    public static func < (left: Token, right: Token) -> Bool { left.value < right.value }
}
