import Machine
import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import RPC

@Suite struct HandshakeTests {
    private func reply(of end: Embedded) throws -> HandshakeReply? {
        guard let frame = try end.sent().first, frame.kind == .handshakeReply else { return nil }
        var payload = frame.payload
        return try HandshakeReply(decoding: &payload)
    }

    @Test func `an acceptor answers and tells its delegate who came`() throws {
        let end = try Embedded(acceptor: try Embedded.plainAcceptor())
        #expect(end.recorder.events.isEmpty)
        try end.channel.writeInbound(frameBytes(.hello, 0, peer(there).encode))
        #expect(try reply(of: end) == .accepted(version: 1, features: [], nodeID: here))
        #expect(end.recorder.events == [.opened, .readComplete])
        #expect(end.connection.remote?.nodeID == there)
        #expect(end.connection.remote?.role == .peer)
    }

    @Test func `an initiator introduces itself first, and its frames wait for the answer`() throws {
        let end = try Embedded(initiator: try peer(here), expecting: there)
        #expect(end.connection.send(kind: request, requestID: 5, payload: ByteBuffer()) == .queued)
        end.connection.flush()
        #expect(try end.sent().map(\.kind) == [.hello])
        try end.channel.writeInbound(acceptance(there))
        #expect(try end.sent().map(\.requestID) == [5])
        #expect(end.recorder.events.first == .opened)
        #expect(end.connection.remote?.nodeID == there)
    }

    @Test func `another cluster, another version, and who is not admitted are told why`() throws {
        let two = ProtocolVersions(2)
        let cases: [(Hello, HandshakeRefusal)] = [
            (try peer(there, cluster: "dolls"), .wrongCluster("toys")),
            (try peer(there, versions: two), .wrongVersion(.current)),
            (try peer(there), .removed),
        ]
        for (hello, refusal) in cases {
            var acceptor = try Embedded.plainAcceptor()
            acceptor.admit = { $0.nodeID == there ? .removed : nil }
            let end = try Embedded(acceptor: acceptor)
            try end.channel.writeInbound(frameBytes(.hello, 0, hello.encode))
            #expect(try reply(of: end) == .refused(refusal))
            #expect(end.recorder.events.isEmpty)
            #expect(!end.channel.isActive)
            #expect(end.connection.closeReason == .refusedHere(refusal))
        }
    }

    @Test func `an initiator hears why it was refused`() throws {
        let end = try Embedded(initiator: try peer(here))
        try end.channel.writeInbound(
            frameBytes(.handshakeReply, 0, HandshakeReply.refused(.wrongCluster("dolls")).encode))
        end.loop.run()
        #expect(end.recorder.events == [.closed(.refusedByRemote(.wrongCluster("dolls")))])
        #expect("\(ConnectionCloseReason.refusedByRemote(.wrongCluster("dolls")))".contains("“dolls”"))
    }

    @Test func `another node at a reused address is no peer`() throws {
        let end = try Embedded(initiator: try peer(here), expecting: there)
        let stranger = NodeID(high: 9, low: 9)
        try end.channel.writeInbound(acceptance(stranger))
        end.loop.run()
        #expect(end.recorder.events == [.closed(.wrongNode(stranger))])
    }

    @Test func `an answer outside of what was offered is refused`() throws {
        let end = try Embedded(initiator: try peer(here))
        try end.channel.writeInbound(acceptance(there, version: 2))
        end.loop.run()
        #expect(end.recorder.events == [.closed(.malformed(.invalid("version")))])
    }

    @Test func `both ends give up a handshake that does not come`() throws {
        let acceptor = try Embedded(acceptor: try Embedded.plainAcceptor())
        acceptor.loop.advanceTime(by: .seconds(5))
        #expect(!acceptor.channel.isActive)
        #expect(acceptor.connection.closeReason == .handshakeTimeout)
        #expect(acceptor.recorder.events.isEmpty)
        let initiator = try Embedded(initiator: try peer(here))
        initiator.loop.advanceTime(by: .seconds(5))
        #expect(!initiator.channel.isActive)
        #expect(initiator.recorder.events == [.closed(.handshakeTimeout)])
    }

    @Test func `no message is taken before the handshake`() throws {
        let end = try Embedded(acceptor: try Embedded.plainAcceptor())
        try end.channel.writeInbound(frameBytes(request, 0))
        end.loop.run()
        #expect(end.connection.closeReason == .malformed(.invalid("frame kind")))
        #expect(!end.channel.isActive)
    }

    @Test func `a handshake has one form of header`() throws {
        for (flags, requestID) in [(FrameFlags.reply, UInt64(0)), ([], 1)] {
            let end = try Embedded(acceptor: try Embedded.plainAcceptor())
            try end.channel.writeInbound(frameBytes(.hello, flags: flags, requestID, try peer(there).encode))
            #expect(end.connection.closeReason == .malformed(.invalid("handshake header")))
        }
    }

    @Test func `a first frame over the handshake's limit is refused by its length`() throws {
        let end = try Embedded(acceptor: try Embedded.plainAcceptor())
        try end.channel.writeInbound(ByteBuffer(bytes: [0, 0, 2, 1]))
        #expect(end.connection.closeReason == .malformed(.tooLarge("frame length", limit: 512)))
    }

    @Test func `connections and handshakes are counted and bounded`() throws {
        var configuration = RPCConfiguration()
        configuration.connectionLimit = 1
        configuration.handshakingConnectionLimit = 2
        let counts = ConnectionCounts(configuration)
        #expect(counts.handshakeBegan())
        #expect(counts.handshakeBegan())
        #expect(!counts.handshakeBegan())
        #expect(counts.handshakeBecameConnection())
        #expect(!counts.handshakeBecameConnection())
        #expect(counts.handshakeBegan())
        counts.connectionClosed()
        #expect(counts.handshakeBecameConnection())
    }

    @Test func `a listener with no more room says so`() throws {
        var configuration = RPCConfiguration()
        configuration.connectionLimit = 0
        let end = try Embedded(acceptor: try Embedded.plainAcceptor(), configuration: configuration)
        try end.channel.writeInbound(frameBytes(.hello, 0, peer(there).encode))
        #expect(try reply(of: end) == .refused(.busy))
        #expect(!end.channel.isActive)
        // The place of the handshake is free again.
        #expect(end.counts.handshakeBegan())
    }
}
