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
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            let epoch = try reader.decodeVarint("key epoch")
            let object = try Object(decoding: &reader)
            try reader.decodeEnd("object record")
            return ObjectRecord(epoch: epoch, object: object)
        }
    }

    /// The context alone.
    static func context(decoding buffer: inout ByteBuffer) throws(DecodingFailure) -> CausalContext {
        try buffer.decodeFields { (reader) throws(DecodingFailure) in
            _ = try reader.decodeVarint("key epoch")
            return try Object.context(decoding: &reader)
        }
    }

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeFields(byteLimit: ByteBuffer.varintByteLimit + object.encodedByteLimit) { writer in
            writer.writeVarint(epoch)
            object.encode(into: &writer)
        }
        return buffer
    }
}
