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
            buffer.writeInteger(Tag.get.rawValue)
            request.encode(into: &buffer)
        case .put(let request):
            buffer.writeInteger(Tag.put.rawValue)
            request.encode(into: &buffer)
        }
    }

    /// Reads a request that fills the buffer. Key and value are slices of it: copy what is kept.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("request")) else { throw .invalid("request") }
        switch tag {
        case .get: self = .get(try GetRequest(decoding: &buffer))
        case .put: self = .put(try PutRequest(decoding: &buffer))
        }
        try buffer.decodeEnd("request")
    }
}

extension GetRequest {
    /// Writes options and key.
    public func encode(into buffer: inout ByteBuffer) {
        options.encode(into: &buffer)
        buffer.writePrefixed(key)
    }

    /// Reads what ``encode(into:)`` wrote; the key is a slice.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let options = try RequestOptions(decoding: &buffer)
        self.init(key: try buffer.decodeKey(), options: options)
    }
}
