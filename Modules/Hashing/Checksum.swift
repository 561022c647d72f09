public import Machine

/// The check on records and batches: the first word of a seeded Murmur3.
///
/// Against accidents, not adversaries. A seed that differs for each file keeps a stale block that is found in another
/// file from reading as a valid one.
public enum Checksum {
    /// The checksum of some bytes. No allocation; O(n).
    @inlinable
    public static func of(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        Murmur3.hash128(bytes, seed: seed).0
    }

    /// The checksum of a span of bytes.
    @inlinable
    public static func of(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
        Murmur3.hash128(bytes, seed: seed).0
    }

    /// The checksum of a buffer's readable bytes.
    @inlinable
    public static func of(_ bytes: ByteBuffer, seed: UInt64) -> UInt64 {
        Murmur3.hash128(bytes, seed: seed).0
    }
}
