public import Coordinator
public import Machine

// A byte, 1 for a get and 2 for a put, and then the one or the other. Both begin with the options (RequestOptions+Encoding)
// and the key behind its length; a put has its own part in PutRequest+Encoding.

extension Request {
    private enum Tag: UInt8 {
        case get = 1
        case put
    }

    /// Writes the request; no allocation but the buffer's own.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .get(let request):
            buffer.writeFields(byteLimit: 1 + request.encodedByteLimit) { writer in
                writer.writeInteger(Tag.get.rawValue)
                request.encode(into: &writer)
            }
        case .put(let request):
            buffer.writeFields(byteLimit: 1 + request.encodedByteLimit) { writer in
                writer.writeInteger(Tag.put.rawValue)
                request.encode(into: &writer)
            }
        }
    }

    /// Reads a request that fills the buffer. Key and value are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            guard let tag = Tag(rawValue: try reader.decodeInteger("request")) else { throw .invalid("request") }
            let request: Request =
                switch tag {
                case .get: .get(try GetRequest(decoding: &reader))
                case .put: .put(try PutRequest(decoding: &reader))
                }
            try reader.decodeEnd("request")
            return request
        }
    }
}

extension GetRequest {
    /// Writes options and key.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFields(byteLimit: encodedByteLimit) { encode(into: &$0) }
    }

    func encode(into writer: inout FieldWriter) {
        options.encode(into: &writer)
        writer.writePrefixed(key)
    }

    /// No fewer bytes than the request has.
    var encodedByteLimit: Int {
        RequestOptions.encodedByteLimit + ByteBuffer.prefixedByteLimit(key.readableBytes)
    }

    /// Reads what ``encode(into:)`` wrote; the key is a slice.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try GetRequest(decoding: &reader)
        }
    }

    init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        let options = try RequestOptions(decoding: &reader)
        self.init(key: try reader.decodeKey(), options: options)
    }
}
