public import Machine

/// MurmurHash3, the x64 variant of 128 bits (Austin Appleby, public domain; SMHasher's `MurmurHash3_x64_128`).
///
/// The hash that places keys and guards records. Fast and well spread, and the same on every machine; no defence
/// against somebody who chooses keys in order to collide.
public enum Murmur3 {
    /// The hash of some bytes, as its two words. No allocation; O(n).
    ///
    /// The seed fills both words of the state, so that a seed below 2^32 gives what the reference gives, and larger ones
    /// are distinct.
    public static func hash128(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> (UInt64, UInt64) {
        var first = seed
        var second = seed
        let count = bytes.count
        if let base = bytes.baseAddress {
            var offset = 0
            while count &- offset >= 16 {
                first ^= mixFirst(word(base, offset))
                first = rotate(first, 27) &+ second
                first = first &* 5 &+ 0x52dc_e729
                second ^= mixSecond(word(base, offset &+ 8))
                second = rotate(second, 31) &+ first
                second = second &* 5 &+ 0x3849_5ab5
                offset &+= 16
            }
            let rest = count &- offset
            if rest > 8 {
                second ^= mixSecond(partialWord(base, offset &+ 8, count: rest &- 8))
                first ^= mixFirst(word(base, offset))
            } else if rest == 8 {
                first ^= mixFirst(word(base, offset))
            } else if rest > 0 {
                first ^= mixFirst(partialWord(base, offset, count: rest))
            }
        }
        let length = UInt64(truncatingIfNeeded: count)
        first ^= length
        second ^= length
        first &+= second
        second &+= first
        first = finish(first)
        second = finish(second)
        first &+= second
        second &+= first
        return (first, second)
    }

    /// The hash of a span of bytes.
    @inlinable
    public static func hash128(_ bytes: RawSpan, seed: UInt64 = 0) -> (UInt64, UInt64) {
        bytes.withUnsafeBytes { hash128($0, seed: seed) }
    }

    /// The hash of a buffer's readable bytes.
    @inlinable
    public static func hash128(_ bytes: ByteBuffer, seed: UInt64 = 0) -> (UInt64, UInt64) {
        bytes.withUnsafeReadableBytes { hash128($0, seed: seed) }
    }

    /// The hash's finalizer alone: a bijection of 64 bits in which every bit of the input moves half of the output's.
    @inlinable
    package static func finish(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 33)) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ (mixed >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return mixed ^ (mixed >> 33)
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }

    @inline(__always)
    private static func mixFirst(_ word: UInt64) -> UInt64 {
        rotate(word &* 0x87c3_7b91_1142_53d5, 31) &* 0x4cf5_ad43_2745_937f
    }

    @inline(__always)
    private static func mixSecond(_ word: UInt64) -> UInt64 {
        rotate(word &* 0x4cf5_ad43_2745_937f, 33) &* 0x87c3_7b91_1142_53d5
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// `count` bytes (1…7) as a little-endian word: a few loads that overlap, in place of a loop over bytes.
    @inline(__always)
    private static func partialWord(_ base: UnsafeRawPointer, _ offset: Int, count: Int) -> UInt64 {
        func byte(_ index: Int) -> UInt64 {
            UInt64(base.loadUnaligned(fromByteOffset: offset &+ index, as: UInt8.self)) &<< UInt64(8 &* index)
        }
        func half(_ index: Int) -> UInt64 {
            let value = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset &+ index, as: UInt32.self))
            return UInt64(value) &<< UInt64(8 &* index)
        }
        if count >= 4 {
            return half(0) | half(count &- 4)
        }
        return byte(0) | byte(count &>> 1) | byte(count &- 1)
    }
}
