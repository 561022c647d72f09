public import Machine

/// MD5 (RFC 1321): the hash that Dynamo's paper places keys with (section 4.3).
///
/// Here for comparison with systems that use it, and for what must match their placement. It is broken as a
/// cryptographic hash; nothing may rely on it against an adversary.
public enum MD5 {
    /// The 128 bits of an MD5 hash, in the order in which they are printed.
    @frozen
    public struct Digest: Hashable, Sendable {
        /// The first eight bytes, big-endian.
        public let high: UInt64
        /// The last eight bytes, big-endian.
        public let low: UInt64
    }

    /// The hash of some bytes. No allocation; O(n).
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var state = State()
        var rest = bytes
        while rest.count >= blockByteCount {
            state.absorb(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[blockByteCount...])
        }
        // The tail, a single one bit, zeros, and the length in bits: one block, or two where the length finds no room.
        let blocks = rest.count < blockByteCount - 8 ? 1 : 2
        return withUnsafeTemporaryAllocation(byteCount: 2 * blockByteCount, alignment: 8) { padded in
            padded.initializeMemory(as: UInt8.self, repeating: 0)
            padded.copyMemory(from: rest)
            padded[rest.count] = 0x80
            let bitCount = UInt64(truncatingIfNeeded: bytes.count) &* 8
            padded.storeBytes(of: bitCount.littleEndian, toByteOffset: blocks * blockByteCount - 8, as: UInt64.self)
            for block in 0..<blocks {
                state.absorb(UnsafeRawBufferPointer(rebasing: padded[(block * blockByteCount)...]))
            }
            return state.digest
        }
    }

    /// The hash of a span of bytes.
    @inlinable
    public static func hash(_ bytes: RawSpan) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The hash of a buffer's readable bytes.
    @inlinable
    public static func hash(_ bytes: ByteBuffer) -> Digest {
        bytes.withUnsafeReadableBytes { hash($0) }
    }

    static let blockByteCount = 64

    private struct State {
        var a: UInt32 = 0x6745_2301
        var b: UInt32 = 0xefcd_ab89
        var c: UInt32 = 0x98ba_dcfe
        var d: UInt32 = 0x1032_5476

        /// Takes the first 64 bytes of `block`.
        mutating func absorb(_ block: UnsafeRawBufferPointer) {
            var (a, b, c, d) = (a, b, c, d)
            for step in 0..<64 {
                let mixed: UInt32
                let word: Int
                switch step >> 4 {
                case 0: (mixed, word) = ((b & c) | (~b & d), step)
                case 1: (mixed, word) = ((d & b) | (~d & c), (5 * step + 1) & 15)
                case 2: (mixed, word) = (b ^ c ^ d, (3 * step + 5) & 15)
                default: (mixed, word) = (c ^ (b | ~d), (7 * step) & 15)
                }
                let input = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 4 * word, as: UInt32.self))
                let sum = a &+ mixed &+ MD5.sines[step] &+ input
                let shift = MD5.shifts[(step >> 4) << 2 | (step & 3)]
                (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
            }
            self.a &+= a
            self.b &+= b
            self.c &+= c
            self.d &+= d
        }

        var digest: Digest {
            Digest(
                high: UInt64(a.byteSwapped) << 32 | UInt64(b.byteSwapped),
                low: UInt64(c.byteSwapped) << 32 | UInt64(d.byteSwapped))
        }
    }

    /// The rotations of RFC 1321, four for each of the four rounds.
    private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

    /// The whole part of 2^32 · |sin(step + 1)|, by RFC 1321.
    private static let sines: [UInt32] = [
        0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a,
        0xa830_4613, 0xfd46_9501, 0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be,
        0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821, 0xf61e_2562, 0xc040_b340,
        0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
        0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8,
        0x676f_02d9, 0x8d2a_4c8a, 0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c,
        0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70, 0x289b_7ec6, 0xeaa1_27fa,
        0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
        0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92,
        0xffef_f47d, 0x8584_5dd1, 0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1,
        0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
    ]
}

extension MD5.Digest: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits, as `md5sum` prints them.
    public var description: String { NodeID(high: high, low: low).description }
}
