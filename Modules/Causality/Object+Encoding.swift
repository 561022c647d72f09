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
        buffer.reserveCapacity(minimumWritableBytes: encodedByteCountEstimate)
        buffer.writeInteger(Self.format)
        encodeClock(into: &buffer)
        for index in siblings.indices {
            let timestamp = siblings[index].timestamp.rawValue
            switch siblings[index].content {
            case .tombstone:
                buffer.writeMultipleIntegers(timestamp, Kind.tombstone)
            case .value(let bytes, let contentType):
                let expiry = siblings[index].expiry
                if expiry == 0 {
                    buffer.writeMultipleIntegers(timestamp, Kind.value)
                } else {
                    buffer.writeMultipleIntegers(timestamp, Kind.valueThatEnds, expiry)
                }
                buffer.writePrefixed(contentType)
                buffer.writePrefixed(bytes)
            }
        }
    }

    /// Reads the canonical form and refuses any other. Values are slices of `buffer`, not copies: who keeps the object
    /// keeps the memory of the whole buffer.
    public init(
        decoding buffer: inout ByteBuffer, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) {
        guard try buffer.decodeInteger(as: UInt8.self, "object format") == Self.format else {
            throw .invalid("object format")
        }
        let (context, dots) = try Self.decodeClock(from: &buffer, limits: limits)
        var siblings: [Sibling] = []
        siblings.reserveCapacity(dots.count)
        for dot in dots {
            siblings.append(try Self.decodeBody(of: dot, from: &buffer, limits: limits))
        }
        self.init(context: context, siblings: siblings)
    }

    /// Reads no more of an object than what it knows.
    package static func context(
        decoding buffer: inout ByteBuffer, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) -> CausalContext {
        guard try buffer.decodeInteger(as: UInt8.self, "object format") == format else {
            throw .invalid("object format")
        }
        return try decodeClock(from: &buffer, limits: limits).context
    }

    /// Writes the context and the dots of the siblings: all that tells two states of a key apart.
    func encodeClock(into buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(context.actorCount))
        var start = 0
        context.forEachActor { actor, contiguous, beyond in
            CausalContext.encode(actor, contiguous, beyond, into: &buffer)
            var end = start
            while end < siblings.count, siblings[end].dot.actor == actor {
                end += 1
            }
            buffer.writeVarint(UInt64(end - start))
            var least: UInt64 = 1
            for index in start..<end {
                buffer.writeVarint(siblings[index].dot.counter - least)
                least = siblings[index].dot.counter + 1
            }
            start = end
        }
    }

    private static func decodeClock(
        from buffer: inout ByteBuffer, limits: CausalityLimits
    ) throws(DecodingFailure) -> (context: CausalContext, dots: [Dot]) {
        var decoder = ContextDecoder(limits: limits)
        var dots: [Dot] = []
        for _ in 0..<(try decoder.decodeActorCount(from: &buffer)) {
            var (actor, contiguous, beyond) = try decoder.decodeActor(from: &buffer)
            let count = try buffer.decodeCount(limit: limits.siblings - dots.count, "siblings")
            var least: UInt64 = 1
            for _ in 0..<count {
                let dot = Dot(actor: actor, counter: try buffer.decodeCounter(from: least, "dot of a sibling"))
                beyond = beyond.drop { $0 < dot }
                guard dot.counter <= contiguous || beyond.first == dot else {
                    throw .invalid("sibling outside of the context")
                }
                dots.append(dot)
                least = dot.counter + 1
            }
        }
        return (decoder.context, dots)
    }

    private static func decodeBody(
        of dot: Dot, from buffer: inout ByteBuffer, limits: CausalityLimits
    ) throws(DecodingFailure) -> Sibling {
        let timestamp = HybridTimestamp(rawValue: try buffer.decodeInteger("timestamp"))
        let kind = try buffer.decodeInteger(as: UInt8.self, "kind of sibling")
        var expiry: UInt64 = 0
        switch kind {
        case Kind.tombstone:
            return Sibling(dot: dot, timestamp: timestamp, content: .tombstone)
        case Kind.value:
            break
        case Kind.valueThatEnds:
            expiry = try buffer.decodeInteger("expiry")
            guard expiry != 0 else { throw .invalid("expiry") }
        default:
            throw .invalid("kind of sibling")
        }
        let contentType = try buffer.decodePrefixedString(limit: CausalityLimits.contentTypeBytes, "content type")
        let value = try buffer.decodePrefixed(limit: limits.valueBytes, "value")
        return Sibling(
            dot: dot, timestamp: timestamp, expiry: expiry, content: .value(value, contentType: contentType))
    }

    /// About as many bytes as the form has, and rather more.
    package var encodedByteCountEstimate: Int {
        var count = 8 + 32 * context.entryCount
        for index in siblings.indices {
            count += 32 + siblings[index].content.byteCount
        }
        return count
    }
}
