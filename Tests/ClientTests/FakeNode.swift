import Causality
import Client
import Coordinator
import Logging
import Machine
import NIOCore
import NIOPosix
import RPC
import Synchronization
import Wire

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let group = MultiThreadedEventLoopGroup.singleton
let key = ByteBuffer(string: "key")

/// A node that answers as a test tells it to, and writes down what it was asked.
final class FakeNode: Sendable {
    /// What becomes of a request.
    enum Answer: Sendable {
        case response(Response)
        /// A reply that is flagged a failure.
        case failure(RequestFailure)
        case bytes(ByteBuffer)
        /// No answer, and the end of the connection.
        case end
        /// No answer.
        case silence
    }

    private struct State {
        var asked: [(kind: FrameKind, payload: ByteBuffer)] = []
        var connections: [NIOLoopBound<RPCConnection>] = []
        var connectionCount = 0
    }

    private let listener: RPCListener
    private let shared: Shared
    var endpoint: RPCEndpoint { listener.endpoint }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let answer: @Sendable (FrameKind, ByteBuffer) -> Answer

        init(answer: @escaping @Sendable (FrameKind, ByteBuffer) -> Answer) {
            self.answer = answer
        }
    }

    private init(listener: RPCListener, shared: Shared) {
        self.listener = listener
        self.shared = shared
    }

    static func start(
        port: Int = 0, cluster: String = "toys",
        answer: @escaping @Sendable (FrameKind, ByteBuffer) -> Answer
    ) async throws -> FakeNode {
        let shared = Shared(answer: answer)
        let hello = try Hello(role: .peer, nodeID: NodeID(high: 7, low: 7), clusterName: cluster)
        let listener = try await RPCListener.bind(
            to: RPCEndpoint(host: "127.0.0.1", port: port),
            acceptor: RPCAcceptor(hello: hello) { connection in
                shared.state.withLock {
                    $0.connectionCount += 1
                    $0.connections.append(NIOLoopBound(connection, eventLoop: connection.eventLoop))
                }
                return Delegate(shared)
            }, group: group, logger: quietLogger)
        return FakeNode(listener: listener, shared: shared)
    }

    static func start(port: Int = 0, cluster: String = "toys", _ response: Response) async throws -> FakeNode {
        try await start(port: port, cluster: cluster) { _, _ in .response(response) }
    }

    /// The requests that came, in order.
    var requests: [Request] {
        shared.state.withLock { $0.asked }.compactMap { asked in
            var payload = asked.payload
            return asked.kind == .request ? try? Request(decoding: &payload) : nil
        }
    }

    var queries: [StatusQuery] {
        shared.state.withLock { $0.asked }.compactMap { asked in
            var payload = asked.payload
            return asked.kind == .query ? try? StatusQuery(decoding: &payload) : nil
        }
    }

    var connectionCount: Int { shared.state.withLock { $0.connectionCount } }

    /// Ends every connection and stops listening.
    func stop() async {
        await listener.close()
        for connection in shared.state.withLock({ $0.connections }) {
            try? await connection.eventLoop.submit { connection.value.close() }.get()
        }
    }

    private final class Delegate: RPCConnectionDelegate {
        private let shared: Shared

        init(_ shared: Shared) {
            self.shared = shared
        }

        func connection(_ connection: RPCConnection, received frame: Frame) {
            shared.state.withLock { $0.asked.append((frame.kind, frame.payload)) }
            var payload = ByteBuffer()
            var flags = FrameFlags.reply
            switch shared.answer(frame.kind, frame.payload) {
            case .response(let response): response.encode(into: &payload)
            case .failure(let failure):
                failure.encode(into: &payload)
                flags.insert(.failure)
            case .bytes(let bytes): payload = bytes
            case .end:
                connection.close()
                return
            case .silence: return
            }
            _ = connection.send(kind: frame.kind, flags: flags, requestID: frame.requestID, payload: payload)
        }

        func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {}
    }
}

/// Takes TCP connections and never says a word: a node that hangs.
final class MuteNode: Sendable {
    private let channel: any Channel
    var endpoint: RPCEndpoint { RPCEndpoint(host: "127.0.0.1", port: channel.localAddress?.port ?? 0) }

    init() async throws {
        channel = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() async throws {
        try await channel.close()
    }
}

/// A port of this machine at which nobody listens.
func deadEndpoint() async throws -> RPCEndpoint {
    let node = try await MuteNode()
    let endpoint = node.endpoint
    try await node.stop()
    return endpoint
}

/// Runs a test with a client of these nodes.
func withClient(
    of nodes: RPCEndpoint..., configure: (inout ClientConfiguration) -> Void = { _ in },
    _ body: (ToystoreClient) async throws -> Void
) async throws {
    var configuration = ClientConfiguration()
    configuration.timeout = .seconds(30)
    configure(&configuration)
    let client = try ToystoreClient(nodes: nodes, configuration: configuration, group: group, logger: quietLogger)
    do {
        try await body(client)
        await client.close()
    } catch {
        await client.close()
        throw error
    }
}

/// The failure that a request ends with; `nil` where it has an answer.
func failure(of request: () async throws(ClientFailure) -> Void) async -> ClientFailure? {
    do throws(ClientFailure) {
        try await request()
        return nil
    } catch {
        return error
    }
}
