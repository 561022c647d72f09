import Machine
import Simulator
import Testing

@testable import Causality

/// The byte forms: to the letter, one for each value, and nothing that comes from outside can do harm.
@Suite struct EncodingTests {
    static func bytes(_ encode: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        encode(&buffer)
        return Array(buffer.readableBytesView)
    }

    static let nodeA: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0, 0, 0, 0, 0]
    static let nodeB: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0x62, 0, 0, 0, 0, 0, 0, 0, 0]

    /// `a` up to 300 in epoch 2, `b` with the dots 3, 4 and 9 beyond a gap; siblings of every kind.
    static let object: Object = {
        let early = ActorID(node: actor("a").node, epoch: 2)
        return Object(
            context: CausalContext(
                vector: VersionVector([Dot(actor: early, counter: 300)]),
                cloud: [dot("b", 3), dot("b", 4), dot("b", 9)]),
            siblings: [
                Sibling(
                    dot: Dot(actor: early, counter: 299), timestamp: HybridTimestamp(milliseconds: 1, counter: 2),
                    content: .value(ByteBuffer(string: "hi"), contentType: "a/b")),
                Sibling(
                    dot: dot("b", 3), timestamp: .zero, expiry: 258,
                    content: .value(ByteBuffer(), contentType: "")),
                Sibling(dot: dot("b", 9), timestamp: HybridTimestamp(rawValue: .max), content: .tombstone),
            ])
    }()

    static let golden: [UInt8] =
        [1, 2]
        + nodeA + [2, 0xac, 0x02, 0, 1, 0xaa, 0x02]
        + nodeB + [1, 0, 3, 1, 0, 4, 2, 2, 5]
        + [0, 0, 0, 0, 0, 1, 0, 2, 1, 3, 0x61, 0x2f, 0x62, 2, 0x68, 0x69]
        + [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0]
        + [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]

    @Test func `objects and contexts have the bytes that the format says`() throws {
        #expect(Self.bytes(Self.object.encode) == Self.golden)
        #expect(Self.bytes(Object().encode) == [1, 0])
        #expect(
            Self.bytes(Self.object.context.encode)
                == [2] + Self.nodeA + [2, 0xac, 0x02, 0] + Self.nodeB + [1, 0, 3, 1, 0, 4])
        #expect(Self.bytes(CausalContext().encode) == [0])

        var buffer = ByteBuffer(bytes: Self.golden)
        #expect(try Object(decoding: &buffer) == Self.object)
        #expect(buffer.readableBytes == 0)
    }

    @Test func `a cloud around the vector keeps its place among the actors`() throws {
        let context = CausalContext([dot("a", 2), dot("b", 1), dot("b", 3), dot("c", 2), dot("c", 3)])
        #expect(context.actorCount == 3)
        var buffer = ByteBuffer()
        context.encode(into: &buffer)
        #expect(try CausalContext(decoding: &buffer) == context)
    }

    @Test func `what clients and replicas reach comes back from its bytes`() throws {
        for seed in 0..<UInt64(1_000) {
            var generator = SeededGenerator(seed: seed)
            var world = CausalWorld(copies: 3, clients: 3)
            for _ in 0..<16 {
                let number = CausalRun.step(&world, &generator).copy
                let object = world.copies[number].object
                var buffer = ByteBuffer()
                object.encode(into: &buffer)
                let decoded = try Object(decoding: &buffer)
                try #require(decoded == object && buffer.readableBytes == 0, "seed \(seed)")
                for client in world.clients {
                    client.context.encode(into: &buffer)
                    let context = try CausalContext(decoding: &buffer)
                    try #require(context == client.context && buffer.readableBytes == 0, "seed \(seed)")
                }
            }
        }
    }

    @Test func `every truncation is an error`() {
        for count in Self.golden.indices {
            var buffer = ByteBuffer(bytes: Self.golden[..<count])
            #expect(throws: DecodingFailure.self) { try Object(decoding: &buffer) }
        }
    }

    @Test func `bytes that were changed give an error, or the one value whose bytes they are`() throws {
        var generator = SeededGenerator(seed: 7)
        var accepted = 0
        for run in 0..<20_000 {
            var bytes = Self.golden
            for _ in 0...generator.below(3) {
                let index = Int(generator.below(UInt64(bytes.count)))
                switch generator.below(4) {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes[index] ^= 1 << UInt8(generator.below(8))
                case 2: bytes.remove(at: index)
                default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
                }
            }
            var buffer = ByteBuffer(bytes: bytes)
            guard let object = try? Object(decoding: &buffer) else { continue }
            accepted += 1
            try #require(object.brokenInvariant == nil, "run \(run)")
            try #require(Self.bytes(object.encode) == bytes.dropLast(buffer.readableBytes), "run \(run)")
        }
        #expect(accepted > 1_000)
    }

    @Test(arguments: [
        ([2, 0], "object format"),
        ([1, 2] + nodeB + [1, 1, 0, 0] + nodeA + [1, 1, 0, 0], "order of actors"),
        ([1, 2] + nodeA + [1, 1, 0, 0] + nodeA + [1, 1, 0, 0], "order of actors"),
        ([1, 1] + nodeA + [1, 0, 0, 0], "actor without a dot"),
        ([1, 1] + nodeA + [1, 2, 0, 1, 2], "sibling outside of the context"),
        ([1, 1] + nodeA + [1, 2, 1, 0, 1, 2], "sibling outside of the context"),
        ([1, 1] + nodeA + [1] + [UInt8](repeating: 0xff, count: 9) + [1, 0, 0], "contiguous counter"),
        ([1, 1] + nodeA + [1, 1, 1] + [UInt8](repeating: 0xff, count: 9) + [1, 0], "dot of the cloud"),
        ([1, 1] + nodeA + [1, 1, 1] + [UInt8](repeating: 0xff, count: 8) + [0x7f, 0], "dot of the cloud"),
        ([1, 1] + nodeA + [1, 1, 0, 1, 0] + [UInt8](repeating: 0, count: 8) + [3], "kind of sibling"),
        (
            [1, 1] + nodeA + [1, 1, 0, 1, 0] + [UInt8](repeating: 0, count: 8) + [2] + [UInt8](repeating: 0, count: 8),
            "expiry"
        ),
        ([1, 1] + nodeA + [1, 1, 0, 1, 0] + [UInt8](repeating: 0, count: 8) + [1, 1, 0xff, 0], "content type"),
    ])
    func `what is not canonical is refused by its name`(bytes: [UInt8], field: String) {
        var buffer = ByteBuffer(bytes: bytes)
        #expect(throws: DecodingFailure.invalid(field)) { try Object(decoding: &buffer) }
    }

    @Test func `counts and lengths beyond the limits are refused before anything is made for them`() {
        func failure(_ limits: CausalityLimits) -> DecodingFailure? {
            var buffer = ByteBuffer(bytes: Self.golden)
            do throws(DecodingFailure) {
                _ = try Object(decoding: &buffer, limits: limits)
                return nil
            } catch {
                return error
            }
        }
        #expect(failure(CausalityLimits(actors: 1)) == .tooLarge("actors", limit: 1))
        #expect(failure(CausalityLimits(cloud: 2)) == .tooLarge("cloud", limit: 2))
        #expect(failure(CausalityLimits(siblings: 2)) == .tooLarge("siblings", limit: 1))
        #expect(failure(CausalityLimits(valueBytes: 1)) == .tooLarge("value", limit: 1))
        #expect(failure(CausalityLimits(actors: 2, cloud: 3, siblings: 3, valueBytes: 2)) == nil)
    }
}
