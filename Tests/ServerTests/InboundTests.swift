import Coordinator
import Logging
import Machine
import NIOCore
import NIOPosix
import RPC
import Testing
import Wire

@testable import Server

/// One node, and a client's connection to it.
private func withClient(
    configure: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (NodeServer, RPCClientConnection) async throws -> Void
) async throws {
    let cluster = try await LocalCluster(1, configure: configure)
    let node = cluster.nodes[0]
    let client = try await RPCClientConnection.connect(
        to: RPCEndpoint(host: node.endpoint.host, port: node.endpoint.port),
        as: Hello(role: .client, nodeID: .zero, clusterName: "toystore"), on: node.group.next(),
        logger: Logger(label: "client") { _ in SwiftLogNoOpLogHandler() })
    try await body(node, client)
    await client.close()
    await cluster.stop()
}

extension RPCClientConnection {
    /// The failure that a question is answered with; `nil` where it has an answer.
    fileprivate func failure(_ kind: FrameKind, _ payload: ByteBuffer) async throws -> RequestFailure? {
        let frame = try await call(kind, payload: payload, timeout: .seconds(10))
        guard frame.flags.contains(.failure) else { return nil }
        var payload = frame.payload
        let failure = try RequestFailure(decoding: &payload)
        #expect(payload.readableBytes == 0)
        return failure
    }

    fileprivate func failure(_ request: Request) async throws -> RequestFailure? {
        var payload = ByteBuffer()
        request.encode(into: &payload)
        return try await failure(.request, payload)
    }
}

@Suite("Questions that cannot be answered", .serialized, .timeLimit(.minutes(1)))
struct InboundTests {
    private func expect(
        _ expected: RequestFailure?, _ request: Request, _ client: RPCClientConnection,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let failure = try await client.failure(request)
        #expect(failure == expected, sourceLocation: sourceLocation)
    }

    private let get = Request.get(GetRequest(key: ByteBuffer(string: "key")))

    @Test(
        "A message that cannot be read, or is not a client's to send, has a failure for an answer, and the connection goes on",
        arguments: [FrameKind.request, .replica, .handoff, .exchange, .pushPull, .query, FrameKind(rawValue: 200)])
    func unreadable(_ kind: FrameKind) async throws {
        try await withClient { _, client in
            for _ in 0..<2 {
                guard case .invalid(let words) = try await client.failure(kind, ByteBuffer(string: "?")) else {
                    Issue.record("kind \(kind.rawValue) is not refused")
                    return
                }
                #expect(words.contains("\(kind.rawValue)"))
                try await expect(nil, get, client)
            }
        }
    }

    @Test("An answer that is larger than a frame may be is a failure, and the connection goes on")
    func largeAnswer() async throws {
        try await withClient(configure: { $0.connections.nodeFrameLengthLimit = 1000 }) { node, client in
            try await expect(nil, get, client)
            let value = String(repeating: "v", count: 2000)
            guard case .written = await node.put("key", value) else {
                Issue.record("the put failed")
                return
            }
            try await expect(.tooLarge(limit: 1000), get, client)
            try await expect(nil, .get(GetRequest(key: ByteBuffer(string: "another"))), client)
        }
    }
}
