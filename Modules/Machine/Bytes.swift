// The currency for keys and values in every module: one scoped import, here and nowhere else, so that a received
// slice goes to storage and to several connections without a copy.
@_exported public import struct NIOCore.ByteBuffer
