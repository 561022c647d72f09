import Machine
import Wire

/// What waits to be written: small frames in one growing buffer, large payloads as they are between such buffers.
struct OutboundBytes {
    /// Complete pieces, in order, before ``tail``.
    private var pieces: [ByteBuffer] = []
    /// Where frames are appended.
    private var tail = ByteBuffer()
    /// The bytes of ``pieces``.
    private var pieceByteCount = 0

    /// A buffer that has grown beyond this is not kept for the next batch.
    private static let keptCapacity = 256 << 10

    /// The bytes that wait.
    var byteCount: Int { pieceByteCount + tail.readableBytes }

    var isEmpty: Bool { byteCount == 0 }

    /// Adds a frame; a payload of at least `copyFreeSize` bytes stays where it is.
    mutating func append(_ header: FrameHeader, payload: ByteBuffer, copyFreeSize: Int) {
        tail.writeFrameHeader(header, payloadByteCount: payload.readableBytes)
        if payload.readableBytes < copyFreeSize {
            tail.writeImmutableBuffer(payload)
        } else {
            pieces.append(tail)
            pieces.append(payload)
            pieceByteCount += tail.readableBytes + payload.readableBytes
            tail = ByteBuffer()
        }
    }

    /// Adds a frame whose payload is written in place; takes it back and returns `false` when it is longer than `limit`.
    mutating func append(_ header: FrameHeader, lengthLimit limit: Int, _ body: (inout ByteBuffer) -> Void) -> Bool {
        let start = tail.writerIndex
        let byteCount = tail.writeFrame(header, body)
        guard byteCount - FrameHeader.lengthByteCount <= limit else {
            tail.moveWriterIndex(to: start)
            return false
        }
        return true
    }

    /// Hands over all pieces in order and is empty again, its memory kept where nobody else holds it.
    mutating func drain(_ write: (ByteBuffer) -> Void) {
        for piece in pieces {
            write(piece)
        }
        pieces.removeAll(keepingCapacity: true)
        pieceByteCount = 0
        if tail.readableBytes > 0 {
            write(tail)
        }
        recycle()
    }

    /// Makes ``tail`` ready for the next batch. Once the channel has let go of it, its memory is used again.
    private mutating func recycle() {
        if tail.capacity <= Self.keptCapacity {
            tail.clear()
        } else {
            tail = ByteBuffer()
        }
    }
}
