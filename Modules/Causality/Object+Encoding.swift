public import Machine

// The byte form of an object: what is known first, then what is stored.
//
//     format       1 byte, 1
//     clock        a varint that counts the actors, then for each actor what a context has (CausalContext+Encoding),
//                  followed by
//         live         varint, the number of the actor's siblings
//         distances    a varint for each: its counter's distance from the least that it can be, first 1, then one
//                      more than the one before
//     bodies       for each sibling, in the order of the dots
//         timestamp    8 bytes
//         kind         1 byte: 0 tombstone, 1 value, 2 value that ends
//         expiry       8 bytes, kind 2 only
//         media type   varint length, UTF-8; kinds 1 and 2
//         value        varint length, bytes; kinds 1 and 2
//
// With one actor and one sibling, and numbers below 128, that is 22 bytes for the clock, and 12 and the media type besides
// the value.

extension Object {
    /// The first byte of an object.
    static let format: UInt8 = 1

    private enum Kind {
        static let tombstone: UInt8 = 0
        static let value: UInt8 = 1
        static let valueThatEnds: UInt8 = 2
    }

    /// Writes the canonical form.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFields(byteLimit: encodedByteLimit) { encode(into: &$0) }
    }

    /// ``encode(into:)`` as a part of something larger; at most ``encodedByteLimit`` bytes.
    package func encode(into writer: inout FieldWriter) {
        writer.writeInteger(Self.format)
        encodeClock(into: &writer)
        for index in siblings.indices {
            writer.writeInteger(siblings[index].timestamp.rawValue)
            switch siblings[index].content {
            case .tombstone:
                writer.writeInteger(Kind.tombstone)
            case .value(let bytes, let contentType):
                let expiry = siblings[index].expiry
                if expiry == 0 {
                    writer.writeInteger(Kind.value)
                } else {
                    writer.writeInteger(Kind.valueThatEnds)
                    writer.writeInteger(expiry)
                }
                writer.writePrefixed(contentType)
                writer.writePrefixed(bytes)
            }
        }
    }

    /// Reads the canonical form and refuses any other. Values are slices of `buffer`, not copies: who keeps the object
    /// keeps the memory of the whole buffer.
    public init(
        decoding buffer: inout ByteBuffer, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try Object(decoding: &reader, limits: limits)
        }
    }

    /// ``init(decoding:limits:)`` as a part of something larger.
    package init(
        decoding reader: inout FieldReader, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) {
        var siblings: [Sibling] = []
        let context = try Self.decodeContext(from: &reader, limits: limits) { dot in
            // Its place, until its body is read.
            siblings.append(Sibling(dot: dot, timestamp: HybridTimestamp(rawValue: 0), content: .tombstone))
        }
        for index in siblings.indices {
            siblings[index] = try Self.decodeBody(of: siblings[index].dot, from: &reader, limits: limits)
        }
        self.init(context: context, siblings: siblings)
    }

    /// Reads no more of an object than what it knows.
    package static func context(
        decoding reader: inout FieldReader, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) -> CausalContext {
        try decodeContext(from: &reader, limits: limits) { _ in }
    }

    /// Writes the context and the dots of the siblings: all that tells two states of a key apart.
    func encodeClock(into writer: inout FieldWriter) {
        writer.writeVarint(UInt64(context.actorCount))
        var start = 0
        context.forEachActor { actor, contiguous, beyond in
            CausalContext.encode(actor, contiguous, beyond, into: &writer)
            var end = start
            while end < siblings.count, siblings[end].dot.actor == actor {
                end += 1
            }
            writer.writeVarint(UInt64(end - start))
            var least: UInt64 = 1
            for index in start..<end {
                writer.writeVarint(siblings[index].dot.counter - least)
                least = siblings[index].dot.counter + 1
            }
            start = end
        }
    }

    /// No fewer bytes than ``encodeClock(into:)`` writes.
    var clockByteLimit: Int {
        context.encodedByteLimit + (context.entryCount + siblings.count) * ByteBuffer.varintByteLimit
    }

    /// Reads the format and the clock, and hands over the dots of the siblings in order.
    @inline(__always)
    private static func decodeContext(
        from reader: inout FieldReader, limits: CausalityLimits, _ takeSibling: (Dot) -> Void
    ) throws(DecodingFailure) -> CausalContext {
        guard try reader.decodeInteger(as: UInt8.self, "object format") == format else {
            throw .invalid("object format")
        }
        var decoder = ContextDecoder(limits: limits)
        var siblingCount = 0
        for _ in 0..<(try decoder.decodeActorCount(from: &reader)) {
            let (actor, contiguous, start) = try decoder.decodeActor(from: &reader)
            let count = try reader.decodeCount(limit: limits.siblings - siblingCount, "siblings")
            siblingCount += count
            var least: UInt64 = 1
            var beyond = start
            for _ in 0..<count {
                let dot = Dot(actor: actor, counter: try reader.decodeCounter(from: least, "dot of a sibling"))
                while beyond < decoder.cloud.count, decoder.cloud[beyond] < dot {
                    beyond += 1
                }
                guard dot.counter <= contiguous || beyond < decoder.cloud.count && decoder.cloud[beyond] == dot else {
                    throw .invalid("sibling outside of the context")
                }
                takeSibling(dot)
                least = dot.counter + 1
            }
        }
        return decoder.context
    }

    private static func decodeBody(
        of dot: Dot, from reader: inout FieldReader, limits: CausalityLimits
    ) throws(DecodingFailure) -> Sibling {
        let timestamp = HybridTimestamp(rawValue: try reader.decodeInteger("timestamp"))
        let kind = try reader.decodeInteger(as: UInt8.self, "kind of sibling")
        var expiry: UInt64 = 0
        switch kind {
        case Kind.tombstone:
            return Sibling(dot: dot, timestamp: timestamp, content: .tombstone)
        case Kind.value:
            break
        case Kind.valueThatEnds:
            expiry = try reader.decodeInteger("expiry")
            guard expiry != 0 else { throw .invalid("expiry") }
        default:
            throw .invalid("kind of sibling")
        }
        let contentType = try reader.decodePrefixedString(limit: CausalityLimits.contentTypeBytes, "content type")
        let value = try reader.decodePrefixed(limit: limits.valueBytes, "value")
        return Sibling(
            dot: dot, timestamp: timestamp, expiry: expiry, content: .value(value, contentType: contentType))
    }

    /// No fewer bytes than the canonical form has.
    package var encodedByteLimit: Int {
        // Format, timestamp, kind and expiry have fixed widths.
        var count = 1 + clockByteLimit
        for index in siblings.indices {
            count += 17
            if case .value(let bytes, let contentType) = siblings[index].content {
                count += ByteBuffer.prefixedByteLimit(contentType.utf8.count)
                count += ByteBuffer.prefixedByteLimit(bytes.readableBytes)
            }
        }
        return count
    }
}
