import Machine

/// What the index keeps for one record beside its token: 28 bytes, so that an entry takes 36 whatever its key's length.
///
/// Words of 32 bits throughout: a field of 64 would pad the whole to 32.
struct Slot: Equatable, Sendable {
    private var hashHigh: UInt32
    private var hashLow: UInt32
    private var sequenceLow: UInt32
    private var sequenceHigh: UInt16
    /// How many segments back the oldest one lies that may hold a record of this key; 65,535 means any.
    private var oldestDistance: UInt16
    /// The segment that the record is in.
    private(set) var segment: UInt32
    /// Where it begins there, in units of 8 bytes.
    private var offsetUnits: UInt32
    /// Its length in units of 8 bytes, and in the top bit whether it is a drop.
    private var sizeUnits: UInt32

    /// Sequences stay below 2^48: 89 years at 100,000 writes a second.
    static let sequenceLimit: UInt64 = 1 << 48

    /// The slot of a record with a value.
    init(hash: UInt64, sequence: UInt64, segment: UInt32, offset: Int, byteCount: Int, oldest: UInt32) {
        self.init(word: hash, sequence: sequence, segment: segment, offset: offset, byteCount: byteCount)
        let distance = segment >= oldest ? segment - oldest : 0
        oldestDistance = distance < 0xffff ? UInt16(distance) : 0xffff
    }

    /// The slot of a drop, which has no hash and needs its whole range of segments in its place: `oldest…written` are
    /// those that may hold a record that the drop hides.
    init(dropWritten written: UInt32, oldest: UInt32, sequence: UInt64, segment: UInt32, offset: Int, byteCount: Int) {
        let range = UInt64(oldest) << 32 | UInt64(written)
        self.init(word: range, sequence: sequence, segment: segment, offset: offset, byteCount: byteCount)
        sizeUnits |= 0x8000_0000
    }

    private init(word: UInt64, sequence: UInt64, segment: UInt32, offset: Int, byteCount: Int) {
        hashHigh = UInt32(truncatingIfNeeded: word >> 32)
        hashLow = UInt32(truncatingIfNeeded: word)
        sequenceHigh = UInt16(truncatingIfNeeded: sequence >> 32)
        sequenceLow = UInt32(truncatingIfNeeded: sequence)
        oldestDistance = 0
        self.segment = segment
        offsetUnits = UInt32(truncatingIfNeeded: offset / 8)
        sizeUnits = UInt32(truncatingIfNeeded: byteCount / 8)
    }

    /// What the writer gave to compare records by; for a drop its range of segments.
    var hash: UInt64 { UInt64(hashHigh) << 32 | UInt64(hashLow) }
    var sequence: UInt64 { UInt64(sequenceHigh) << 32 | UInt64(sequenceLow) }
    var offset: Int { Int(offsetUnits) * 8 }
    var byteCount: Int { Int(sizeUnits & 0x7fff_ffff) * 8 }
    var isDrop: Bool { sizeUnits & 0x8000_0000 != 0 }

    /// The oldest segment that may hold a record of this key.
    var oldest: UInt32 {
        if isDrop { return hashHigh }
        return oldestDistance == 0xffff ? 0 : segment - min(segment, UInt32(oldestDistance))
    }

    /// For a drop: the segment that it was written to first; no newer one holds a record that it hides.
    var written: UInt32 { hashLow }

    /// The same record at another place.
    func moved(to segment: UInt32, offset: Int, oldest: UInt32) -> Slot {
        isDrop
            ? Slot(
                dropWritten: written, oldest: oldest, sequence: sequence, segment: segment, offset: offset,
                byteCount: byteCount)
            : Slot(
                hash: hash, sequence: sequence, segment: segment, offset: offset, byteCount: byteCount, oldest: oldest)
    }

    func entry(token: UInt64) -> IndexEntry {
        IndexEntry(token: token, hash: hash, sequence: sequence, byteCount: byteCount)
    }
}

extension Slot {
    /// The bytes of a slot in a checkpoint.
    static let encodedByteCount = 28

    func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            hashHigh, hashLow, sequenceLow, sequenceHigh, oldestDistance, segment, offsetUnits, sizeUnits)
    }

    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard
            let fields = buffer.readMultipleIntegers(
                as: (UInt32, UInt32, UInt32, UInt16, UInt16, UInt32, UInt32, UInt32).self)
        else { throw .truncated("slot") }
        (hashHigh, hashLow, sequenceLow, sequenceHigh, oldestDistance, segment, offsetUnits, sizeUnits) = fields
    }
}
