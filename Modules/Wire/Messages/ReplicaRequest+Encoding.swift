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
            buffer.writeInteger(Tag.read.rawValue)
            view.encode(into: &buffer)
            buffer.writePrefixed(key)
        case .store(let key, let object, let purpose):
            switch purpose {
            case .write(let view):
                buffer.writeInteger(Tag.write.rawValue)
                view.encode(into: &buffer)
            case .standIn:
                buffer.writeInteger(Tag.standIn.rawValue)
            case .repair:
                buffer.writeInteger(Tag.repair.rawValue)
            }
            buffer.writePrefixed(key)
            object.encode(into: &buffer)
        case .coordinate(let request, let view):
            buffer.writeInteger(Tag.coordinate.rawValue)
            view.encode(into: &buffer)
            request.encode(into: &buffer)
        }
    }

    /// Reads a request that fills the buffer. Key and values are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("replica request")) else {
            throw .invalid("replica request")
        }
        switch tag {
        case .read:
            let view = try PlacementView(decoding: &buffer)
            self = .read(key: try buffer.decodeKey(), view: view)
        case .write:
            let view = try PlacementView(decoding: &buffer)
            self = try Self.store(decoding: &buffer, purpose: .write(view))
        case .standIn:
            self = try Self.store(decoding: &buffer, purpose: .standIn)
        case .repair:
            self = try Self.store(decoding: &buffer, purpose: .repair)
        case .coordinate:
            let view = try PlacementView(decoding: &buffer)
            self = .coordinate(try PutRequest(decoding: &buffer), view: view)
        }
        try buffer.decodeEnd("replica request")
    }

    private static func store(
        decoding buffer: inout ByteBuffer, purpose: StorePurpose
    ) throws(DecodingFailure) -> ReplicaRequest {
        let key = try buffer.decodeKey()
        return .store(key: key, object: try Object(decoding: &buffer), purpose: purpose)
    }
}

extension PlacementView {
    /// Writes 24 bytes: the epoch's measure and digest, the fingerprint.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(epoch.measure, epoch.digest, fingerprint)
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let (measure, digest, fingerprint) = buffer.readMultipleIntegers(as: (UInt64, UInt64, UInt64).self) else {
            throw .truncated("view of a partition")
        }
        self.init(epoch: RingEpoch(measure: measure, digest: digest), fingerprint: fingerprint)
    }
}
