import Causality
import Client
import Coordinator
import Machine
import RPC
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct RoutingTests {
    private let written = Response.written(
        dot: Dot(actor: ActorID(node: NodeID(high: 1, low: 1), epoch: 1), counter: 1), object: nil)

    private func put(_ client: ToystoreClient) async -> ClientFailure? {
        await failure { () async throws(ClientFailure) in _ = try await client.put(ByteBuffer(), for: key) }
    }

    private func get(_ client: ToystoreClient) async -> ClientFailure? {
        await failure { () async throws(ClientFailure) in _ = try await client.get(key) }
    }

    @Test func `a node that cannot be reached is passed over, and the one that can be is kept`() async throws {
        let dead = try await deadEndpoint()
        let first = try await FakeNode.start(written)
        let second = try await FakeNode.start(written)
        try await withClient(of: dead, first.endpoint, second.endpoint) { client in
            for _ in 0..<3 {
                #expect(await put(client) == nil)
            }
        }
        #expect(first.requests.count == 3)
        #expect(first.connectionCount == 1)
        #expect(second.connectionCount == 0)
        await first.stop()
        await second.stop()
    }

    @Test func `where no node can be reached the failure names them all, and nothing was written`() async throws {
        let dead = [try await deadEndpoint(), try await deadEndpoint()]
        try await withClient(of: dead[0], dead[1]) { client in
            let failure = await put(client)
            guard case .unreachable(let nodes)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(nodes.map(\.endpoint) == dead)
            #expect(nodes.allSatisfy { $0.reason != nil })
            #expect(failure?.outcome == .notApplied)
        }
    }

    @Test func `a write that was lost on its way is never repeated`() async throws {
        let first = try await FakeNode.start { _, _ in .end }
        let second = try await FakeNode.start(written)
        try await withClient(of: first.endpoint, second.endpoint) { client in
            let failure = await put(client)
            #expect(failure == .noAnswer(from: first.endpoint, .connectionLost(.closedByRemote)))
            #expect(failure?.outcome == .unknown)
        }
        #expect(first.requests.count == 1)
        #expect(second.requests.isEmpty)
        await first.stop()
        await second.stop()
    }

    @Test func `a read that was lost on its way is asked of another node`() async throws {
        let first = try await FakeNode.start { _, _ in .end }
        let second = try await FakeNode.start(.absent)
        try await withClient(of: first.endpoint, second.endpoint) { client in
            #expect(await get(client) == nil)
        }
        #expect(first.requests.count == 1)
        #expect(second.requests.count == 1)
        await first.stop()
        await second.stop()
    }

    @Test func `a node that came back is connected to again`() async throws {
        let before = try await FakeNode.start(.absent)
        try await withClient(of: before.endpoint) { client in
            #expect(await get(client) == nil)
            await before.stop()
            let after = try await FakeNode.start(port: before.endpoint.port, .absent)
            #expect(await get(client) == nil)
            #expect(await put(client) == .malformedAnswer(from: after.endpoint, .invalid("answer to a write")))
            #expect(after.connectionCount == 1)
            await after.stop()
        }
    }

    @Test func `a node of another cluster is one that cannot be reached`() async throws {
        let node = try await FakeNode.start(cluster: "bears", .absent)
        try await withClient(of: node.endpoint, configure: { $0.clusterName = "toys" }) { client in
            #expect(
                await get(client)
                    == .unreachable([
                        UnreachableNode(endpoint: node.endpoint, reason: .refusedByRemote(.wrongCluster("bears")))
                    ]))
        }
        await node.stop()
    }

    @Test func `a node that hangs in the handshake leaves time for the next`() async throws {
        let mute = try await MuteNode()
        let node = try await FakeNode.start(.absent)
        try await withClient(of: mute.endpoint, node.endpoint, configure: { $0.timeout = .seconds(2) }) { client in
            #expect(await get(client) == nil)
        }
        try await mute.stop()
        await node.stop()
    }

    @Test func `a deadline passes while connecting, with nothing sent`() async throws {
        let mute = try await MuteNode()
        try await withClient(of: mute.endpoint, configure: { $0.timeout = .milliseconds(50) }) { client in
            let failure = await put(client)
            #expect(failure == .unreachable([UnreachableNode(endpoint: mute.endpoint, reason: nil)]))
            #expect(failure?.outcome == .notApplied)
        }
        try await mute.stop()
    }

    @Test func `a deadline passes while waiting, with an unknown outcome`() async throws {
        let node = try await FakeNode.start { _, _ in .silence }
        try await withClient(of: node.endpoint, configure: { $0.answerGrace = .milliseconds(10) }) { client in
            let failure = await failure { () async throws(ClientFailure) in
                _ = try await client.put(
                    ByteBuffer(), for: key, options: RequestOptions(timeout: 500_000_000))
            }
            #expect(failure == .noAnswer(from: node.endpoint, .deadlineExceeded))
            #expect(failure?.outcome == .unknown)
        }
        await node.stop()
    }

    @Test func `a cancelled request comes back at once, wherever it is`() async throws {
        let mute = try await MuteNode()
        let silent = try await FakeNode.start { _, _ in .silence }
        for endpoint in [mute.endpoint, silent.endpoint] {
            try await withClient(of: endpoint) { client in
                for _ in 0..<20 {
                    let request = Task { await put(client) }
                    request.cancel()
                    guard case .cancelled? = await request.value else {
                        Issue.record("not cancelled at \(endpoint)")
                        return
                    }
                }
            }
        }
        try await mute.stop()
        await silent.stop()
    }

    @Test func `many requests at a time share one connection`() async throws {
        let node = try await FakeNode.start(.absent)
        try await withClient(of: node.endpoint) { client in
            let failures = await withTaskGroup(of: ClientFailure?.self) { tasks in
                for _ in 0..<200 {
                    tasks.addTask { await get(client) }
                }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(failures.count == 200 && failures.allSatisfy { $0 == nil })
        }
        #expect(node.connectionCount == 1)
        #expect(node.requests.count == 200)
        await node.stop()
    }

    @Test func `a closed client sends nothing, and tells who waits`() async throws {
        let mute = try await MuteNode()
        try await withClient(of: mute.endpoint) { client in
            let waiting = Task { await put(client) }
            // The request may find the client closed already; it never hangs.
            await client.close()
            #expect(await waiting.value == .closed)
            #expect(await put(client) == .closed)
        }
        try await mute.stop()
    }

    @Test(arguments: [
        ("node", RPCEndpoint(host: "node", port: 7400)), ("node:1", RPCEndpoint(host: "node", port: 1)),
        ("10.0.0.1:65535", RPCEndpoint(host: "10.0.0.1", port: 65535)), ("::1", RPCEndpoint(host: "::1", port: 7400)),
        ("[::1]", RPCEndpoint(host: "::1", port: 7400)), ("[::1]:7402", RPCEndpoint(host: "::1", port: 7402)),
        ("", nil), (":1", nil), ("node:", nil), ("node:0", nil), ("node:65536", nil), ("node:x", nil), ("node:+1", nil),
        ("[::1", nil), ("[::1]x", nil), ("[]:1", nil), ("a b", nil), ("http://node:1", nil),
    ])
    func `endpoints are read as people write them`(text: String, endpoint: RPCEndpoint?) {
        #expect(RPCEndpoint(text) == endpoint)
    }
}
