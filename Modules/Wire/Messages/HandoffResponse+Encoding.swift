public import Handoff
public import Machine
import Ring

// One byte, then what it names.
//
//     1   pulled, more follows   next token 8 bytes, bytes left varint, refused partitions as in PartitionSet+Encoding,
//                                the entries as one ZlibBatch
//     2   pulled, the last       bytes left, refused partitions, entries
//     3   wanted                 number varint ≤ 4096, then each place in the offer as a varint, rising
//     4   delivered
//     5   wrong epoch            16 bytes: measure, digest
//     6   busy
//     7   failed

extension HandoffResponse {
    private enum Tag: UInt8 {
        case pulled = 1
        case pulledLast, wanted, delivered, wrongEpoch, busy, failed
    }

    /// Writes the response; entries that were pulled go as one compressed batch.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .pulled(let batch):
            if let next = batch.next {
                buffer.writeMultipleIntegers(Tag.pulled.rawValue, next)
            } else {
                buffer.writeInteger(Tag.pulledLast.rawValue)
            }
            buffer.writeVarint(batch.bytesLeft)
            batch.refused.encode(into: &buffer)
            TransferEntry.encode(batch.entries, into: &buffer)
        case .wanted(let places):
            buffer.writeInteger(Tag.wanted.rawValue)
            buffer.writeNumber(places.count)
            for place in places {
                buffer.writeNumber(place)
            }
        case .delivered:
            buffer.writeInteger(Tag.delivered.rawValue)
        case .wrongEpoch(let epoch):
            buffer.writeInteger(Tag.wrongEpoch.rawValue)
            epoch.encode(into: &buffer)
        case .busy:
            buffer.writeInteger(Tag.busy.rawValue)
        case .failed:
            buffer.writeInteger(Tag.failed.rawValue)
        }
    }

    /// Reads a response that fills the buffer; refuses wanted places that do not rise, so that none comes twice.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("handoff response")) else {
            throw .invalid("handoff response")
        }
        switch tag {
        case .pulled:
            let next = try buffer.decodeInteger(as: UInt64.self, "next token")
            self = .pulled(try PulledBatch(decoding: &buffer, next: next))
        case .pulledLast:
            self = .pulled(try PulledBatch(decoding: &buffer, next: nil))
        case .wanted:
            self = .wanted(try Self.decodePlaces(from: &buffer))
        case .delivered:
            self = .delivered
        case .wrongEpoch:
            self = .wrongEpoch(try RingEpoch(decoding: &buffer))
        case .busy:
            self = .busy
        case .failed:
            self = .failed
        }
        try buffer.decodeEnd("handoff response")
    }

    private static func decodePlaces(from buffer: inout ByteBuffer) throws(DecodingFailure) -> [Int] {
        let count = try buffer.decodeCount(limit: HandoffLimits.offerEntries, "wanted places")
        var places: [Int] = []
        places.reserveCapacity(min(count, buffer.readableBytes))
        for _ in 0..<count {
            let place = try buffer.decodeCount(limit: HandoffLimits.offerEntries - 1, "wanted place")
            if let last = places.last, place <= last { throw .invalid("order of wanted places") }
            places.append(place)
        }
        return places
    }
}

extension PulledBatch {
    fileprivate init(decoding buffer: inout ByteBuffer, next: UInt64?) throws(DecodingFailure) {
        let bytesLeft = try buffer.decodeVarint("bytes left")
        let refused = try PartitionSet(decoding: &buffer)
        self.init(
            entries: try TransferEntry.decode(from: &buffer), next: next, refused: refused, bytesLeft: bytesLeft)
    }
}
