import Machine
import Testing
import Wire

@Suite struct MessagePropertyTests {
    @Test func `every message comes back from its bytes as it was`() throws {
        for seed in UInt64(0)..<500 {
            var generator = MessageGenerator(seed: seed)
            for message in generator.messages() {
                #expect(try message.comesBack(), "seed \(seed): \(message)")
            }
        }
    }

    @Test func `a message that was cut is refused, and a changed one is refused or another message`() {
        for seed in UInt64(0)..<25 {
            var generator = MessageGenerator(seed: seed)
            for message in generator.messages() {
                #expect(message.withstandsDamage(seed: seed, rounds: 60), "seed \(seed): \(message)")
            }
        }
    }

    @Test func `bytes without any sense are never more than refused`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            // Small numbers are tags, flags and counts.
            let small = random.chance(1, in: 2)
            let buffer = ByteBuffer(
                bytes: (0..<random.below(80)).map { _ in UInt8(random.below(small ? 9 : 256)) })
            for type in Self.types {
                Self.attempt(type, buffer)
            }
        }
    }

    @Test func `bytes behind a message are refused`() {
        var generator = MessageGenerator(seed: 3)
        for message in generator.messages() {
            var buffer = encoded(message.encode)
            buffer.writeInteger(UInt8(0))
            #expect(!Self.attempt(type(of: message), buffer), "\(message)")
        }
    }

    @Test func `no message begins with zero but the statistics of an empty node`() {
        for type in Self.types where type != NodeStatistics.self && type != MembershipExchange.self {
            #expect(!Self.attempt(type, ByteBuffer(repeating: 0, count: 200)), "\(type)")
        }
    }

    private static let types: [any Message.Type] = {
        var generator = MessageGenerator(seed: 0)
        return generator.messages().map { type(of: $0) }
    }()

    /// Whether the bytes are a message of the type.
    @discardableResult
    private static func attempt(_ type: any Message.Type, _ buffer: ByteBuffer) -> Bool {
        (try? type.decoded(buffer)) != nil
    }
}
