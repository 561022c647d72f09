public import Machine

/// One message on a connection: a header, and a payload that is a slice of what was received.
///
/// | bytes | field |
/// |---|---|
/// | 4 | length of all that follows, big-endian: 10 + payload |
/// | 1 | kind |
/// | 1 | flags |
/// | 8 | request id, big-endian |
/// | … | payload |
@frozen
public struct Frame: Hashable, Sendable {
    /// Kind, flags and request id.
    public var header: FrameHeader
    /// The message's own bytes. A slice keeps the whole receive buffer in memory: copy what is kept.
    public var payload: ByteBuffer

    /// A frame.
    @inlinable
    public init(header: FrameHeader, payload: ByteBuffer) {
        self.header = header
        self.payload = payload
    }

    /// What the frame is about.
    @inlinable
    public var kind: FrameKind { header.kind }
    /// Whether it asks or answers.
    @inlinable
    public var flags: FrameFlags { header.flags }
    /// Tells requests in flight apart.
    @inlinable
    public var requestID: UInt64 { header.requestID }

    /// Writes the frame with its length.
    @inlinable
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFrameHeader(header, payloadByteCount: payload.readableBytes)
        buffer.writeImmutableBuffer(payload)
    }
}

extension ByteBuffer {
    /// Writes a length and a header for a payload of `payloadByteCount` bytes, which the caller writes next.
    ///
    /// A payload has less than 4 GiB, the most that a buffer holds; a connection's own limit is far lower.
    @inlinable
    public mutating func writeFrameHeader(_ header: FrameHeader, payloadByteCount: Int) {
        writeMultipleIntegers(
            UInt32(FrameHeader.byteCount + payloadByteCount), header.kind.rawValue, header.flags.rawValue,
            header.requestID)
    }

    /// Writes a frame whose payload `body` writes in place, and returns the frame's bytes: no second buffer.
    ///
    /// `body` only appends.
    @inlinable
    @discardableResult
    public mutating func writeFrame(_ header: FrameHeader, _ body: (inout ByteBuffer) -> Void) -> Int {
        let start = writerIndex
        writeFrameHeader(header, payloadByteCount: 0)
        body(&self)
        let byteCount = writerIndex - start
        setInteger(UInt32(byteCount - FrameHeader.lengthByteCount), at: start)
        return byteCount
    }
}
