import Machine
import Testing

@testable import Ring

@Suite struct EncodingTests {
    static func sample() -> Member {
        var holdings = PartitionSet.none(of: 16)
        holdings.insert(PartitionID(index: 3))
        var member = Member(
            id: NodeID(high: 1, low: 2), name: "bär", host: "10.0.0.1", port: 7400, httpPort: 7401, respPort: 7402,
            zone: "z", weight: 200, state: .up, holdings: holdings, softwareVersion: "1.0", version: 5, run: 9)
        member.runs = [3, 9]
        member.directive = Directive(epoch: 6, kind: .leave, weight: 9)
        return member
    }

    @Test("A member has its golden bytes")
    func goldenMember() throws {
        var buffer = ByteBuffer()
        Self.sample().encode(into: &buffer)
        var expected: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
        expected += [
            0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0x1c, 0xe8, 0x1c, 0xe9, 0x1c, 0xea, 0, 0, 0, 200,
        ]
        expected += [4, 0x62, 0xc3, 0xa4, 0x72, 8] + Array("10.0.0.1".utf8) + [1, 0x7a, 3] + Array("1.0".utf8)
        expected += [0x44, 8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9]
        expected += [0, 0, 0, 6, 1, 0, 0, 0, 9]
        #expect(Array(buffer.readableBytesView) == expected)
        #expect(try Member(decoding: &buffer) == Self.sample())
    }

    @Test("A directive, an epoch and a configuration have their golden bytes")
    func goldenOthers() throws {
        var buffer = ByteBuffer()
        Directive(epoch: 1, kind: .remove, weight: nil).encode(into: &buffer)
        RingEpoch(measure: 3, digest: 4).encode(into: &buffer)
        let configuration = try #require(RingConfiguration(birth: 0x0102))
        configuration.encode(into: &buffer)
        let expected: [UInt8] =
            [0, 0, 0, 1, 2, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4] + [10, 3]
            + [0, 0, 0, 0, 0, 0, 1, 2]
        #expect(Array(buffer.readableBytesView) == expected)
        #expect(try Directive(decoding: &buffer) == Directive(epoch: 1, kind: .remove, weight: nil))
        #expect(try RingEpoch(decoding: &buffer) == RingEpoch(measure: 3, digest: 4))
        #expect(try RingConfiguration(decoding: &buffer) == configuration)
    }

    @Test("A table survives its encoding with its epoch, whatever order it came in")
    func tables() throws {
        let records = makeMembers(20, zones: 3, seed: 1)
        var bytes: [ByteBuffer] = []
        for order in [records, records.reversed()] {
            var buffer = ByteBuffer()
            Membership(order).encode(into: &buffer)
            bytes.append(buffer)
        }
        #expect(bytes[0] == bytes[1])
        let read = try Membership(decoding: &bytes[0])
        #expect(read == Membership(records) && read.epoch == Membership(records).epoch)
    }

    @Test("Damaged bytes give an error or a value, never a trap", arguments: 0..<5 as Range<UInt64>)
    func damage(seed: UInt64) {
        let survived = survivesDamage(Self.sample(), seed: seed, encode: { value, bytes in value.encode(into: &bytes) })
        {
            bytes throws(DecodingFailure) in try Member(decoding: &bytes)
        }
        #expect(survived, "seed \(seed)")
        let table = Membership(makeMembers(2, seed: seed) + [Self.sample()])
        let tableSurvived = survivesDamage(table, seed: seed, encode: { value, bytes in value.encode(into: &bytes) }) {
            bytes throws(DecodingFailure) in try Membership(decoding: &bytes)
        }
        #expect(tableSurvived, "seed \(seed)")
    }

    @Test("What is over its limit is refused, by the check and by the decoder")
    func limits() {
        let changes: [@Sendable (inout Member) -> Void] = [
            { $0.name = String(repeating: "n", count: 65) }, { $0.zone = String(repeating: "ä", count: 33) },
            { $0.host = String(repeating: "h", count: 256) }, { $0.weight = 0 }, { $0.weight = 10_001 },
            { $0.state = .removed }, { $0.softwareVersion = String(repeating: "1", count: 65) },
        ]
        for (number, change) in changes.enumerated() {
            var member = Self.sample()
            #expect(throws: Never.self) { try member.check() }
            change(&member)
            #expect(throws: DecodingFailure.self, "change \(number)") { try member.check() }
            var buffer = ByteBuffer()
            member.encode(into: &buffer)
            #expect(throws: DecodingFailure.self, "change \(number)") { try Member(decoding: &buffer) }
        }
        #expect(RingConfiguration(partitions: 1000) == nil && RingConfiguration(partitions: 131_072) == nil)
        #expect(RingConfiguration(replicas: 0) == nil && RingConfiguration(replicas: 17) == nil)
        #expect(RingConfiguration(partitions: 0) == nil && RingConfiguration(partitions: 1, replicas: 16) != nil)
    }
}
