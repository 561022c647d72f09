import Machine
import NIOCore
import NIOPosix
import Synchronization
import Wire

@testable import RPC

/// Runs a test on event loops of its own, which are gone when it returns.
func withLoops<Result: Sendable>(
    _ count: Int = 2, _ body: (MultiThreadedEventLoopGroup) async throws -> Result
) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: count)
    do {
        let result = try await body(group)
        try await group.shutdownGracefully()
        return result
    } catch {
        try await group.shutdownGracefully()
        throw error
    }
}

/// A node that answers: with the payload itself, with many bytes, or not at all.
final class Server: Sendable {
    static let echo = FrameKind(rawValue: 16)
    /// Answered with 64 KiB.
    static let large = FrameKind(rawValue: 17)
    /// Answered by the next request, before that one's own answer.
    static let late = FrameKind(rawValue: 18)
    /// Ends the connection.
    static let hangUp = FrameKind(rawValue: 19)

    let listener: RPCListener
    let log: ServerLog

    private init(listener: RPCListener, log: ServerLog) {
        self.listener = listener
        self.log = log
    }

    static func start(
        _ id: NodeID = there, port: Int = 0, on group: any EventLoopGroup,
        configuration: RPCConfiguration = RPCConfiguration(),
        admit: @escaping @Sendable (Hello) -> HandshakeRefusal? = { _ in nil }
    ) async throws -> Server {
        let log = ServerLog()
        let acceptor = RPCAcceptor(hello: try peer(id), admit: admit) { connection in
            Answering(connection, log)
        }
        let listener = try await RPCListener.bind(
            to: RPCEndpoint(host: "127.0.0.1", port: port), acceptor: acceptor, group: group,
            configuration: configuration, logger: quietLogger)
        return Server(listener: listener, log: log)
    }

    /// Stops listening, and cuts every connection.
    func stop() async {
        await listener.close()
        for connection in log.connections.withLock({ $0 }) {
            connection.eventLoop.execute { connection.value.abort(.closedHere) }
        }
    }
}

/// What a server's connections do, over all loops.
final class ServerLog: Sendable {
    struct Bound: Sendable {
        let eventLoop: any EventLoop
        private let bound: NIOLoopBound<RPCConnection>
        var value: RPCConnection { bound.value }

        init(_ connection: RPCConnection) {
            eventLoop = connection.eventLoop
            bound = NIOLoopBound(connection, eventLoop: connection.eventLoop)
        }
    }

    let connections = Mutex<[Bound]>([])
    let queued = Atomic(0)
    let busy = Atomic(0)
    let mostWaiting = Atomic(0)
    let events: AsyncStream<Recorder.Event>
    let report: AsyncStream<Recorder.Event>.Continuation

    init() {
        (events, report) = AsyncStream.makeStream()
    }
}

final class Answering: RPCConnectionDelegate {
    private let log: ServerLog
    private let block = ByteBuffer(repeating: 7, count: 64 << 10)
    private var held: [Frame] = []

    init(_ connection: RPCConnection, _ log: ServerLog) {
        self.log = log
        log.connections.withLock { $0.append(.init(connection)) }
    }

    func connectionOpened(_ connection: RPCConnection) {
        log.report.yield(.opened)
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        switch frame.kind {
        case Server.late:
            held.append(frame)
        case Server.hangUp:
            connection.close()
        default:
            for earlier in held {
                reply(to: earlier, with: ByteBuffer(string: "late"), on: connection)
            }
            held = []
            reply(to: frame, with: frame.kind == Server.large ? block : frame.payload, on: connection)
        }
        let waiting = connection.queuedByteCount
        if waiting > log.mostWaiting.load(ordering: .relaxed) {
            log.mostWaiting.store(waiting, ordering: .relaxed)
        }
    }

    func connection(_ connection: RPCConnection, writabilityChanged isWritable: Bool) {
        log.report.yield(.writable(isWritable))
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        log.report.yield(.closed(reason))
    }

    private func reply(to frame: Frame, with payload: ByteBuffer, on connection: RPCConnection) {
        switch connection.send(kind: frame.kind, flags: .reply, requestID: frame.requestID, payload: payload) {
        case .queued: log.queued.add(1, ordering: .relaxed)
        default: log.busy.add(1, ordering: .relaxed)
        }
    }
}

/// A socket that knows nothing of the protocol: sends any bytes, reads when it is told to.
final class RawSocket: Sendable {
    let channel: any Channel
    let received: AsyncStream<ByteBuffer>

    private init(channel: any Channel, received: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.received = received
    }

    /// With `reads` false, only the first read is made, for the handshake's reply.
    static func connect(to endpoint: RPCEndpoint, on group: any EventLoopGroup, reads: Bool = true) async throws
        -> RawSocket
    {
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: endpoint.host, port: endpoint.port).get()
        return RawSocket(channel: channel, received: stream)
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes).get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncStream<ByteBuffer>.Continuation

        init(_ continuation: AsyncStream<ByteBuffer>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(unwrapInboundIn(data))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            continuation.finish()
        }
    }
}

/// A client's introduction.
func client() throws -> Hello {
    try Hello(role: .client, clusterName: "toys")
}
