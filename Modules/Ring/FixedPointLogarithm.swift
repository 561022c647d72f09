/// The base-2 logarithm in integers alone, so that every machine and every build places alike: a library's `log` may
/// differ in its last bit, and one bit can move a partition.
struct FixedPointLogarithm: Sendable {
    /// log2(1 + i / 1024) in units of 2^-32.
    private let table: [UInt64]
    private static let tableBits: UInt64 = 10

    static let shared = FixedPointLogarithm()

    private init() {
        table = (0...UInt64(1 << Self.tableBits)).map { index in
            // Squaring the mantissa doubles its logarithm: each time it passes 2, that is the next bit.
            var mantissa = (1 << 31) + (index << (31 - Self.tableBits))
            guard mantissa < 1 << 32 else { return 1 << 32 }
            var result: UInt64 = 0
            for _ in 0..<32 {
                mantissa = (mantissa * mantissa) >> 31
                result <<= 1
                if mantissa >= 1 << 32 {
                    mantissa >>= 1
                    result |= 1
                }
            }
            return result
        }
    }

    /// −log2(fraction / 2^64) in units of 2^-32, within 2^-22 and never rising with the fraction; the fraction 0 counts
    /// as 1. Below 2^38 + 1.
    @inline(__always)
    func negated(_ fraction: UInt64) -> UInt64 {
        let fraction = fraction | 1
        let zeros = UInt64(truncatingIfNeeded: fraction.leadingZeroBitCount)
        let mantissa = (fraction &<< zeros) &<< 1
        let index = Int(truncatingIfNeeded: mantissa &>> (64 &- Self.tableBits))
        let between = (mantissa &<< Self.tableBits) &>> 32
        let low = table[index]
        let logarithm = low &+ (((table[index + 1] &- low) &* between) &>> 32)
        return ((zeros &+ 1) &<< 32) &- logarithm
    }
}
