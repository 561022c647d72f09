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
        guard
            buffer.getInteger(at: index, as: UInt32.self) == Self.magic,
            let bytes = buffer.getInteger(at: index + 4, as: UInt32.self),
            let count = buffer.getInteger(at: index + 8, as: UInt32.self),
            let durable = buffer.getInteger(at: index + 12, as: UInt32.self),
            let check = buffer.getInteger(at: index + 16, as: UInt64.self),
            bytes % 8 == 0, bytes <= UInt32(WriteBatch.byteLimit), count > 0,
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
    private var checks = ByteBuffer()
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
            checks = ByteBuffer()
        }
        scratch.clear()
        checks.clear()
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
        checks.writeInteger(head.encode(key: key, at: place, nonce: nonce, into: &scratch))
        if value.readableBytes >= Self.pieceThreshold {
            cuts.append((scratch.writerIndex, value))
        } else {
            scratch.writeImmutableBuffer(value)
        }
        let byteCount = head.recordByteCount
        let padding = byteCount - RecordHead.byteCount - head.keyCount - head.valueCount
        scratch.writeRepeatingByte(0, count: padding)
        offset += byteCount
        recordCount += 1
        return place
    }

    /// Ends the batch: its bytes in pieces. `durable` is up to where the segment is on the disk.
    mutating func finish(durable: Int) -> [ByteBuffer] {
        let recordByteCount = offset - start - BatchHeader.byteCount
        scratch.setInteger(BatchHeader.magic, at: 0)
        scratch.setInteger(UInt32(truncatingIfNeeded: recordByteCount), at: 4)
        scratch.setInteger(UInt32(truncatingIfNeeded: recordCount), at: 8)
        scratch.setInteger(UInt32(truncatingIfNeeded: durable), at: 12)
        let check = Self.check(scratch, checks: checks, seed: RecordHead.seed(nonce: nonce, offset: start))
        scratch.setInteger(check, at: 16)
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

    /// The check of a batch whose header begins at the buffer's first byte.
    static func check(_ header: ByteBuffer, checks: ByteBuffer, seed: UInt64) -> UInt64 {
        let fields = header.withUnsafeReadableBytes { bytes in
            Checksum.of(UnsafeRawBufferPointer(rebasing: bytes.prefix(16)), seed: seed)
        }
        return Checksum.of(checks, seed: fields)
    }
}
