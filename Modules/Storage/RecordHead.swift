import Hashing
import Machine

/// The 56 bytes before each record's key and value.
///
/// The first check covers the rest of the head and the key, and is seeded with the segment's nonce and the record's
/// place, so that a
/// record is believed only where it was written; the second covers the value, is seeded with the sequence, and travels
/// with the record when compaction moves it.
struct RecordHead: Equatable, Sendable {
    static let byteCount = 56

    enum Kind: UInt8, Sendable {
        case put = 1
        case drop = 2
    }

    var check: UInt64 = 0
    var kind: Kind
    var space: Space
    var keyCount: Int
    var valueCount: Int
    var sequence: UInt64
    var token: UInt64
    var hash: UInt64
    var valueCheck: UInt64
    var oldest: UInt32
    var written: UInt32

    /// The bytes of the record in the log: head, key and value, up to a multiple of 8.
    var recordByteCount: Int { Self.recordByteCount(keyCount: keyCount, valueCount: valueCount) }

    static func recordByteCount(keyCount: Int, valueCount: Int) -> Int {
        (byteCount + keyCount + valueCount + 7) & ~7
    }

    /// What the checks at a place of a segment are seeded with.
    static func seed(nonce: UInt64, offset: Int) -> UInt64 {
        // An odd factor keeps the seeds of different places apart.
        nonce ^ (UInt64(truncatingIfNeeded: offset) &* 0x9e37_79b9_7f4a_7c15)
    }

    /// The check of a value.
    static func valueCheck(_ value: ByteBuffer, sequence: UInt64) -> UInt64 {
        Checksum.of(value, seed: sequence)
    }

    /// Writes head and key, and returns the check that now stands first.
    func encode(key: ByteBuffer, at offset: Int, nonce: UInt64, into writer: inout FieldWriter) -> UInt64 {
        let start = writer.byteCount
        writer.writeInteger(0 as UInt64)
        writer.writeInteger(kind.rawValue)
        writer.writeInteger(space.rawValue)
        writer.writeInteger(UInt16(truncatingIfNeeded: keyCount))
        writer.writeInteger(UInt32(truncatingIfNeeded: valueCount))
        writer.writeInteger(sequence)
        writer.writeInteger(token)
        writer.writeInteger(hash)
        writer.writeInteger(valueCheck)
        writer.writeInteger(oldest)
        writer.writeInteger(written)
        writer.writeBytes(key)
        let check = writer.withBytes(from: start + 8) { bytes in
            Checksum.of(bytes, seed: Self.seed(nonce: nonce, offset: offset))
        }
        writer.setInteger(check, at: start)
        return check
    }

    /// The head at `index` of a buffer, its form checked and its checks not; `nil` where no head can be.
    init?(in buffer: ByteBuffer, at index: Int) {
        let head: RecordHead? = buffer.withUnsafeReadableBytes { bytes in
            let start = index - buffer.readerIndex
            guard start >= 0, bytes.count - start >= Self.byteCount else { return nil }
            return RecordHead(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.byteCount]))
        }
        guard let head else { return nil }
        self = head
    }

    /// The head in these 56 bytes.
    private init?(_ bytes: UnsafeRawBufferPointer) {
        func field<Value: FixedWidthInteger>(_ offset: Int) -> Value {
            Value(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard let kind = Kind(rawValue: field(8)), let space = Space(rawValue: field(9)) else { return nil }
        check = field(0)
        self.kind = kind
        self.space = space
        keyCount = Int(field(10) as UInt16)
        valueCount = Int(field(12) as UInt32)
        (sequence, token, hash) = (field(16), field(24), field(32))
        (valueCheck, oldest, written) = (field(40), field(48), field(52))
        guard valueCount <= WriteBatch.valueByteLimit, sequence < Slot.sequenceLimit else { return nil }
    }

    init(
        kind: Kind, space: Space, keyCount: Int, valueCount: Int, sequence: UInt64, token: UInt64, hash: UInt64,
        valueCheck: UInt64, oldest: UInt32, written: UInt32
    ) {
        self.kind = kind
        self.space = space
        self.keyCount = keyCount
        self.valueCount = valueCount
        self.sequence = sequence
        self.token = token
        self.hash = hash
        self.valueCheck = valueCheck
        self.oldest = oldest
        self.written = written
    }

    /// Whether the head at `index` of the buffer, which lies at `offset` of its segment, is what was written there.
    func isIntact(in buffer: ByteBuffer, at index: Int, offset: Int, nonce: UInt64) -> Bool {
        buffer.withUnsafeReadableBytes { bytes in
            let start = index - buffer.readerIndex
            let range = start + 8..<start + Self.byteCount + keyCount
            return range.upperBound <= bytes.count
                && Checksum.of(
                    UnsafeRawBufferPointer(rebasing: bytes[range]), seed: Self.seed(nonce: nonce, offset: offset))
                    == check
        }
    }

    /// The key behind the head at `index`, as a slice.
    func key(in buffer: ByteBuffer, at index: Int) -> ByteBuffer? {
        buffer.getSlice(at: index + Self.byteCount, length: keyCount)
    }

    /// The value behind the key, as a slice, or `nil` where it is not what was written.
    func value(in buffer: ByteBuffer, at index: Int) -> ByteBuffer? {
        guard
            let value = buffer.getSlice(at: index + Self.byteCount + keyCount, length: valueCount),
            Self.valueCheck(value, sequence: sequence) == valueCheck || PlantedBug.valueIsNotChecked.isPlanted
        else { return nil }
        return value
    }
}
