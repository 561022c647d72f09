import Causality
public import Coordinator
public import Machine

// One byte, then what it names.
//
//     1   found     the object
//     2   absent
//     3   written   the dot: node 16 bytes, epoch varint, counter varint
//     4   written   the dot, the object
//     5   failed    RequestFailure+Encoding

extension Response {
    private enum Tag: UInt8 {
        case found = 1
        case absent, written, writtenWithObject, failed
    }

    /// Writes the response; no allocation but the buffer's own.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .found(let object):
            buffer.writeInteger(Tag.found.rawValue)
            object.encode(into: &buffer)
        case .absent:
            buffer.writeInteger(Tag.absent.rawValue)
        case .written(let dot, nil):
            buffer.writeInteger(Tag.written.rawValue)
            buffer.writeDot(dot)
        case .written(let dot, let object?):
            buffer.writeInteger(Tag.writtenWithObject.rawValue)
            buffer.writeDot(dot)
            object.encode(into: &buffer)
        case .failed(let failure):
            buffer.writeInteger(Tag.failed.rawValue)
            failure.encode(into: &buffer)
        }
    }

    /// Reads a response that fills the buffer. Values are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("response")) else { throw .invalid("response") }
        switch tag {
        case .found:
            self = .found(try Object(decoding: &buffer))
        case .absent:
            self = .absent
        case .written:
            self = .written(dot: try buffer.decodeDot(), object: nil)
        case .writtenWithObject:
            let dot = try buffer.decodeDot()
            self = .written(dot: dot, object: try Object(decoding: &buffer))
        case .failed:
            self = .failed(try RequestFailure(decoding: &buffer))
        }
        try buffer.decodeEnd("response")
    }
}
