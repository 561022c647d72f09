import Causality
public import Coordinator
public import Machine

// A write, small fields first and the value last.
//
//     options        RequestOptions+Encoding
//     key            varint length, 1–4096 bytes
//     given          bit 0: a value (else a tombstone); 1: the context; 2: expiry; 3: the answer brings the object back;
//                    bits 4–5: the precondition, 0 none, 1 unchanged, 2 absent, 3 present; 6–7: zero
//     expiry         8 bytes, not 0
//     context        as in its own encoding
//     unchanged      the precondition's context
//     content type   varint length, UTF-8 of at most 255 bytes; with a value
//     value          varint length, bytes

extension PutRequest {
    private enum Given {
        static let value: UInt8 = 1 << 0
        static let context: UInt8 = 1 << 1
        static let expiry: UInt8 = 1 << 2
        static let returnsObject: UInt8 = 1 << 3
        static let unchanged: UInt8 = 1 << 4
        static let absent: UInt8 = 2 << 4
        static let present: UInt8 = 3 << 4
        static let precondition: UInt8 = 3 << 4
        static let all: UInt8 = 0x3f
    }

    /// Writes the request; no allocation but the buffer's own.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFields(byteLimit: encodedByteLimit) { encode(into: &$0) }
    }

    func encode(into writer: inout FieldWriter) {
        options.encode(into: &writer)
        writer.writePrefixed(key)
        writer.writeInteger(given)
        if expiry != 0 {
            writer.writeInteger(expiry)
        }
        if case .seen(let context) = seeing {
            context.encode(into: &writer)
        }
        if case .unchanged(let context) = precondition {
            context.encode(into: &writer)
        }
        if case .value(let value, let contentType) = content {
            writer.writePrefixed(contentType)
            writer.writePrefixed(value)
        }
    }

    /// No fewer bytes than the request has.
    var encodedByteLimit: Int {
        var count = RequestOptions.encodedByteLimit + ByteBuffer.prefixedByteLimit(key.readableBytes) + 9
        if case .seen(let context) = seeing {
            count += context.encodedByteLimit
        }
        if case .unchanged(let context) = precondition {
            count += context.encodedByteLimit
        }
        if case .value(let value, let contentType) = content {
            count += ByteBuffer.prefixedByteLimit(contentType.utf8.count)
            count += ByteBuffer.prefixedByteLimit(value.readableBytes)
        }
        return count
    }

    /// Reads what ``encode(into:)`` wrote. Key and value are slices. A value may be as long as a frame: what a client may
    /// write is the node's to say, with an answer that names its limit.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try PutRequest(decoding: &reader)
        }
    }

    init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        let options = try RequestOptions(decoding: &reader)
        let key = try reader.decodeKey()
        let given = try reader.decodeInteger(as: UInt8.self, "put")
        guard given & ~Given.all == 0 else { throw .invalid("put") }
        var expiry: UInt64 = 0
        if given & Given.expiry != 0 {
            expiry = try reader.decodeInteger("expiry")
            guard expiry != 0 else { throw .invalid("expiry") }
        }
        var seeing = WriteContext.everythingHere
        if given & Given.context != 0 {
            seeing = .seen(try CausalContext(decoding: &reader, limits: .client))
        }
        let precondition: Precondition
        switch given & Given.precondition {
        case Given.unchanged: precondition = .unchanged(since: try CausalContext(decoding: &reader, limits: .client))
        case Given.absent: precondition = .absent
        case Given.present: precondition = .present
        default: precondition = .none
        }
        var content = Sibling.Content.tombstone
        if given & Given.value != 0 {
            let contentType = try reader.decodePrefixedString(limit: CausalityLimits.contentTypeBytes, "content type")
            content = .value(try reader.decodePrefixed(limit: .max, "value"), contentType: contentType)
        }
        self.init(
            key: key, content: content, seeing: seeing, precondition: precondition, expiry: expiry,
            returnsObject: given & Given.returnsObject != 0, options: options)
    }

    private var given: UInt8 {
        var given: UInt8 =
            switch precondition {
            case .none: 0
            case .unchanged: Given.unchanged
            case .absent: Given.absent
            case .present: Given.present
            }
        if case .value = content { given |= Given.value }
        if case .seen = seeing { given |= Given.context }
        if expiry != 0 { given |= Given.expiry }
        if returnsObject { given |= Given.returnsObject }
        return given
    }
}
