import Causality
public import Coordinator
public import Machine
import Ring

// One byte, then what it names. A view is 24 bytes: measure, digest, fingerprint. A key stands behind its length.
//
//     1   read                   view, key
//     2   store, a write         view, key, object
//     3   store, standing in     key, object
//     4   store, repair          key, object
//     5   coordinate             view, PutRequest+Encoding

extension ReplicaRequest {
    private enum Tag: UInt8 {
        case read = 1
        case write, standIn, repair, coordinate
    }

    /// Writes the request; no allocation but the buffer's own.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .read(let key, let view):
            let limit = 1 + PlacementView.byteCount + ByteBuffer.prefixedByteLimit(key.readableBytes)
            buffer.writeFields(byteLimit: limit) { writer in
                writer.writeInteger(Tag.read.rawValue)
                view.encode(into: &writer)
                writer.writePrefixed(key)
            }
        case .store(let key, let object, let purpose):
            let limit =
                1 + PlacementView.byteCount + ByteBuffer.prefixedByteLimit(key.readableBytes) + object.encodedByteLimit
            buffer.writeFields(byteLimit: limit) { writer in
                switch purpose {
                case .write(let view):
                    writer.writeInteger(Tag.write.rawValue)
                    view.encode(into: &writer)
                case .standIn:
                    writer.writeInteger(Tag.standIn.rawValue)
                case .repair:
                    writer.writeInteger(Tag.repair.rawValue)
                }
                writer.writePrefixed(key)
                object.encode(into: &writer)
            }
        case .coordinate(let request, let view):
            buffer.writeFields(byteLimit: 1 + PlacementView.byteCount + request.encodedByteLimit) { writer in
                writer.writeInteger(Tag.coordinate.rawValue)
                view.encode(into: &writer)
                request.encode(into: &writer)
            }
        }
    }

    /// Reads a request that fills the buffer. Key and values are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            let request = try ReplicaRequest(decoding: &reader)
            try reader.decodeEnd("replica request")
            return request
        }
    }

    private init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try reader.decodeInteger("replica request")) else {
            throw .invalid("replica request")
        }
        switch tag {
        case .read:
            let view = try PlacementView(decoding: &reader)
            self = .read(key: try reader.decodeKey(), view: view)
        case .write:
            let view = try PlacementView(decoding: &reader)
            self = try Self.store(decoding: &reader, purpose: .write(view))
        case .standIn:
            self = try Self.store(decoding: &reader, purpose: .standIn)
        case .repair:
            self = try Self.store(decoding: &reader, purpose: .repair)
        case .coordinate:
            let view = try PlacementView(decoding: &reader)
            self = .coordinate(try PutRequest(decoding: &reader), view: view)
        }
    }

    private static func store(
        decoding reader: inout FieldReader, purpose: StorePurpose
    ) throws(DecodingFailure) -> ReplicaRequest {
        let key = try reader.decodeKey()
        return .store(key: key, object: try Object(decoding: &reader), purpose: purpose)
    }
}

extension PlacementView {
    /// The bytes of a view.
    static let byteCount = 24

    /// Writes 24 bytes: the epoch's measure and digest, the fingerprint.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFields(byteLimit: Self.byteCount) { encode(into: &$0) }
    }

    func encode(into writer: inout FieldWriter) {
        writer.writeInteger(epoch.measure)
        writer.writeInteger(epoch.digest)
        writer.writeInteger(fingerprint)
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try PlacementView(decoding: &reader)
        }
    }

    init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        let measure = try reader.decodeInteger(as: UInt64.self, "view of a partition")
        let digest = try reader.decodeInteger(as: UInt64.self, "view of a partition")
        let fingerprint = try reader.decodeInteger(as: UInt64.self, "view of a partition")
        self.init(epoch: RingEpoch(measure: measure, digest: digest), fingerprint: fingerprint)
    }
}
