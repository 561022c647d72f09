import Causality
public import Coordinator
public import Machine
import Ring

// One byte, then what it names.
//
//     1   a copy               the object
//     2   no copy
//     3   stored, on disk
//     4   stored, in memory
//     5   coordinated          Response+Encoding
//     6   wrong epoch          16 bytes: measure, digest
//     7   busy
//     8   failed

extension ReplicaResponse {
    private enum Tag: UInt8 {
        case copy = 1
        case noCopy, storedDurably, stored, coordinated, wrongEpoch, busy, failed

        func encode(into buffer: inout ByteBuffer) {
            buffer.writeFields(byteLimit: 1) { $0.writeInteger(rawValue) }
        }
    }

    /// Writes the response; no allocation but the buffer's own.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .copy(let object?):
            buffer.writeFields(byteLimit: 1 + object.encodedByteLimit) { writer in
                writer.writeInteger(Tag.copy.rawValue)
                object.encode(into: &writer)
            }
        case .copy(nil):
            Tag.noCopy.encode(into: &buffer)
        case .stored(let durable):
            (durable ? Tag.storedDurably : Tag.stored).encode(into: &buffer)
        case .coordinated(let response):
            Tag.coordinated.encode(into: &buffer)
            response.encode(into: &buffer)
        case .wrongEpoch(let epoch):
            Tag.wrongEpoch.encode(into: &buffer)
            epoch.encode(into: &buffer)
        case .busy:
            Tag.busy.encode(into: &buffer)
        case .failed:
            Tag.failed.encode(into: &buffer)
        }
    }

    /// Reads a response that fills the buffer. Values are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("replica response")) else {
            throw .invalid("replica response")
        }
        switch tag {
        case .copy: self = .copy(try Object(decoding: &buffer))
        case .noCopy: self = .copy(nil)
        case .storedDurably: self = .stored(durable: true)
        case .stored: self = .stored(durable: false)
        case .coordinated: self = .coordinated(try Response(decoding: &buffer))
        case .wrongEpoch: self = .wrongEpoch(try RingEpoch(decoding: &buffer))
        case .busy: self = .busy
        case .failed: self = .failed
        }
        try buffer.decodeEnd("replica response")
    }
}
