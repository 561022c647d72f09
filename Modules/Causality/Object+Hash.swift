import Hashing
public import Machine

extension Object {
    /// 64 bits that stand for this state of a key when copies are compared: the first word of Murmur3 over the key
    /// behind its length, and the clock (the context and the dots of the siblings, as in the encoding).
    ///
    /// Two copies of one key have the same hash when they are equal, and otherwise with a chance of 2⁻⁶⁴. Values are not
    /// read: a dot is one write, so the dots name them. Expiry does not change it.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - scratch: Memory to work in, so that a store that hashes every write allocates once; what it held is lost.
    /// - Complexity: O(key bytes + entries + siblings).
    public func hash(key: ByteBuffer, using scratch: inout ByteBuffer) -> UInt64 {
        scratch.clear()
        scratch.writeFields(byteLimit: ByteBuffer.prefixedByteLimit(key.readableBytes) + clockByteLimit) { writer in
            writer.writePrefixed(key)
            encodeClock(into: &writer)
        }
        return scratch.withUnsafeReadableBytes { Murmur3.hash128($0).0 }
    }

    /// ``hash(key:using:)`` with memory of its own.
    public func hash(key: ByteBuffer) -> UInt64 {
        var scratch = ByteBuffer()
        return hash(key: key, using: &scratch)
    }
}
