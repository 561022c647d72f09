// The fields that every encoding is made of. Integers are big-endian, lengths and counters are LEB128 varints, and every
// read names its field and its limit, so that a failure says what was wrong and nothing is allocated on a peer's word.
//
// Writers are named `write…`; readers are named `decode…` to stand apart from ByteBuffer's own, which return optionals.
//
// These are for a field or two. What has many, and comes often, goes through a FieldReader or a FieldWriter.

extension ByteBuffer {
    /// The most bytes of a varint of 64 bits.
    public static let varintByteLimit = 10

    /// Writes an unsigned LEB128 varint: seven bits a byte, the least significant first; 1 to 10 bytes.
    @inlinable
    public mutating func writeVarint(_ value: UInt64) {
        guard value >= 0x80 else {
            writeInteger(UInt8(truncatingIfNeeded: value))
            return
        }
        // In one write, since each costs ByteBuffer a look at its storage: more than the bytes themselves.
        writeWithUnsafeMutableBytes(minimumWritableBytes: Self.varintByteLimit) { bytes in
            var rest = value
            var count = 0
            while rest >= 0x80 {
                bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
                count += 1
                rest >>= 7
            }
            bytes[count] = UInt8(truncatingIfNeeded: rest)
            return count + 1
        }
    }

    /// The number of bytes that ``writeVarint(_:)`` takes for a value.
    @inlinable
    public static func varintByteCount(_ value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// Reads a varint; refuses one that is longer than its value needs, so that every value has one form.
    @inlinable
    public mutating func decodeVarint(_ field: @autoclosure () -> String) throws(DecodingFailure) -> UInt64 {
        try decodeFields { (reader) throws(DecodingFailure) in try reader.decodeVarint(field()) }
    }

    /// Reads a varint that counts something, at most `limit`.
    @inlinable
    public mutating func decodeCount(
        limit: Int, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> Int {
        try decodeFields { (reader) throws(DecodingFailure) in try reader.decodeCount(limit: limit, field()) }
    }

    /// Reads a big-endian integer of fixed width.
    @inlinable
    public mutating func decodeInteger<Value: FixedWidthInteger>(
        as type: Value.Type = Value.self, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> Value {
        guard let value = readInteger(as: type) else { throw .truncated(field()) }
        return value
    }

    /// Writes bytes behind their length as a varint.
    @inlinable
    public mutating func writePrefixed(_ bytes: ByteBuffer) {
        writeVarint(UInt64(bytes.readableBytes))
        writeImmutableBuffer(bytes)
    }

    /// Reads bytes behind their length, at most `limit`, as a slice of this buffer: no copy.
    @inlinable
    public mutating func decodePrefixed(
        limit: Int, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> ByteBuffer {
        let count = try decodeCount(limit: limit, field())
        guard let bytes = readSlice(length: count) else { throw .truncated(field()) }
        return bytes
    }

    /// Writes text as UTF-8 behind its length as a varint.
    @inlinable
    public mutating func writePrefixed(_ text: String) {
        writeVarint(UInt64(text.utf8.count))
        writeString(text)
    }

    /// Reads text of at most `limit` bytes; refuses what is not UTF-8.
    @inlinable
    public mutating func decodePrefixedString(
        limit: Int, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> String {
        try decodeFields { (reader) throws(DecodingFailure) in
            try reader.decodePrefixedString(limit: limit, field())
        }
    }

    /// Writes the 16 bytes of an identity.
    @inlinable
    public mutating func writeNodeID(_ id: NodeID) {
        writeMultipleIntegers(id.high, id.low)
    }

    /// The identity in the 16 bytes at an index, which are left there; `nil` where there are not as many.
    @inlinable
    public func getNodeID(at index: Int) -> NodeID? {
        guard let (high, low) = getMultipleIntegers(at: index, as: (UInt64, UInt64).self) else { return nil }
        return NodeID(high: high, low: low)
    }

    /// Reads the 16 bytes of an identity.
    @inlinable
    public mutating func decodeNodeID(_ field: @autoclosure () -> String) throws(DecodingFailure) -> NodeID {
        guard let (high, low) = readMultipleIntegers(as: (UInt64, UInt64).self) else { throw .truncated(field()) }
        return NodeID(high: high, low: low)
    }

    /// Refuses bytes behind the end of a message, so that every message has one form.
    @inlinable
    public func decodeEnd(_ field: @autoclosure () -> String) throws(DecodingFailure) {
        guard readableBytes == 0 else { throw .invalid(field()) }
    }
}
