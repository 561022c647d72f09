public import Machine

/// Many small entries in one compressed, checksummed container: what transfers and snapshots of state travel in.
///
/// | bytes | field |
/// |---|---|
/// | 4 | magic `TOYZ` |
/// | 1 | format, 1 |
/// | 4 | byte count of the entries, uncompressed |
/// | 4 | CRC-32 of these bytes |
/// | 4 | byte count of the compressed bytes |
/// | … | raw DEFLATE (RFC 1951, zlib's level 1) of the entries, each behind its length as a varint |
///
/// Entries have one form; their compression does not (another build of zlib may choose other bytes), so that a batch is
/// compared by its entries or its checksum. Decoding allocates once, after the size was checked against the limit and
/// against what the compressed bytes can hold at most.
public struct ZlibBatch: Hashable, Sendable {
    /// The entries in order. After decoding they are slices of one buffer: copy what is kept alone.
    public var entries: [ByteBuffer]

    /// A batch of these entries.
    public init(entries: [ByteBuffer] = []) {
        self.entries = entries
    }

    /// `TOYZ`.
    public static let magic: UInt32 = 0x544f_595a
    /// The format that this build writes and reads.
    public static let format: UInt8 = 1
    /// The most uncompressed bytes that are taken unless the caller says otherwise: 16 MiB. The most at all is 1 GiB.
    public static let defaultByteLimit = 16 << 20
    /// The most entries of a batch where nothing else is said.
    public static let defaultEntryLimit = 1 << 16

    private static let greatestByteLimit = 1 << 30
    /// DEFLATE makes of one byte at most 1,032 (zlib's technical details); some slack for the shortest streams.
    private static let mostExpansion = 1032
    private static let expansionSlack = 64

    /// The bytes that the entries take uncompressed: what a decoder's limit is about.
    public var uncompressedByteCount: Int {
        entries.reduce(0) { $0 + ByteBuffer.varintByteCount(UInt64($1.readableBytes)) + $1.readableBytes }
    }

    /// Writes the container. Time and space are linear in the entries; some 10 ns a byte.
    ///
    /// The entries together must be below 1 GiB: it is the sender that cuts its batches.
    public func encode(into buffer: inout ByteBuffer) {
        let byteCount = uncompressedByteCount
        precondition(byteCount <= Self.greatestByteLimit, "a batch of \(byteCount) bytes")
        var plain = ByteBuffer()
        plain.reserveCapacity(byteCount)
        for entry in entries {
            plain.writePrefixed(entry)
        }
        let compressed = Deflate.compress(plain)
        buffer.writeMultipleIntegers(
            Self.magic, Self.format, UInt32(plain.readableBytes), Deflate.checksum(of: plain),
            UInt32(compressed.readableBytes))
        buffer.writeImmutableBuffer(compressed)
    }

    /// Reads a container of at most `entryLimit` entries, which may have `byteLimit` bytes uncompressed, lengths
    /// included.
    ///
    /// Fails with `tooLarge` before anything is allocated, and with `invalid` where the checksum does not hold.
    public init(
        decoding buffer: inout ByteBuffer, byteLimit: Int = Self.defaultByteLimit,
        entryLimit: Int = Self.defaultEntryLimit
    ) throws(DecodingFailure) {
        guard try buffer.decodeInteger(as: UInt32.self, "batch magic") == Self.magic else {
            throw .invalid("batch magic")
        }
        guard try buffer.decodeInteger(as: UInt8.self, "batch format") == Self.format else {
            throw .invalid("batch format")
        }
        let plainCount = Int(try buffer.decodeInteger(as: UInt32.self, "batch length"))
        let checksum: UInt32 = try buffer.decodeInteger("batch checksum")
        let compressedCount = Int(try buffer.decodeInteger(as: UInt32.self, "compressed length"))
        let limit = min(byteLimit, Self.greatestByteLimit)
        guard plainCount <= limit else { throw .tooLarge("batch length", limit: limit) }
        guard let compressed = buffer.readSlice(length: compressedCount) else { throw .truncated("compressed bytes") }
        guard plainCount <= compressedCount * Self.mostExpansion + Self.expansionSlack else {
            throw .invalid("batch length")
        }
        guard var plain = Deflate.decompress(compressed, byteCount: plainCount) else {
            throw .invalid("compressed bytes")
        }
        guard Deflate.checksum(of: plain) == checksum else { throw .invalid("batch checksum") }
        entries = []
        while plain.readableBytes > 0 {
            // An empty entry is one byte here and a whole buffer in memory.
            guard entries.count < entryLimit else { throw .tooLarge("batch entries", limit: entryLimit) }
            entries.append(try plain.decodePrefixed(limit: plainCount, "batch entry"))
        }
    }
}
