import Machine

/// A running hash of everything that happened, in order: two runs that differ anywhere differ here.
struct TraceHash {
    /// The hash so far.
    private(set) var value: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// Takes in a word.
    mutating func mix(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        value = (product.high ^ product.low) &+ 0xe703_7ed1_a0b4_28db
    }

    /// Takes in bytes and their number.
    mutating func mix(_ bytes: ByteBuffer) {
        mix(UInt64(bytes.readableBytes))
        bytes.withUnsafeReadableBytes { bytes in
            var offset = 0
            while offset + 8 <= bytes.count {
                mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            var rest: UInt64 = 0
            while offset < bytes.count {
                rest = rest << 8 | UInt64(bytes[offset])
                offset += 1
            }
            mix(rest)
        }
    }
}
