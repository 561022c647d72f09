import Hashing
import Machine
import Testing

@Suite struct Murmur3Tests {
    @Test("The hash has SMHasher's verification value, over every length from 0 to 255")
    func verificationValue() {
        var hashes = ByteBuffer()
        for length in 0..<256 {
            let key = (0..<length).map { UInt8($0) }
            let hash = key.withUnsafeBytes { Murmur3.hash128($0, seed: UInt64(256 - length)) }
            hashes.writeInteger(hash.0, endianness: .little)
            hashes.writeInteger(hash.1, endianness: .little)
        }
        #expect(UInt32(truncatingIfNeeded: Murmur3.hash128(hashes).0) == 0x6384_BA69)
    }

    @Test(
        "Known texts have their known hashes",
        arguments: [
            ("", 0 as UInt64, 0 as UInt64),
            ("hello", 0xcbd8_a7b3_41bd_9b02, 0x5b1e_906a_48ae_1d19),
            ("hello, world", 0x342f_ac62_3a5e_bc8e, 0x4cdc_bc07_9642_414d),
            (
                "The quick brown fox jumps over the lazy dog.", 0xcd99_481f_9ee9_02c9, 0x695d_a1a3_8987_b6e7
            ),
        ])
    func knownTexts(text: String, first: UInt64, second: UInt64) {
        let hash = Murmur3.hash128(ByteBuffer(string: text))
        #expect(hash.0 == first)
        #expect(hash.1 == second)
    }

    @Test("A pointer, a span and a buffer of the same bytes have the same hash, at every alignment")
    func overloads() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
        for start in 0..<16 {
            for end in start...bytes.count {
                let expected = Array(bytes[start..<end]).withUnsafeBytes { Murmur3.hash128($0, seed: 7) }
                let unaligned = bytes.withUnsafeBytes { all in
                    Murmur3.hash128(UnsafeRawBufferPointer(rebasing: all[start..<end]), seed: 7)
                }
                let span = Murmur3.hash128(bytes[start..<end].span.bytes, seed: 7)
                let buffer = Murmur3.hash128(ByteBuffer(bytes: bytes[start..<end]), seed: 7)
                #expect(unaligned == expected && span == expected && buffer == expected)
            }
        }
    }

    @Test("All 64 bits of the seed count")
    func seeds() {
        let buffer = ByteBuffer(string: "seeded")
        let hashes = (0..<64).map { Checksum.of(buffer, seed: 1 << $0) }
        #expect(Set(hashes).count == 64)
    }

    @Test("A token is the first word of the hash, and tokens are ordered by value")
    func tokens() {
        let key = ByteBuffer(string: "hello")
        #expect(Token(key: key).value == 0xcbd8_a7b3_41bd_9b02)
        #expect(Token(value: 1) < Token(value: 2))
        #expect(!(Token(value: .max) < Token(value: 0)))
    }
}
