import Hashing
import Machine

/// The 24 bytes before a batch's records.
struct BatchHeader: Equatable, Sendable {
    static let byteCount = 24
    static let magic: UInt32 = 0x7462_6174  // "tbat"

    /// The bytes of the records behind it.
    var recordByteCount: Int
    /// The number of records.
    var recordCount: Int
    /// Up to where the segment was durable when the batch was written: damage before that is no torn tail.
    var durable: UInt32
    /// Covers the fields before it and each record's first check, so that every byte is hashed once.
    var check: UInt64

    /// The header at `index`, its form checked and its check not; `nil` where none can be.
    init?(in buffer: ByteBuffer, at index: Int) {
        typealias Fields = (UInt32, UInt32, UInt32, UInt32, UInt64)
        guard
            let (magic, bytes, count, durable, check) = buffer.getMultipleIntegers(at: index, as: Fields.self),
            magic == Self.magic, bytes % 8 == 0, bytes <= UInt32(WriteBatch.byteLimit), count > 0,
            Int(count) * RecordHead.byteCount <= Int(bytes)
        else { return nil }
        recordByteCount = Int(bytes)
        recordCount = Int(count)
        self.durable = durable
        self.check = check
    }
}

/// Makes a batch's bytes: one piece for what is small, and the large values as they are, without a copy.
struct BatchEncoder: Sendable {
    /// Values from this length on travel as pieces of their own.
    static let pieceThreshold = 16 << 10

    private var scratch = ByteBuffer()
    private var checks = BatchChecks()
    private var cuts: [(index: Int, value: ByteBuffer)] = []
    private var offset = 0
    private var start = 0
    private var nonce: UInt64 = 0
    private(set) var recordCount = 0

    init() {}

    /// The bytes of the batch so far, its header included.
    var byteCount: Int { offset - start }

    /// Begins a batch at a place of a segment.
    mutating func begin(at offset: Int, nonce: UInt64) {
        if scratch.capacity > 4 << 20 {
            // One huge batch is no reason to keep its memory.
            scratch = ByteBuffer()
            checks = BatchChecks()
        }
        scratch.clear()
        checks.removeAll()
        cuts.removeAll(keepingCapacity: true)
        recordCount = 0
        start = offset
        self.offset = offset + BatchHeader.byteCount
        self.nonce = nonce
        scratch.writeRepeatingByte(0, count: BatchHeader.byteCount)
    }

    /// Adds a record and returns where it lies in the segment.
    mutating func add(_ head: RecordHead, key: ByteBuffer, value: ByteBuffer) -> Int {
        let place = offset
        let byteCount = head.recordByteCount
        let padding = byteCount - RecordHead.byteCount - head.keyCount - head.valueCount
        let scratchByteCount = scratch.writerIndex
        let isCut = value.readableBytes >= Self.pieceThreshold
        scratch.writeFields(byteLimit: isCut ? byteCount - head.valueCount : byteCount) { writer in
            checks.append(head.encode(key: key, at: place, nonce: nonce, into: &writer))
            if isCut {
                cuts.append((scratchByteCount + writer.byteCount, value))
            } else {
                writer.writeBytes(value)
            }
            writer.writeZeros(padding)
        }
        offset += byteCount
        recordCount += 1
        return place
    }

    /// Ends the batch: its bytes in pieces. `durable` is up to where the segment is on the disk.
    mutating func finish(durable: Int) -> [ByteBuffer] {
        let recordByteCount = offset - start - BatchHeader.byteCount
        let seed = RecordHead.seed(nonce: nonce, offset: start)
        scratch.withUnsafeMutableReadableBytes { bytes in
            var writer = FieldWriter(over: bytes)
            writer.writeInteger(BatchHeader.magic)
            writer.writeInteger(UInt32(truncatingIfNeeded: recordByteCount))
            writer.writeInteger(UInt32(truncatingIfNeeded: recordCount))
            writer.writeInteger(UInt32(truncatingIfNeeded: durable))
            writer.writeInteger(writer.withBytes(from: 0) { checks.check(behind: $0, seed: seed) })
        }
        guard !cuts.isEmpty else { return [scratch] }
        var pieces: [ByteBuffer] = []
        var index = 0
        for cut in cuts {
            pieces.append(scratch.getSlice(at: index, length: cut.index - index) ?? ByteBuffer())
            pieces.append(cut.value)
            index = cut.index
        }
        if index < scratch.writerIndex {
            pieces.append(scratch.getSlice(at: index, length: scratch.writerIndex - index) ?? ByteBuffer())
        }
        cuts.removeAll(keepingCapacity: true)
        return pieces
    }
}

/// The first checks of a batch's records, in their order: what the batch's own check covers.
struct BatchChecks: Sendable {
    private var words: [UInt64] = []

    mutating func reserve(_ count: Int) {
        words.reserveCapacity(count)
    }

    mutating func append(_ check: UInt64) {
        words.append(check.bigEndian)
    }

    mutating func removeAll() {
        words.removeAll(keepingCapacity: true)
    }

    /// The check of a batch whose header begins with these 16 bytes.
    func check(behind fields: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let seed = Checksum.of(fields, seed: seed)
        return words.withUnsafeBytes { Checksum.of($0, seed: seed) }
    }
}
