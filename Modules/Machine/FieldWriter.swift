/// Writes the fields of a whole structure into room that was reserved for all of it.
///
/// Each write to a `ByteBuffer` of its own looks at its storage and its room anew, which costs more than most fields do. A
/// writer looks once, in ``NIOCore/ByteBuffer/writeFields(byteLimit:_:)``. Who writes more than was reserved has counted wrong,
/// which is the program's own mistake: it ends there.
@frozen
public struct FieldWriter: ~Copyable {
    @usableFromInline let bytes: UnsafeMutableRawBufferPointer
    @usableFromInline var written = 0
    /// The bytes that have been written.
    @inlinable
    public var byteCount: Int { written }

    /// A writer over memory that is the caller's, while it is.
    @inlinable
    package init(over bytes: UnsafeMutableRawBufferPointer) {
        self.bytes = bytes
    }

    /// Takes the next so many bytes, and returns where they begin.
    @inlinable
    mutating func claim(_ count: Int) -> Int {
        let place = written
        precondition(count <= bytes.count &- place, "\(place) + \(count) bytes in room for \(bytes.count)")
        written = place &+ count
        return place
    }

    /// Writes a big-endian integer of fixed width.
    @inlinable
    public mutating func writeInteger<Value: FixedWidthInteger>(_ value: Value) {
        let place = claim(MemoryLayout<Value>.size)
        bytes.storeBytes(of: value.bigEndian, toByteOffset: place, as: Value.self)
    }

    /// Writes an unsigned LEB128 varint: seven bits a byte, the least significant first; 1 to 10 bytes.
    @inlinable
    public mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes the 16 bytes of an identity.
    @inlinable
    public mutating func writeNodeID(_ id: NodeID) {
        let place = claim(NodeID.byteCount)
        bytes.storeBytes(of: id.high.bigEndian, toByteOffset: place, as: UInt64.self)
        bytes.storeBytes(of: id.low.bigEndian, toByteOffset: place &+ 8, as: UInt64.self)
    }

    /// Writes bytes as they are.
    @inlinable
    public mutating func writeBytes(_ source: UnsafeRawBufferPointer) {
        let place = claim(source.count)
        UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place &+ source.count]).copyMemory(from: source)
    }

    /// Writes a buffer's readable bytes.
    @inlinable
    public mutating func writeBytes(_ source: ByteBuffer) {
        source.withUnsafeReadableBytes { writeBytes($0) }
    }

    /// Writes so many zeros.
    @inlinable
    public mutating func writeZeros(_ count: Int) {
        let place = claim(count)
        for index in place..<place &+ count {
            bytes[index] = 0
        }
    }

    /// Writes bytes behind their length as a varint.
    @inlinable
    public mutating func writePrefixed(_ source: ByteBuffer) {
        writeVarint(UInt64(source.readableBytes))
        writeBytes(source)
    }

    /// Writes text as UTF-8 behind its length as a varint.
    @inlinable
    public mutating func writePrefixed(_ text: String) {
        var text = text
        text.withUTF8 { source in
            writeVarint(UInt64(source.count))
            writeBytes(UnsafeRawBufferPointer(source))
        }
    }

    /// Puts a big-endian integer over bytes that were written before.
    @inlinable
    public mutating func setInteger<Value: FixedWidthInteger>(_ value: Value, at place: Int) {
        precondition(place >= 0 && place <= written &- MemoryLayout<Value>.size, "\(place) is not written yet")
        bytes.storeBytes(of: value.bigEndian, toByteOffset: place, as: Value.self)
    }

    /// Hands over what was written from a place on.
    @inlinable
    public func withBytes<Result>(from place: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: bytes[place..<written]))
    }
}

extension ByteBuffer {
    /// Writes fields into room for at most `byteLimit` bytes, which is reserved once.
    @inlinable
    public mutating func writeFields(byteLimit: Int, _ body: (inout FieldWriter) -> Void) {
        if capacity == 0 {
            self = ByteBuffer(capacity: byteLimit)
        }
        writeWithUnsafeMutableBytes(minimumWritableBytes: byteLimit) { bytes in
            // There may be room for more: whoever counted wrong is to hear of it always, and not where there is none.
            var writer = FieldWriter(over: UnsafeMutableRawBufferPointer(rebasing: bytes[..<byteLimit]))
            body(&writer)
            return writer.written
        }
    }

    /// The most bytes that a length and what stands behind it take.
    @inlinable
    public static func prefixedByteLimit(_ byteCount: Int) -> Int { varintByteLimit + byteCount }
}
