import Logging
import Machine
import NIOCore
import NIOEmbedded
import Wire

@testable import RPC

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let here = NodeID(high: 1, low: 1)
let there = NodeID(high: 2, low: 2)
let request = FrameKind(rawValue: 16)

func peer(_ id: NodeID, cluster: String = "toys", versions: ProtocolVersions = .current) throws -> Hello {
    try Hello(role: .peer, nodeID: id, clusterName: cluster, versions: versions)
}

/// The bytes of one frame.
func frameBytes(
    _ kind: FrameKind, flags: FrameFlags = [], _ requestID: UInt64 = 0, _ body: (inout ByteBuffer) -> Void = { _ in }
) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeFrame(FrameHeader(kind: kind, flags: flags, requestID: requestID), body)
    return buffer
}

/// Writes down what a connection says, and answers requests with their own payload when asked to.
final class Recorder: RPCConnectionDelegate {
    enum Event: Equatable {
        case opened, readComplete, writable(Bool), closed(ConnectionCloseReason)
        case received(UInt64, String)
    }

    var events: [Event] = []
    var echoes = false

    func connectionOpened(_ connection: RPCConnection) { events.append(.opened) }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        events.append(.received(frame.requestID, String(buffer: frame.payload)))
        if echoes {
            _ = connection.send(kind: frame.kind, flags: .reply, requestID: frame.requestID, payload: frame.payload)
        }
    }

    func connectionReadComplete(_ connection: RPCConnection) { events.append(.readComplete) }

    func connection(_ connection: RPCConnection, writabilityChanged isWritable: Bool) {
        events.append(.writable(isWritable))
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        events.append(.closed(reason))
    }
}

/// One end of a connection on a loop whose time stands still until it is moved.
final class Embedded {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    let connection: RPCConnection
    let recorder = Recorder()
    let counts: ConnectionCounts

    init(acceptor: RPCAcceptor, configuration: RPCConfiguration = RPCConfiguration()) throws {
        counts = ConnectionCounts(configuration)
        _ = counts.handshakeBegan()
        let recorder = NIOLoopBound(recorder, eventLoop: loop)
        var acceptor = acceptor
        acceptor.makeDelegate = { _ in recorder.value }
        connection = RPCConnection(
            .acceptor(acceptor, counts), eventLoop: loop, delegate: nil, configuration: configuration,
            logger: quietLogger)
        channel = EmbeddedChannel(loop: loop)
        try activate()
    }

    init(initiator hello: Hello, expecting: NodeID? = nil, configuration: RPCConfiguration = RPCConfiguration()) throws
    {
        counts = ConnectionCounts(configuration)
        connection = RPCConnection(
            .initiator(hello, expecting: expecting), eventLoop: loop, delegate: recorder,
            configuration: configuration, logger: quietLogger)
        channel = EmbeddedChannel(loop: loop)
        try activate()
    }

    /// An acceptor that is open to a peer, its handshake's bytes read away.
    static func opened(_ configuration: RPCConfiguration = RPCConfiguration()) throws -> Embedded {
        let end = try Embedded(acceptor: plainAcceptor(), configuration: configuration)
        try end.channel.writeInbound(frameBytes(.hello, 0, peer(there).encode))
        _ = try end.sent()
        end.recorder.events = []
        return end
    }

    static func plainAcceptor() throws -> RPCAcceptor {
        RPCAcceptor(hello: try peer(here)) { _ in Recorder() }
    }

    private func activate() throws {
        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(connection))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 7400)).wait()
    }

    /// All frames written since the last call.
    func sent() throws -> [Frame] {
        loop.run()
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            decoder.append(bytes)
            while let frame = try decoder.next() {
                frames.append(frame)
            }
        }
        return frames
    }

    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }
}
