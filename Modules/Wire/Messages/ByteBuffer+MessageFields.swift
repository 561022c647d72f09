import Causality
import Coordinator
import Machine

// Fields that several messages have.

extension ByteBuffer {
    /// Writes a number that is not negative as a varint; a negative one, which no message means, as 0.
    @inline(__always)
    mutating func writeNumber(_ number: Int) {
        writeVarint(UInt64(max(number, 0)))
    }

    /// Reads what ``writeNumber(_:)`` wrote: a number that nothing is allocated for.
    mutating func decodeNumber(_ field: @autoclosure () -> String) throws(DecodingFailure) -> Int {
        try decodeCount(limit: .max, field())
    }

    /// Reads a flag: a byte of 0 or 1.
    mutating func decodeFlag(_ field: @autoclosure () -> String) throws(DecodingFailure) -> Bool {
        switch try decodeInteger(as: UInt8.self, field()) {
        case 0: false
        case 1: true
        default: throw .invalid(field())
        }
    }
}

extension FieldReader {
    /// Reads what ``NIOCore/ByteBuffer/writeNumber(_:)`` wrote.
    mutating func decodeNumber(_ field: @autoclosure () -> String) throws(DecodingFailure) -> Int {
        try decodeCount(limit: .max, field())
    }

    /// Reads a key of 1 to `RequestLimits.keyBytes` bytes as a slice.
    mutating func decodeKey() throws(DecodingFailure) -> ByteBuffer {
        let key = try decodePrefixed(limit: RequestLimits.keyBytes, "key")
        guard key.readableBytes > 0 else { throw .invalid("key") }
        return key
    }

    /// Reads what ``FieldWriter/writeDot(_:)`` wrote.
    mutating func decodeDot() throws(DecodingFailure) -> Dot {
        let node = try decodeNodeID("node of a dot")
        let epoch = try decodeVarint("epoch of a dot")
        let counter = try decodeVarint("counter of a dot")
        guard (1...Dot.counterLimit).contains(counter) else { throw .invalid("counter of a dot") }
        return Dot(actor: ActorID(node: node, epoch: epoch), counter: counter)
    }
}

extension FieldWriter {
    /// The most bytes of a dot.
    static let dotByteLimit = NodeID.byteCount + 2 * ByteBuffer.varintByteLimit

    /// Writes node, epoch and counter.
    mutating func writeDot(_ dot: Dot) {
        writeNodeID(dot.actor.node)
        writeVarint(dot.actor.epoch)
        writeVarint(dot.counter)
    }
}
