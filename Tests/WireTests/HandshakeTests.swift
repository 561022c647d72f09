import Machine
import Testing
import Wire

@Suite struct HandshakeTests {
    static let id = NodeID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
    static let golden = bytes(
        """
        544f5953 0001 0003 01 0000000000000005 00112233445566778899aabbccddeeff
        04 746f7973 02 7077
        """)

    static func peer(
        _ cluster: String = "toys", versions: ProtocolVersions = ProtocolVersions(1), features: UInt64 = 0
    ) throws -> Hello {
        try Hello(
            role: .peer, nodeID: id, clusterName: cluster, versions: versions,
            features: ProtocolFeatures(rawValue: features))
    }

    @Test func `a hello has these bytes`() throws {
        let versions = try #require(ProtocolVersions(minimum: 1, maximum: 3))
        let hello = try Hello(
            role: .peer, nodeID: Self.id, clusterName: "toys", versions: versions,
            features: ProtocolFeatures(rawValue: 5), credential: ByteBuffer(string: "pw"))
        #expect(encoded(hello.encode) == Self.golden)
        var rest = Self.golden
        #expect(try Hello(decoding: &rest) == hello)
    }

    @Test(arguments: [
        (
            HandshakeReply.accepted(version: 2, features: ProtocolFeatures(rawValue: 4), nodeID: id),
            "544f5953 00 0002 0000000000000004 00112233445566778899aabbccddeeff"
        ),
        (.refused(.wrongCluster("toys")), "544f5953 01 04 746f7973"),
        (.refused(.wrongVersion(ProtocolVersions(7))), "544f5953 02 0007 0007"),
        (.refused(.removed), "544f5953 03"),
        (.refused(.busy), "544f5953 04"),
        (.refused(.unauthorized), "544f5953 05"),
        (.refused(.other("no")), "544f5953 06 02 6e6f"),
    ])
    func `replies have these bytes, and nothing else is one`(reply: HandshakeReply, hexadecimal: String) throws {
        #expect(encoded(reply.encode) == bytes(hexadecimal))
        var rest = bytes(hexadecimal)
        #expect(try HandshakeReply(decoding: &rest) == reply)
        let isSound = hammer(bytes(hexadecimal), seed: 11) { (buffer) throws(DecodingFailure) in
            encoded(try HandshakeReply(decoding: &buffer).encode)
        }
        #expect(isSound, "seed 11")
        var longer = bytes(hexadecimal + "00")
        #expect(throws: DecodingFailure.self) { try HandshakeReply(decoding: &longer) }
    }

    @Test func `truncated and changed hellos give a failure or a value`() {
        let isSound = hammer(Self.golden, seed: 12, rounds: 20_000) { (buffer) throws(DecodingFailure) in
            encoded(try Hello(decoding: &buffer).encode)
        }
        #expect(isSound, "seed 12")
    }

    @Test func `what another end could not decode cannot be made`() {
        let long = String(repeating: "é", count: 33)
        #expect(throws: DecodingFailure.tooLarge("cluster name", limit: 64)) {
            try Hello(role: .client, clusterName: long)
        }
        #expect(throws: DecodingFailure.invalid("node id")) { try Hello(role: .peer, clusterName: "toys") }
        #expect(throws: DecodingFailure.invalid("cluster name")) { try Self.peer("") }
        #expect(throws: DecodingFailure.invalid("node id")) {
            try Hello(role: .client, nodeID: Self.id, clusterName: "toys")
        }
        #expect(throws: DecodingFailure.tooLarge("credential", limit: 256)) {
            try Hello(role: .client, clusterName: "", credential: ByteBuffer(repeating: 1, count: 257))
        }
    }

    @Test func `the greatest hello and reply fit into the first frame`() throws {
        let hello = try Hello(
            role: .peer, nodeID: Self.id, clusterName: String(repeating: "n", count: 64),
            credential: ByteBuffer(repeating: 1, count: 256))
        #expect(encoded(hello.encode).readableBytes == 356)
        let reply = HandshakeReply.refused(.other(String(repeating: "é", count: 500)))
        var bytes = encoded(reply.encode)
        #expect(bytes.readableBytes <= Hello.frameLengthLimit - FrameHeader.byteCount)
        let cut = String(repeating: "é", count: 128)
        #expect(try HandshakeReply(decoding: &bytes) == .refused(.other(cut)))
    }

    @Test func `the newest common version and the common features are agreed`() throws {
        let mine = try Self.peer(versions: try #require(ProtocolVersions(minimum: 2, maximum: 5)), features: 0b0110)
        let theirs = try Self.peer(versions: try #require(ProtocolVersions(minimum: 1, maximum: 4)), features: 0b0011)
        #expect(
            mine.reply(to: theirs)
                == .accepted(version: 4, features: ProtocolFeatures(rawValue: 0b0010), nodeID: Self.id))
        let ancient = try Self.peer(versions: ProtocolVersions(1))
        #expect(mine.reply(to: ancient) == .refused(.wrongVersion(mine.versions)))
        #expect(mine.reply(to: try Self.peer("dolls", versions: mine.versions)) == .refused(.wrongCluster("toys")))
    }

    @Test func `a client without a cluster's name is let into any`() throws {
        let reply = try Self.peer().reply(to: Hello(role: .client, clusterName: ""))
        #expect(reply == .accepted(version: 1, features: [], nodeID: Self.id))
        let other = try Self.peer().reply(to: Hello(role: .client, clusterName: "dolls"))
        #expect(other == .refused(.wrongCluster("toys")))
    }
}
