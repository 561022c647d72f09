import Machine
import Wire

/// Bytes from hexadecimal digits; spaces are for the eye.
func bytes(_ hexadecimal: String) -> ByteBuffer {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    var buffer = ByteBuffer()
    for index in stride(from: 0, to: digits.count - 1, by: 2) {
        buffer.writeInteger(UInt8(digits[index] << 4 | digits[index + 1]))
    }
    return buffer
}

/// The bytes that a value encodes to.
func encoded(_ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    write(&buffer)
    return buffer
}

/// Tries a decoder on every truncation of good bytes, and on many with a few bytes changed: each must give a value or a
/// failure, and a value that fills its bytes must encode to the same ones again where `reencode` is given.
func hammer(
    _ good: ByteBuffer, seed: UInt64, rounds: Int = 3000,
    decode: (inout ByteBuffer) throws(DecodingFailure) -> ByteBuffer?
) -> Bool {
    var isCanonical = true
    func attempt(_ candidate: ByteBuffer) -> Bool {
        var rest = candidate
        do throws(DecodingFailure) {
            guard let again = try decode(&rest) else { return true }
            var consumed = candidate
            consumed.moveWriterIndex(to: candidate.writerIndex - rest.readableBytes)
            if again != consumed {
                isCanonical = false
            }
            return true
        } catch {
            return false
        }
    }
    for length in 0..<good.readableBytes {
        var cut = good
        cut.moveWriterIndex(to: good.readerIndex + length)
        if attempt(cut) {
            return false
        }
    }
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<rounds {
        var candidate = good
        for _ in 0...generator.below(3) {
            let place = candidate.readerIndex + Int(generator.below(UInt64(candidate.readableBytes)))
            candidate.setInteger(UInt8(truncatingIfNeeded: generator.next()), at: place)
        }
        _ = attempt(candidate)
    }
    return attempt(good) && isCanonical
}
