public import Handoff
public import Machine
import Ring

// One byte, the sender's ring epoch in 16, then what the byte names.
//
//     1   pull       from 8 bytes, byte limit varint, partitions as in PartitionSet+Encoding
//     2   offer      partition varint, number of keys varint ≤ 4096, for each its token and hash: 16 bytes
//     3   deliver    the entries as one ZlibBatch

extension HandoffRequest {
    private enum Tag: UInt8 {
        case pull = 1
        case offer, deliver
    }

    /// Writes the request; entries that are delivered go as one compressed batch.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .pull(let request):
            buffer.writeInteger(Tag.pull.rawValue)
            request.epoch.encode(into: &buffer)
            buffer.writeInteger(request.from)
            buffer.writeNumber(request.byteLimit)
            request.partitions.encode(into: &buffer)
        case .offer(let request):
            buffer.writeInteger(Tag.offer.rawValue)
            request.epoch.encode(into: &buffer)
            buffer.writeVarint(UInt64(request.partition.index))
            buffer.writeNumber(request.entries.count)
            for entry in request.entries {
                buffer.writeMultipleIntegers(entry.token, entry.hash)
            }
        case .deliver(let entries, let epoch):
            buffer.writeInteger(Tag.deliver.rawValue)
            epoch.encode(into: &buffer)
            TransferEntry.encode(entries, into: &buffer)
        }
    }

    /// Reads a request that fills the buffer.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("handoff request")) else {
            throw .invalid("handoff request")
        }
        let epoch = try RingEpoch(decoding: &buffer)
        switch tag {
        case .pull:
            let from = try buffer.decodeInteger(as: UInt64.self, "token")
            let byteLimit = try buffer.decodeNumber("byte limit")
            self = .pull(
                PullRequest(
                    partitions: try PartitionSet(decoding: &buffer), from: from, byteLimit: byteLimit, epoch: epoch))
        case .offer:
            let partition = try PartitionID(decoding: &buffer)
            self = .offer(
                OfferRequest(
                    partition: partition, entries: try OfferRequest.decodeEntries(from: &buffer), epoch: epoch))
        case .deliver:
            self = .deliver(entries: try TransferEntry.decode(from: &buffer), epoch: epoch)
        }
        try buffer.decodeEnd("handoff request")
    }
}

extension OfferRequest {
    fileprivate static func decodeEntries(from buffer: inout ByteBuffer) throws(DecodingFailure) -> [Entry] {
        let count = try buffer.decodeCount(limit: HandoffLimits.offerEntries, "keys of an offer")
        var entries: [Entry] = []
        // Memory follows the bytes that came, not the count that they claim.
        entries.reserveCapacity(min(count, buffer.readableBytes / 16))
        for _ in 0..<count {
            guard let (token, hash) = buffer.readMultipleIntegers(as: (UInt64, UInt64).self) else {
                throw .truncated("key of an offer")
            }
            entries.append(Entry(token: token, hash: hash))
        }
        return entries
    }
}

extension PartitionID {
    /// Reads a varint below the most partitions that a ring can have.
    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let index = try buffer.decodeCount(limit: RingConfiguration.partitionLimits.upperBound - 1, "partition")
        self.init(index: UInt32(index))
    }
}
