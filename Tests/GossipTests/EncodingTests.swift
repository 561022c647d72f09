import Machine
import Testing

@testable import Gossip

@Suite struct EncodingTests {
    static let first = NodeID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)
    static let second = NodeID(high: 0x1112_1314_1516_1718, low: 0x191a_1b1c_1d1e_1f20)
    static let address = GossipAddress.literal("10.0.0.7", 7400)
    static let firstHex = "0102030405060708090a0b0c0d0e0f10"
    static let secondHex = "1112131415161718191a1b1c1d1e1f20"
    static let addressHex = "08" + "31302e302e302e37" + "1ce8"

    static func update(
        _ status: GossipMember.Status, incarnation: UInt64 = 300, metadata: String = "ab"
    ) -> GossipUpdate {
        GossipUpdate(
            GossipMember(
                id: second, address: address, incarnation: incarnation, status: status,
                checkedMetadata: ByteBuffer(string: metadata)),
            accuser: first)
    }

    /// Every kind of datagram with its bytes in hexadecimal, as in the module's documentation.
    static let golden: [(GossipDatagram, String)] = [
        (
            GossipDatagram(
                cluster: .test, message: .ping(sequence: 0x0203, source: first, target: second, digest: 0xabcdef)),
            "01" + "afd071e5" + "01" + "0000000000000203" + firstHex + secondHex + "0000000000abcdef" + "00"
        ),
        (
            GossipDatagram(
                cluster: .test,
                message: .pingRequest(sequence: 5, source: first, target: second, address: address)),
            "01" + "afd071e5" + "02" + "0000000000000005" + firstHex + secondHex + addressHex + "00"
        ),
        (
            GossipDatagram(
                cluster: .test, message: .acknowledgement(sequence: 6, source: first, digest: 7),
                updates: [update(.alive)]),
            "01" + "afd071e5" + "03" + "0000000000000006" + firstHex + "0000000000000007" + "01"
                + "00" + secondHex + "ac02" + addressHex + "026162"
        ),
        (
            GossipDatagram(cluster: .test, message: .negativeAcknowledgement(sequence: 8, source: first)),
            "01" + "afd071e5" + "04" + "0000000000000008" + firstHex + "00"
        ),
        (
            GossipDatagram(
                cluster: .test, message: .news(source: first),
                updates: [update(.suspect), update(.unreachable, metadata: ""), update(.left)]),
            "01" + "afd071e5" + "05" + firstHex + "03"
                + "01" + secondHex + "ac02" + addressHex + "026162" + firstHex
                + "02" + secondHex + "ac02" + addressHex + "00" + firstHex
                + "03" + secondHex + "ac02" + addressHex + "026162"
        ),
    ]

    static func bytes(_ datagram: GossipDatagram) -> ByteBuffer {
        var buffer = ByteBuffer()
        datagram.encode(into: &buffer)
        return buffer
    }

    static func hex(_ buffer: ByteBuffer) -> String {
        buffer.readableBytesView.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    @Test func `each kind of datagram has its golden bytes, and comes back from them`() throws {
        for (datagram, expected) in Self.golden {
            var buffer = Self.bytes(datagram)
            #expect(Self.hex(buffer) == expected)
            #expect(datagram.encodedByteCount == buffer.readableBytes)
            let decoded = try GossipDatagram(decoding: &buffer)
            #expect(decoded == datagram)
        }
    }

    @Test func `a state has its golden bytes, and leaves what comes behind it`() throws {
        let state = GossipState(cluster: .test, sender: Self.first, members: [Self.update(.suspect)])
        var buffer = ByteBuffer()
        state.encode(into: &buffer)
        #expect(
            Self.hex(buffer) == "01" + "afd071e5" + Self.firstHex + "01" + "01" + Self.secondHex + "ac02"
                + Self.addressHex + "026162" + Self.firstHex)
        buffer.writeString("more")
        let decoded = try GossipState(decoding: &buffer)
        #expect(decoded == state)
        #expect(buffer == ByteBuffer(string: "more"))
    }

    @Test func `every truncation of a datagram and of a state is refused`() {
        for (datagram, _) in Self.golden {
            let whole = Self.bytes(datagram)
            for count in 0..<whole.readableBytes {
                var part = whole.getSlice(at: 0, length: count) ?? ByteBuffer()
                #expect(throws: DecodingFailure.self) { try GossipDatagram(decoding: &part) }
            }
        }
        var whole = ByteBuffer()
        GossipState(cluster: .test, sender: Self.first, members: [Self.update(.left)]).encode(into: &whole)
        for count in 0..<whole.readableBytes {
            var part = whole.getSlice(at: 0, length: count) ?? ByteBuffer()
            #expect(throws: DecodingFailure.self) { try GossipState(decoding: &part) }
        }
    }

    @Test func `a mutated datagram is refused, or is a value that has exactly its bytes`() throws {
        var generator = SeededGenerator(seed: 20)
        var accepted = 0
        for round in 0..<6000 {
            var buffer = Self.bytes(Self.golden[round % Self.golden.count].0)
            for _ in 0...generator.below(3) {
                let place = Int(generator.below(UInt64(buffer.readableBytes)))
                buffer.setInteger(UInt8(truncatingIfNeeded: generator.next()), at: place)
            }
            let bytes = buffer
            if let datagram = try? GossipDatagram(decoding: &buffer) {
                accepted += 1
                #expect(Self.bytes(datagram) == bytes, "round \(round)")
            }
        }
        #expect(accepted > 1000)
    }

    @Test func `random bytes never trap the decoders, nor what they accept the machine`() {
        var generator = SeededGenerator(seed: 21)
        var cluster = VirtualCluster(3, seed: 21)
        cluster.form()
        for round in 0..<6000 {
            let golden = Self.golden[round % Self.golden.count].0
            // Words about the members that the machine knows, itself too, under any number.
            let target = cluster.nodes[Int(generator.below(3))]
            let word = GossipMember(
                id: target.id, address: target.address, incarnation: generator.next() >> (2 + generator.below(62)),
                status: GossipMember.Status.allCases[Int(generator.below(4))], checkedMetadata: ByteBuffer())
            let datagram = GossipDatagram(
                cluster: .test, message: golden.message, updates: golden.updates + [GossipUpdate(word)])
            var buffer = Self.bytes(datagram)
            for _ in 0..<generator.below(3) {
                let place = Int(generator.below(UInt64(buffer.readableBytes)))
                buffer.setInteger(UInt8(truncatingIfNeeded: generator.next()), at: place)
            }
            if let datagram = try? GossipDatagram(decoding: &buffer) {
                cluster.receive(.received(datagram, from: Self.address), at: 0)
            }
            if round % 100 == 0 {
                cluster.run(for: .milliseconds(300))
            }
        }
        #expect(cluster.nodes[0].machine.isTakingPart)
        #expect(cluster.nodes[0].machine.members.count <= GossipState.memberLimit)
    }

    @Test func `counts, lengths and numbers over their limits are refused`() {
        func failure(_ bytes: ByteBuffer) -> DecodingFailure? {
            var bytes = bytes
            do {
                _ = try GossipDatagram(decoding: &bytes)
                return nil
            } catch {
                return error
            }
        }
        var news = Self.bytes(GossipDatagram(cluster: .test, message: .news(source: Self.first)))
        let count = news.readableBytes - 1
        news.setInteger(UInt8(65), at: count)
        #expect(failure(news) == .tooLarge("updates", limit: 64))
        news.setInteger(UInt8(0), at: count)
        news.writeInteger(UInt8(0))
        #expect(failure(news) == .invalid("datagram"))
        news.writeRepeatingByte(0, count: GossipDatagram.byteLimit)
        #expect(failure(news) == .tooLarge("datagram", limit: GossipDatagram.byteLimit))

        let large = GossipMember(
            id: Self.second, address: Self.address, incarnation: GossipMember.incarnationLimit + 1, status: .alive,
            checkedMetadata: ByteBuffer())
        let claim = GossipDatagram(cluster: .test, message: .news(source: Self.first), updates: [GossipUpdate(large)])
        #expect(failure(Self.bytes(claim)) == .invalid("incarnation"))
        let heavy = Self.update(.alive, metadata: String(repeating: "x", count: 513))
        let load = GossipDatagram(cluster: .test, message: .news(source: Self.first), updates: [heavy])
        #expect(failure(Self.bytes(load)) == .tooLarge("metadata", limit: GossipMember.metadataByteLimit))

        #expect(GossipAddress(host: "", port: 1) == nil)
        #expect(GossipAddress(host: String(repeating: "1", count: 64), port: 1) == nil)
        #expect(
            GossipMember(
                id: Self.first, address: Self.address, incarnation: 0, metadata: ByteBuffer(repeating: 0, count: 513))
                == nil)
    }

    @Test func `no update is larger than its limit, and the largest fits into the smallest datagram`() {
        let update = GossipUpdate(
            GossipMember(
                id: Self.first, address: .literal(String(repeating: "f", count: GossipAddress.hostByteLimit), 1),
                incarnation: GossipMember.incarnationLimit, status: .suspect,
                checkedMetadata: ByteBuffer(repeating: 1, count: GossipMember.metadataByteLimit)))
        var buffer = ByteBuffer()
        update.encode(into: &buffer)
        #expect(update.encodedByteCount == buffer.readableBytes)
        #expect(update.encodedByteCount <= GossipUpdate.encodedByteLimit)
        let request = GossipDatagram.Message.pingRequest(
            sequence: 0, source: Self.first, target: Self.second,
            address: .literal(String(repeating: "f", count: 63), 1))
        #expect(GossipDatagram.encodedByteCount(of: request) + GossipUpdate.encodedByteLimit <= 800)
    }

    @Test func `the tag of a cluster is FNV-1a of its name`() {
        #expect(ClusterTag(name: "").rawValue == 0x811c_9dc5)
        #expect(ClusterTag(name: "a").rawValue == 0xe40c_292c)
        #expect(ClusterTag(name: "foobar").rawValue == 0xbf9c_f968)
    }

    @Test func `an address with colons is written in brackets`() {
        #expect(Self.address.description == "10.0.0.7:7400")
        #expect(GossipAddress.literal("::1", 80).description == "[::1]:80")
    }
}
