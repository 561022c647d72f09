/// Reads the fields of a whole structure through one look at a buffer's storage.
///
/// Each read of a `ByteBuffer` of its own looks at its storage anew, which costs more than most fields do. A reader looks once,
/// in ``NIOCore/ByteBuffer/decodeFields(_:)``, and every read is checked against the bytes that are there: what is short or
/// wrong is a ``DecodingFailure``, never a trap.
@frozen
public struct FieldReader: ~Copyable {
    @usableFromInline let buffer: ByteBuffer
    /// The buffer's readable bytes.
    @usableFromInline let bytes: UnsafeRawBufferPointer
    /// How many of them have been read.
    @usableFromInline var offset = 0

    @inlinable
    init(_ bytes: UnsafeRawBufferPointer, of buffer: ByteBuffer) {
        self.bytes = bytes
        self.buffer = buffer
    }

    /// The bytes that have not been read.
    @inlinable
    public var readableBytes: Int { bytes.count &- offset }

    /// Reads a varint; refuses one that is longer than its value needs, so that every value has one form.
    @inlinable
    public mutating func decodeVarint(_ field: @autoclosure () -> String) throws(DecodingFailure) -> UInt64 {
        guard offset < bytes.count else { throw .truncated(field()) }
        let first = bytes[offset]
        offset &+= 1
        // Most are one byte.
        guard first >= 0x80 else { return UInt64(first) }
        return try decodeRest(behind: first, field)
    }

    /// The bytes of a varint behind its first.
    @usableFromInline
    mutating func decodeRest(behind first: UInt8, _ field: () -> String) throws(DecodingFailure) -> UInt64 {
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while true {
            guard offset < bytes.count else { throw .truncated(field()) }
            let byte = bytes[offset]
            offset &+= 1
            let bits = UInt64(byte & 0x7f)
            guard shift < 63 || bits <= 1 else { throw .invalid(field()) }
            value |= bits << shift
            if byte & 0x80 == 0 {
                guard byte != 0 else { throw .invalid(field()) }
                return value
            }
            shift += 7
            guard shift <= 63 else { throw .invalid(field()) }
        }
    }

    /// Reads a varint that counts something, at most `limit`.
    @inlinable
    public mutating func decodeCount(
        limit: Int, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> Int {
        let value = try decodeVarint(field())
        guard value <= UInt64(limit) else { throw .tooLarge(field(), limit: limit) }
        return Int(value)
    }

    /// Reads a big-endian integer of fixed width.
    @inlinable
    public mutating func decodeInteger<Value: FixedWidthInteger>(
        as type: Value.Type = Value.self, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> Value {
        guard readableBytes >= MemoryLayout<Value>.size else { throw .truncated(field()) }
        let value = Value(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        offset &+= MemoryLayout<Value>.size
        return value
    }

    /// Reads bytes behind their length, at most `limit`, as a slice of the buffer: no copy.
    @inlinable
    public mutating func decodePrefixed(
        limit: Int, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> ByteBuffer {
        let count = try decodeCount(limit: limit, field())
        guard let slice = buffer.getSlice(at: buffer.readerIndex &+ offset, length: count) else {
            throw .truncated(field())
        }
        offset &+= count
        return slice
    }

    /// Reads text of at most `limit` bytes; refuses what is not UTF-8.
    @inlinable
    public mutating func decodePrefixedString(
        limit: Int, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> String {
        let count = try decodeCount(limit: limit, field())
        guard count > 0 else { return "" }
        guard count <= readableBytes else { throw .truncated(field()) }
        guard let text = text(count) else { throw .invalid(field()) }
        offset &+= count
        return text
    }

    /// So many of the next bytes as text, which are there; `nil` where they are not UTF-8.
    @usableFromInline
    func text(_ count: Int) -> String? {
        // What is no UTF-8 is decoded to something else. Validating it first is generic in the encoding, and dear.
        let bytes = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        let text = String(decoding: bytes, as: UTF8.self)
        return bytes.allSatisfy { $0 < 0x80 } || text.utf8.elementsEqual(bytes) ? text : nil
    }

    /// Reads the 16 bytes of an identity.
    @inlinable
    public mutating func decodeNodeID(_ field: @autoclosure () -> String) throws(DecodingFailure) -> NodeID {
        guard readableBytes >= NodeID.byteCount else { throw .truncated(field()) }
        let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
        offset &+= NodeID.byteCount
        return NodeID(high: high, low: low)
    }

    /// Refuses bytes behind the end of a message, so that every message has one form.
    @inlinable
    public func decodeEnd(_ field: @autoclosure () -> String) throws(DecodingFailure) {
        guard readableBytes == 0 else { throw .invalid(field()) }
    }
}

extension ByteBuffer {
    /// Reads fields through one look at the storage, and moves behind what `body` has read. Where it throws, nothing has been
    /// read.
    @inlinable
    public mutating func decodeFields<Value>(
        _ body: (inout FieldReader) throws(DecodingFailure) -> Value
    ) throws(DecodingFailure) -> Value {
        let buffer = self
        var byteCount = 0
        let value = try buffer.withUnsafeReadableBytes { (bytes) throws(DecodingFailure) in
            var reader = FieldReader(bytes, of: buffer)
            let value = try body(&reader)
            byteCount = reader.offset
            return value
        }
        moveReaderIndex(forwardBy: byteCount)
        return value
    }
}
