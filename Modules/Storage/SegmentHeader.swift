import Hashing
import Machine

/// The first 64 bytes of a segment: what it is, which one, and the nonce that seeds every check in it.
///
/// A block of another segment, or of an earlier life of the same blocks, has checks under another nonce and never reads
/// as valid.
struct SegmentHeader: Equatable, Sendable {
    static let byteCount = 64
    static let magic: UInt64 = 0x746f_7973_746f_7265  // "toystore"
    static let version: UInt32 = 1

    var number: UInt32
    var nonce: UInt64

    func encode(into buffer: inout ByteBuffer) {
        var header = ByteBuffer()
        header.reserveCapacity(Self.byteCount)
        header.writeMultipleIntegers(Self.magic, Self.version, number, nonce)
        header.writeRepeatingByte(0, count: 32)
        header.writeInteger(Checksum.of(header, seed: 0))
        buffer.writeBuffer(&header)
    }

    init(number: UInt32, nonce: UInt64) {
        self.number = number
        self.nonce = nonce
    }

    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard var header = buffer.readSlice(length: Self.byteCount) else { throw .truncated("segment header") }
        let checked = header.getSlice(at: header.readerIndex, length: Self.byteCount - 8) ?? ByteBuffer()
        let magic: UInt64 = try header.decodeInteger("segment magic")
        let version: UInt32 = try header.decodeInteger("segment version")
        number = try header.decodeInteger("segment number")
        nonce = try header.decodeInteger("segment nonce")
        _ = header.readSlice(length: 32)
        let check: UInt64 = try header.decodeInteger("segment check")
        guard magic == Self.magic else { throw .invalid("segment magic") }
        guard version == Self.version else { throw .invalid("segment version") }
        guard check == Checksum.of(checked, seed: 0) else { throw .invalid("segment check") }
    }
}
