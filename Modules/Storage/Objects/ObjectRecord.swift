import Causality
import Hashing
import Machine

/// What the engine keeps under a key in the space of objects: the node's epoch for the key as a varint, then the object
/// in its canonical form. The epoch never leaves the node.
struct ObjectRecord {
    var epoch: UInt64
    var object: Object

    init(epoch: UInt64, object: Object) {
        self.epoch = epoch
        self.object = object
    }

    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        epoch = try buffer.decodeVarint("key epoch")
        object = try Object(decoding: &buffer)
        try buffer.decodeEnd("object record")
    }

    /// The context alone.
    static func context(decoding buffer: inout ByteBuffer) throws(DecodingFailure) -> CausalContext {
        _ = try buffer.decodeVarint("key epoch")
        return try Object.context(decoding: &buffer)
    }

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(ByteBuffer.varintByteLimit + object.encodedByteCountEstimate)
        buffer.writeVarint(epoch)
        object.encode(into: &buffer)
        return buffer
    }
}
