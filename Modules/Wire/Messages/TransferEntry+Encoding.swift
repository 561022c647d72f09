import Causality
public import Handoff
public import Machine

extension TransferEntry {
    /// The most bytes that the entries of one message may have uncompressed: 64 MiB. Far more than a batch aims at, since
    /// one entry is as large as what clients have made of it, and has to come through.
    public static let batchByteLimit = 64 << 20

    /// Writes key and object.
    public func encode(into buffer: inout ByteBuffer) {
        let limit = ByteBuffer.prefixedByteLimit(key.readableBytes) + object.encodedByteLimit
        buffer.writeFields(byteLimit: limit) { writer in
            writer.writePrefixed(key)
            object.encode(into: &writer)
        }
    }

    /// Reads what ``encode(into:)`` wrote; key and values are slices.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            let key = try reader.decodeKey()
            return TransferEntry(key: key, object: try Object(decoding: &reader))
        }
    }

    /// Writes entries as one ``ZlibBatch``. There are at most `HandoffLimits.batchEntries` of them, of together at most
    /// ``batchByteLimit`` bytes: what is more is refused where it arrives.
    static func encode(_ entries: [TransferEntry], into buffer: inout ByteBuffer) {
        let batch = ZlibBatch(
            entries: entries.map { entry in
                var bytes = ByteBuffer()
                entry.encode(into: &bytes)
                return bytes
            })
        batch.encode(into: &buffer)
    }

    /// Reads entries from one ``ZlibBatch``; all their keys and values are slices of one buffer.
    static func decode(from buffer: inout ByteBuffer) throws(DecodingFailure) -> [TransferEntry] {
        let batch = try ZlibBatch(
            decoding: &buffer, byteLimit: batchByteLimit, entryLimit: HandoffLimits.batchEntries)
        var entries: [TransferEntry] = []
        entries.reserveCapacity(batch.entries.count)
        for var bytes in batch.entries {
            entries.append(try TransferEntry(decoding: &bytes))
            try bytes.decodeEnd("entry of a batch")
        }
        return entries
    }
}
