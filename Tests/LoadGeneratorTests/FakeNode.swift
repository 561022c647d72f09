import Causality
import Coordinator
import LoadGenerator
import Logging
import Machine
import NIOCore
import NIOPosix
import RPC
import Synchronization
import Wire

/// Something that answers requests as a node does, without keeping anything but which keys were written.
final class FakeNode: Sendable {
    /// How it answers.
    enum Manner: Sendable {
        /// Every put is written; a get finds nothing.
        case proper
        /// Everything fails for this reason.
        case failing(RequestFailure)
        /// Nothing is answered until the time since the first request is over, and then everything at once.
        case stalling(TimeAmount)
        /// Nothing is answered.
        case silent
        /// The connection ends with the request of this number, once.
        case hangingUp(after: Int)
        /// What comes back is no answer.
        case babbling
    }

    let endpoint: RPCEndpoint
    private let listener: RPCListener
    private let group: MultiThreadedEventLoopGroup
    private let memory: Memory

    /// What all connections share.
    final class Memory: Sendable {
        let keys = Mutex<[String: Int]>([:])
        let requests = Atomic(0)
        let largestBatch = Mutex(0)
    }

    init(_ manner: Manner) async throws {
        let memory = Memory()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let hello = try Hello(role: .peer, nodeID: NodeID(high: 1, low: 2), clusterName: "fake")
        self.memory = memory
        self.group = group
        listener = try await RPCListener.bind(
            to: RPCEndpoint(host: "127.0.0.1", port: 0),
            acceptor: RPCAcceptor(hello: hello) { _ in FakeNodeConnection(manner, memory) }, group: group,
            logger: FakeNode.logger)
        endpoint = listener.endpoint
    }

    static var logger: Logger { Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() } }

    /// How often each key was written.
    var writes: [String: Int] { memory.keys.withLock { $0 } }
    /// How many requests came.
    var requests: Int { memory.requests.load(ordering: .relaxed) }
    /// The most requests that one connection had sent without an answer.
    var largestBatch: Int { memory.largestBatch.withLock { $0 } }

    func stop() async {
        await listener.close()
        try? await group.shutdownGracefully()
    }
}

/// Runs a load on a node of some manner.
func withLoad<Result: Sendable>(
    _ manner: FakeNode.Manner, _ plan: (inout LoadPlan) -> Void, _ body: (LoadRun, FakeNode) async throws -> Result
) async throws -> Result {
    let node = try await FakeNode(manner)
    var chosen = LoadPlan(targets: [node.endpoint])
    chosen.connections = 3
    chosen.warmup = .zero
    chosen.duration = .milliseconds(200)
    plan(&chosen)
    let run = try await LoadRun.open(chosen, logger: FakeNode.logger)
    let result = try await body(run, node)
    await run.close()
    await node.stop()
    return result
}

private final class FakeNodeConnection: RPCConnectionDelegate {
    private let manner: FakeNode.Manner
    private let memory: FakeNode.Memory
    private var stallEnd: NIODeadline?
    private var batch = 0
    private var waiting: [(id: UInt64, response: Response)] = []

    init(_ manner: FakeNode.Manner, _ memory: FakeNode.Memory) {
        self.manner = manner
        self.memory = memory
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        batch += 1
        memory.largestBatch.withLock { $0 = max($0, batch) }
        let number = memory.requests.add(1, ordering: .relaxed).newValue
        var payload = frame.payload
        guard let request = try? Request(decoding: &payload) else { return connection.close() }
        var response = Response.absent
        if case .put(let put) = request {
            memory.keys.withLock { $0[String(buffer: put.key), default: 0] += 1 }
            response = .written(
                dot: Dot(actor: ActorID(node: NodeID(high: 1, low: 2), epoch: 1), counter: 1), object: nil)
        }
        switch manner {
        case .proper: reply(response, frame.requestID, connection)
        case .failing(let failure): reply(.failed(failure), frame.requestID, connection)
        case .silent: break
        case .babbling:
            _ = connection.send(
                kind: .request, flags: .reply, requestID: frame.requestID, payload: ByteBuffer(bytes: [99]))
        case .hangingUp(let last):
            if number == last {
                connection.close()
            } else {
                reply(response, frame.requestID, connection)
            }
        case .stalling(let time):
            let end = stallEnd ?? .now() + time
            guard NIODeadline.now() < end else { return reply(response, frame.requestID, connection) }
            waiting.append((frame.requestID, response))
            guard stallEnd == nil else { return }
            stallEnd = end
            connection.eventLoop.assumeIsolated().scheduleTask(deadline: end) {
                for (id, response) in self.waiting {
                    self.reply(response, id, connection)
                }
                self.waiting = []
                connection.flush()
            }
        }
    }

    func connectionReadComplete(_ connection: RPCConnection) {
        // The answers of this read go out now.
        batch = 0
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {}

    private func reply(_ response: Response, _ id: UInt64, _ connection: RPCConnection) {
        _ = connection.send(kind: .request, flags: .reply, requestID: id) { response.encode(into: &$0) }
    }
}
