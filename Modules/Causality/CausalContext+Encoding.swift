public import Machine

// The byte form of a context: a varint that counts the actors, then for each actor, sorted,
//
//     node         16 bytes
//     epoch        varint
//     contiguous   varint, the counter in the vector, 0 where the actor is in the cloud only
//     beyond       varint, the number of the actor's dots in the cloud
//     distances    a varint for each: the first from contiguous + 2, each other from the one before + 1
//
// The distances leave no way to write a cloud that is unsorted, has a dot twice or touches the vector: most of being
// canonical is in the format itself, the rest (sorted actors, none without a dot) is checked.

extension CausalContext {
    /// Writes the canonical form.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFields(byteLimit: encodedByteLimit) { encode(into: &$0) }
    }

    /// ``encode(into:)`` as a part of something larger; at most ``encodedByteLimit`` bytes.
    package func encode(into writer: inout FieldWriter) {
        writer.writeVarint(UInt64(actorCount))
        forEachActor { actor, contiguous, beyond in
            Self.encode(actor, contiguous, beyond, into: &writer)
        }
    }

    /// No fewer bytes than the canonical form has.
    package var encodedByteLimit: Int {
        // A dot of the cloud may be an actor of its own.
        ByteBuffer.varintByteLimit
            + entryCount * (NodeID.byteCount + 4 * ByteBuffer.varintByteLimit)
    }

    /// Reads the canonical form and refuses any other.
    public init(
        decoding buffer: inout ByteBuffer, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try CausalContext(decoding: &reader, limits: limits)
        }
    }

    /// ``init(decoding:limits:)`` as a part of something larger.
    package init(
        decoding reader: inout FieldReader, limits: CausalityLimits = CausalityLimits()
    ) throws(DecodingFailure) {
        var decoder = ContextDecoder(limits: limits)
        for _ in 0..<(try decoder.decodeActorCount(from: &reader)) {
            _ = try decoder.decodeActor(from: &reader)
        }
        self = decoder.context
    }

    /// The number of actors in the vector or the cloud.
    var actorCount: Int {
        var count = vector.count
        var previous: ActorID?
        for dot in cloud where dot.actor != previous {
            previous = dot.actor
            if vector[dot.actor] == 0 {
                count += 1
            }
        }
        return count
    }

    /// Hands over each actor in order, with its counter in the vector and its dots in the cloud.
    func forEachActor(_ body: (_ actor: ActorID, _ contiguous: UInt64, _ beyond: ArraySlice<Dot>) -> Void) {
        var rest = cloud[...]
        guard !rest.isEmpty else {
            // Nearly always.
            for entry in vector.entries {
                body(entry.actor, entry.counter, rest)
            }
            return
        }
        func visitCloud(before actor: ActorID?) {
            while let first = rest.first, actor.map({ first.actor < $0 }) ?? true {
                body(first.actor, 0, Self.popDots(of: first.actor, from: &rest))
            }
        }
        for entry in vector.entries {
            visitCloud(before: entry.actor)
            body(entry.actor, entry.counter, Self.popDots(of: entry.actor, from: &rest))
        }
        visitCloud(before: nil)
    }

    private static func popDots(of actor: ActorID, from dots: inout ArraySlice<Dot>) -> ArraySlice<Dot> {
        let end = dots.firstIndex { $0.actor != actor } ?? dots.endIndex
        defer { dots = dots[end...] }
        return dots[..<end]
    }

    /// Writes one actor of a context.
    static func encode(
        _ actor: ActorID, _ contiguous: UInt64, _ beyond: ArraySlice<Dot>, into writer: inout FieldWriter
    ) {
        writer.writeNodeID(actor.node)
        writer.writeVarint(actor.epoch)
        writer.writeVarint(contiguous)
        writer.writeVarint(UInt64(beyond.count))
        var least = contiguous + 2
        for dot in beyond {
            writer.writeVarint(dot.counter - least)
            least = dot.counter + 1
        }
    }
}

/// Builds a context from its actors as they are read.
struct ContextDecoder {
    private let limits: CausalityLimits
    private var entries: [Dot] = []
    private(set) var cloud: [Dot] = []
    private var last: ActorID?

    init(limits: CausalityLimits) {
        self.limits = limits
    }

    /// What has been read.
    var context: CausalContext {
        CausalContext(vector: VersionVector(sorted: entries), cloud: cloud)
    }

    /// Reads how many actors follow, and makes room for as many as the bytes can hold.
    mutating func decodeActorCount(from reader: inout FieldReader) throws(DecodingFailure) -> Int {
        let count = try reader.decodeCount(limit: limits.actors, "actors")
        entries.reserveCapacity(min(count, reader.readableBytes / NodeID.byteCount))
        return count
    }

    /// Reads the next actor; its dots beyond its counter are those of ``cloud`` from `start` on.
    mutating func decodeActor(
        from reader: inout FieldReader
    ) throws(DecodingFailure) -> (actor: ActorID, contiguous: UInt64, start: Int) {
        let actor = ActorID(
            node: try reader.decodeNodeID("actor's node"), epoch: try reader.decodeVarint("actor's epoch"))
        if let last {
            guard last < actor else { throw .invalid("order of actors") }
        }
        last = actor
        let contiguous = try reader.decodeCounter("contiguous counter")
        let count = try reader.decodeCount(limit: limits.cloud - cloud.count, "cloud")
        guard contiguous > 0 || count > 0 else { throw .invalid("actor without a dot") }
        if contiguous > 0 {
            entries.append(Dot(actor: actor, counter: contiguous))
        }
        let start = cloud.count
        var least = contiguous + 2
        for _ in 0..<count {
            let counter = try reader.decodeCounter(from: least, "dot of the cloud")
            cloud.append(Dot(actor: actor, counter: counter))
            least = counter + 1
        }
        return (actor, contiguous, start)
    }
}

extension FieldReader {
    /// Reads a counter as its distance from the least that it can be.
    @inline(__always)
    mutating func decodeCounter(
        from least: UInt64 = 0, _ field: @autoclosure () -> String
    ) throws(DecodingFailure) -> UInt64 {
        let (counter, overflow) = try decodeVarint(field()).addingReportingOverflow(least)
        guard !overflow, counter <= Dot.counterLimit else { throw .invalid(field()) }
        return counter
    }
}
