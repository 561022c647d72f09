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
            buffer.writeFields(byteLimit: 1 + object.encodedByteLimit) { writer in
                writer.writeInteger(Tag.found.rawValue)
                object.encode(into: &writer)
            }
        case .absent:
            buffer.writeInteger(Tag.absent.rawValue)
        case .written(let dot, nil):
            buffer.writeFields(byteLimit: 1 + FieldWriter.dotByteLimit) { writer in
                writer.writeInteger(Tag.written.rawValue)
                writer.writeDot(dot)
            }
        case .written(let dot, let object?):
            buffer.writeFields(byteLimit: 1 + FieldWriter.dotByteLimit + object.encodedByteLimit) { writer in
                writer.writeInteger(Tag.writtenWithObject.rawValue)
                writer.writeDot(dot)
                object.encode(into: &writer)
            }
        case .failed(let failure):
            buffer.writeInteger(Tag.failed.rawValue)
            failure.encode(into: &buffer)
        }
    }

    /// Reads a response that fills the buffer. Values are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            let response = try Response(decoding: &reader)
            try reader.decodeEnd("response")
            return response
        }
    }

    private init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try reader.decodeInteger("response")) else { throw .invalid("response") }
        switch tag {
        case .found:
            self = .found(try Object(decoding: &reader))
        case .absent:
            self = .absent
        case .written:
            self = .written(dot: try reader.decodeDot(), object: nil)
        case .writtenWithObject:
            let dot = try reader.decodeDot()
            self = .written(dot: dot, object: try Object(decoding: &reader))
        case .failed:
            self = .failed(try RequestFailure(decoding: &reader))
        }
    }
}
