import Machine
import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import RPC

@Suite struct ConnectionTests {
    @Test func `frames reach the delegate however the bytes are cut`() throws {
        for seed in UInt64(0)..<200 {
            var generator = SeededGenerator(seed: seed)
            let end = try Embedded(acceptor: try Embedded.plainAcceptor())
            end.recorder.echoes = true
            var stream = frameBytes(.hello, 0, try peer(there).encode)
            let payloads = (0..<20).map { "payload \($0) " + String(repeating: "·", count: Int(generator.below(300))) }
            for (index, payload) in payloads.enumerated() {
                stream.writeImmutableBuffer(frameBytes(request, UInt64(index)) { $0.writeString(payload) })
            }
            let longest = seed == 0 ? 1 : seed == 1 ? UInt64(stream.readableBytes) : 400
            while stream.readableBytes > 0 {
                let wanted = seed < 2 ? longest : 1 + generator.below(longest)
                let piece = stream.readSlice(length: min(stream.readableBytes, Int(wanted)))
                try end.channel.writeInbound(piece ?? ByteBuffer())
            }
            let received = end.recorder.events.filter { if case .received = $0 { true } else { false } }
            let expected = payloads.enumerated().map { Recorder.Event.received(UInt64($0), $1) }
            #expect(received == expected, "seed \(seed)")
            #expect(end.recorder.events.first == .opened, "seed \(seed)")
            let sent = try end.sent()
            #expect(sent.first?.kind == .handshakeReply, "seed \(seed)")
            #expect(sent.dropFirst().map { String(buffer: $0.payload) } == payloads, "seed \(seed)")
            _ = try end.channel.finish()
        }
    }

    @Test func `replies of one read go out in one write`() throws {
        let end = try Embedded.opened()
        end.recorder.echoes = true
        var stream = ByteBuffer()
        for id in UInt64(0)..<50 {
            stream.writeImmutableBuffer(frameBytes(request, id) { $0.writeString("hello") })
        }
        try end.channel.writeInbound(stream)
        let first = try end.channel.readOutbound(as: ByteBuffer.self)
        #expect(first?.readableBytes == stream.readableBytes)
        #expect(try end.channel.readOutbound(as: ByteBuffer.self) == nil)
    }

    @Test func `a large payload goes out as it is, and in order`() throws {
        let end = try Embedded.opened()
        let large = ByteBuffer(repeating: 1, count: 100_000)
        #expect(end.connection.send(kind: request, requestID: 1) { $0.writeString("a") } == .queued)
        #expect(end.connection.send(kind: request, requestID: 2, payload: large) == .queued)
        #expect(end.connection.send(kind: request, requestID: 3) { $0.writeString("b") } == .queued)
        end.connection.flush()
        var sent: [ByteBuffer] = []
        while let bytes = try end.channel.readOutbound(as: ByteBuffer.self) {
            sent.append(bytes)
        }
        #expect(sent.count == 3)
        let address = large.withUnsafeReadableBytes { $0.baseAddress }
        #expect(sent.dropFirst().first?.withUnsafeReadableBytes { $0.baseAddress } == address)
        #expect(sent.reduce(0) { $0 + $1.readableBytes } == 3 * FrameHeader.overhead + 2 + 100_000)
    }

