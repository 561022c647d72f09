import Causality
import Coordinator
import Logging
import Machine
import NIOCore
import NIOPosix
import Node
import RPC
import Synchronization
import Wire

@testable import toystore

/// A node that keeps objects in a dictionary, and a program that talks to it.
final class StoringNode: Sendable {
    private let objects = Mutex<[ByteBuffer: Object]>([:])
    private let asked = Mutex<[Request]>([])
    private let refusal = Mutex<RequestFailure?>(nil)
    private let json: String
    let listener: Mutex<RPCListener?> = Mutex(nil)

    private init(json: String) {
        self.json = json
    }

    /// Runs a test with a node; `json` answers every question about the cluster.
    static func run(json: String = "{}", _ body: (StoringNode) async throws -> Void) async throws {
        let node = StoringNode(json: json)
        let hello = try Hello(role: .peer, nodeID: NodeID(high: 7, low: 7), clusterName: "toys")
        let acceptor = RPCAcceptor(hello: hello) { _ in Delegate(node) }
        let listener = try await RPCListener.bind(
            to: RPCEndpoint(host: "127.0.0.1", port: 0), acceptor: acceptor,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        node.listener.withLock { $0 = listener }
        try await body(node)
        await listener.close()
    }

    var address: String { listener.withLock { $0?.endpoint.description ?? "" } }
    var requests: [Request] { asked.withLock { $0 } }

    /// From now on every request fails like this.
    func refuse(with failure: RequestFailure) {
        refusal.withLock { $0 = failure }
    }

    /// A write that nobody else has seen, at a time of its own.
    func write(_ text: String, at key: String, seconds: UInt64, type: String = "") {
        objects.withLock { objects in
            _ = objects[ByteBuffer(string: key), default: Object()].write(
                .value(ByteBuffer(string: text), contentType: type),
                timestamp: HybridTimestamp(milliseconds: seconds * 1000), seeing: .seen(CausalContext()),
                as: ActorID(node: NodeID(high: 9, low: seconds), epoch: 1))
        }
    }

    /// Runs the program against this node.
    func toystore(
        _ arguments: String..., input: ByteBuffer = ByteBuffer(), terminal: Bool = false
    ) async -> Output {
        await toystoreProgram(arguments, input: input, terminal: terminal, environment: ["TOYSTORE_NODE": address])
    }

    private func serve(_ request: Request) -> Response {
        asked.withLock { $0.append(request) }
        if let failure = refusal.withLock({ $0 }) { return .failed(failure) }
        switch request {
        case .get(let get):
            return objects.withLock { $0[get.key].map { .found($0) } ?? .absent }
        case .put(let put):
            let dot = objects.withLock { objects in
                objects[put.key, default: Object()].write(
                    put.content, expiry: put.expiry, timestamp: HybridTimestamp(milliseconds: 1_000_000),
                    seeing: put.seeing, as: ActorID(node: NodeID(high: 1, low: 1), epoch: 1))
            }
            return .written(dot: dot, object: nil)
        }
    }

    private final class Delegate: RPCConnectionDelegate {
        private let node: StoringNode

        init(_ node: StoringNode) {
            self.node = node
        }

        func connection(_ connection: RPCConnection, received frame: Frame) {
            var payload = frame.payload
            var answer = ByteBuffer()
            if frame.kind == .request, let request = try? Request(decoding: &payload) {
                node.serve(request).encode(into: &answer)
            } else {
                answer.writeString(node.json)
            }
            _ = connection.send(kind: frame.kind, flags: .reply, requestID: frame.requestID, payload: answer)
        }

        func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {}
    }
}

/// What a run of the program left behind.
struct Output {
    let status: ExitStatus
    let bytes: ByteBuffer
    let complaint: String

    var text: String { String(buffer: bytes) }
}

/// Runs the program; a file named `photo` has the bytes 0 to 255.
func toystoreProgram(
    _ arguments: [String], input: ByteBuffer = ByteBuffer(), terminal: Bool = false, environment: [String: String] = [:]
) async -> Output {
    final class Streams: Sendable {
        let output = Mutex(ByteBuffer())
        let error = Mutex("")
    }
    let streams = Streams()
    let console = Console(
        environment: environment, isTerminal: terminal,
        readAll: { path, limit throws(Console.ReadFailure) in
            guard let path else {
                guard input.readableBytes <= limit else { throw .tooLong }
                return input
            }
            guard path == "photo" else { throw .system("No such file or directory") }
            return ByteBuffer(bytes: Array(UInt8.min...UInt8.max))
        },
        writeBytes: { bytes in streams.output.withLock { _ = $0.writeImmutableBuffer(bytes) } },
        complain: { text in streams.error.withLock { $0 += text } })
    let status = await Program.run(arguments, on: console)
    return Output(
        status: status, bytes: streams.output.withLock { $0 }, complaint: streams.error.withLock { $0 })
}
