import CZlib
import Machine

/// zlib, with lengths that are known beforehand.
enum Deflate {
    /// The fastest level: a third of the size costs a quarter of level 6's time.
    private static let level: Int32 = 1

    /// CRC-32, as in RFC 1952.
    static func checksum(of bytes: ByteBuffer) -> UInt32 {
        bytes.withUnsafeReadableBytes { bytes in
            UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
        }
    }

    /// Raw DEFLATE of at most 1 GiB.
    static func compress(_ plain: ByteBuffer) -> ByteBuffer {
        var stream = z_stream()
        // Fails only where memory has run out, where Swift's own allocations end the process as well.
        precondition(toystore_deflate_init_raw(&stream, level) == Z_OK, "zlib has no memory")
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(plain.readableBytes)))
        var compressed = ByteBuffer()
        plain.withUnsafeReadableBytes { input in
            _ = compressed.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { output in
                point(&stream, at: input, output)
                let status = deflate(&stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "zlib's own bound of \(bound) bytes was too small")
                return output.count - Int(stream.avail_out)
            }
        }
        return compressed
    }

    /// What `compressed` stands for, when it is one whole stream of exactly `byteCount` bytes; else `nil`.
    static func decompress(_ compressed: ByteBuffer, byteCount: Int) -> ByteBuffer? {
        var stream = z_stream()
        guard compressed.readableBytes > 0, toystore_inflate_init_raw(&stream) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var plain = ByteBuffer()
        // One byte more than is wanted shows a stream that is longer, and gives zlib a place for an empty one.
        let room = byteCount + 1
        let isWhole = compressed.withUnsafeReadableBytes { input in
            var status = Z_OK
            let written = plain.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
                point(&stream, at: input, UnsafeMutableRawBufferPointer(rebasing: output[..<room]))
                status = inflate(&stream, Z_FINISH)
                return room - Int(stream.avail_out)
            }
            return status == Z_STREAM_END && written == byteCount && stream.avail_in == 0
        }
        return isWhole ? plain : nil
    }

    private static func point(
        _ stream: inout z_stream, at input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) {
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(clamping: output.count)
    }
}
