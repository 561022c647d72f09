// The currency for keys and values in every module: imported here and nowhere else, so that a received
// slice goes to storage and to several connections without a copy.
@_exported public import struct NIOCore.ByteBuffer
import struct NIOCore.ByteBufferAllocator

extension ByteBuffer {
    /// An empty buffer with room for so many bytes. To reserve it in an empty one costs twice as much, since all empty buffers
    /// share one storage.
    public init(capacity: Int) {
        self = ByteBufferAllocator().buffer(capacity: capacity)
    }
}