    @Test func `a client's frames are held shorter than a node's, at both ends`() throws {
        var configuration = RPCConfiguration()
        configuration.frameLengthLimit = 1000
        configuration.nodeFrameLengthLimit = 2000
        let long = frameBytes(request, 1) { $0.writeRepeatingByte(1, count: 1500) }

        let ofPeer = try Embedded.opened(configuration)
        try ofPeer.channel.writeInbound(long)
        #expect(ofPeer.recorder.events.contains(.received(1, String(repeating: "\u{1}", count: 1500))))

        let client = try Hello(role: .client, nodeID: .zero, clusterName: "toys")
        let ofClient = try Embedded(acceptor: try Embedded.plainAcceptor(), configuration: configuration)
        try ofClient.channel.writeInbound(frameBytes(.hello, 0, client.encode))
        #expect(
            ofClient.connection.send(
                kind: request, flags: .reply, requestID: 1, payload: ByteBuffer(repeating: 1, count: 1500))
                == .queued)
        try ofClient.channel.writeInbound(long)
        ofClient.loop.run()
        #expect(
            ofClient.recorder.events.last == .closed(.malformed(.tooLarge("frame length", limit: 1000))))

        let own = try Embedded(initiator: client, configuration: configuration)
        #expect(
            own.connection.send(kind: request, requestID: 1, payload: ByteBuffer(repeating: 1, count: 991))
                == .tooLarge(limit: 1000))
    }

    @Test func `a frame over the limit is refused and leaves no trace`() throws {
        var configuration = RPCConfiguration()
        configuration.nodeFrameLengthLimit = 1000
        let end = try Embedded.opened(configuration)
        #expect(
            end.connection.send(kind: request, requestID: 1, payload: ByteBuffer(repeating: 1, count: 991))
                == .tooLarge(limit: 1000))
        #expect(
            end.connection.send(kind: request, requestID: 1) { $0.writeRepeatingByte(1, count: 991) }
                == .tooLarge(limit: 1000))
        #expect(end.connection.queuedByteCount == 0)
        #expect(
            end.connection.send(kind: request, requestID: 1) { $0.writeRepeatingByte(1, count: 990) } == .queued)
    }

    @Test func `a full channel keeps frames back, up to the limit, and stops an acceptor's reading`() throws {
        var configuration = RPCConfiguration()
        configuration.outboundByteLimit = 1000
        let end = try Embedded.opened(configuration)
        end.setWritable(false)
        end.loop.run()
        var queued = 0
        while end.connection.send(kind: request, requestID: 1, payload: ByteBuffer(repeating: 1, count: 86)) == .queued
        {
            queued += 1
        }
        #expect(queued == 10)
        #expect(end.connection.send(kind: request, requestID: 1, payload: ByteBuffer(string: "x")) == .busy)
        end.connection.flush()
        #expect(try end.sent().isEmpty)
        #expect(end.connection.readsPaused)
        end.setWritable(true)
        #expect(try end.sent().count == 10)
        #expect(!end.connection.readsPaused)
        #expect(end.recorder.events == [.writable(false), .writable(true)])
    }

    @Test(arguments: [
        "ffffffff", "00000000", "0000000a01000000000000000000", "0000000a02000000000000000000",
        "0000000a05000000000000000000", "0000000a10f00000000000000000",
    ])
    func `what is no frame ends the connection`(hexadecimal: String) throws {
        let end = try Embedded.opened()
        var bytes = ByteBuffer()
        let digits = Array(hexadecimal)
        for index in stride(from: 0, to: digits.count, by: 2) {
            bytes.writeInteger(try #require(UInt8(String(digits[index...index + 1]), radix: 16)))
        }
        try end.channel.writeInbound(bytes)
        end.loop.run()
        guard case .closed(.malformed)? = end.recorder.events.last else {
            Issue.record("\(end.recorder.events)")
            return
        }
        #expect(!end.channel.isActive)
        #expect(end.connection.send(kind: request, requestID: 1, payload: ByteBuffer()) == .closed)
    }

    @Test func `nothing is received after a close from within a read`() throws {
        let end = try Embedded(initiator: try peer(here))
        let closer = Closer()
        end.connection.delegate = closer
        var stream = acceptance(there)
        for id in UInt64(1)...5 {
            stream.writeImmutableBuffer(frameBytes(request, id))
        }
        try end.channel.writeInbound(stream)
        end.loop.run()
        #expect(closer.received == 1)
        #expect(closer.closed == [.closedHere])
    }

    @Test func `what was sent before a close still goes out`() throws {
        let end = try Embedded.opened()
        #expect(end.connection.send(kind: request, requestID: 7, payload: ByteBuffer(string: "last")) == .queued)
        end.connection.close()
        #expect(try end.sent().map(\.requestID) == [7])
        #expect(end.recorder.events == [.closed(.closedHere)])
        #expect(!end.channel.isActive)
    }

    @Test func `a silent connection is asked for a sign of life, and then given up`() throws {
        let end = try Embedded.opened()
        end.loop.advanceTime(by: .seconds(2))
        #expect(try end.sent().isEmpty, "the handshake was within this interval")
        end.loop.advanceTime(by: .seconds(2))
        #expect(try end.sent().map(\.kind) == [.ping])
        try end.channel.writeInbound(frameBytes(.pong, 1))
        end.loop.advanceTime(by: .seconds(2))
        #expect(try end.sent().isEmpty)
        end.loop.advanceTime(by: .seconds(4))
        #expect(try end.sent().map(\.kind) == [.ping, .ping])
        #expect(end.recorder.events.allSatisfy { $0 == .readComplete })
        end.loop.advanceTime(by: .seconds(2))
        #expect(end.recorder.events.last == .closed(.unresponsive))
        #expect(!end.channel.isActive)
    }

    @Test func `a ping is answered with its id, and never reaches the delegate`() throws {
        let end = try Embedded.opened()
        try end.channel.writeInbound(frameBytes(.ping, 99))
        let sent = try end.sent()
        #expect(sent.map(\.kind) == [.pong])
        #expect(sent.map(\.requestID) == [99])
        #expect(end.recorder.events == [.readComplete])
    }

    @Test func `pings without end from one who does not read are bounded`() throws {
        var configuration = RPCConfiguration()
        configuration.outboundByteLimit = 1000
        let end = try Embedded.opened(configuration)
        end.setWritable(false)
        for id in UInt64(0)..<10_000 {
            try end.channel.writeInbound(frameBytes(.ping, id))
        }
        #expect(end.connection.queuedByteCount < 1000 + FrameHeader.overhead)
    }
}

final class Closer: RPCConnectionDelegate {
    var received = 0
    var closed: [ConnectionCloseReason] = []

    func connection(_ connection: RPCConnection, received frame: Frame) {
        received += 1
        connection.close()
        assert(closed.isEmpty, "called from within a call")
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        closed.append(reason)
    }
}

func acceptance(_ id: NodeID, version: UInt16 = 1) -> ByteBuffer {
    frameBytes(.handshakeReply, 0, HandshakeReply.accepted(version: version, features: [], nodeID: id).encode)
}
