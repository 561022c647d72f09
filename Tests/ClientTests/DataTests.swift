import Causality
import Client
import Coordinator
import Machine
import RPC
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct DataTests {
    private let actor = ActorID(node: NodeID(high: 1, low: 1), epoch: 1)
    private let other = ActorID(node: NodeID(high: 2, low: 2), epoch: 1)

    private func value(_ text: String) -> Sibling.Content {
        .value(ByteBuffer(string: text), contentType: "text/plain")
    }

    private func write(
        _ content: Sibling.Content, at milliseconds: UInt64, expiry: UInt64 = 0, by actor: ActorID,
        to object: inout Object
    ) {
        object.write(
            content, expiry: expiry, timestamp: HybridTimestamp(milliseconds: milliseconds),
            seeing: .seen(CausalContext()), as: actor)
    }

    @Test func `a read gives the values, the newest first, and the context to write with`() async throws {
        var object = Object()
        write(value("old"), at: 10, by: other, to: &object)
        write(value("new"), at: 20, by: actor, to: &object)
        let node = try await FakeNode.start(.found(object))
        try await withClient(of: node.endpoint) { client in
            let read = try await client.get(key)
            #expect(read.values.map { String(buffer: $0.bytes) } == ["new", "old"])
            #expect(read.values.map(\.contentType) == ["text/plain", "text/plain"])
            #expect(read.latest == read.values.first)
            #expect(read.context == ContextToken(object.context, key: key))
            #expect(read.seen == .seen(object.context))
        }
        await node.stop()
    }

    @Test func `what is absent, deleted or expired has no values`() async throws {
        var deleted = Object()
        write(.tombstone, at: 10, by: actor, to: &deleted)
        var expired = Object()
        write(value("gone"), at: 10, expiry: 99, by: actor, to: &expired)
        for (response, context) in [
            (Response.absent, CausalContext()), (.found(deleted), deleted.context), (.found(expired), expired.context),
        ] {
            let node = try await FakeNode.start(response)
            try await withClient(of: node.endpoint, configure: { $0.wallClock = { 99 } }) { client in
                let read = try await client.get(key)
                #expect(read.values.isEmpty)
                #expect(read.latest == nil)
                #expect(read.context.context == context)
            }
            await node.stop()
        }
    }

    @Test func `a later delete beats an earlier value for who wants one value, and hides no sibling`() async throws {
        var object = Object()
        write(value("old"), at: 10, by: other, to: &object)
        write(.tombstone, at: 20, by: actor, to: &object)
        let node = try await FakeNode.start(.found(object))
        try await withClient(of: node.endpoint) { client in
            let read = try await client.get(key)
            #expect(read.values.count == 1)
            #expect(read.latest == nil)
        }
        await node.stop()
    }

    @Test func `a put sends what it was told, and gives the context of its own write`() async throws {
        let dot = Dot(actor: actor, counter: 4)
        let node = try await FakeNode.start(.written(dot: dot, object: nil))
        let seen = CausalContext([Dot(actor: other, counter: 1)])
        try await withClient(of: node.endpoint, configure: { $0.wallClock = { 1000 } }) { client in
            let written = try await client.put(
                ByteBuffer(string: "v"), for: key, contentType: "text/plain", seeing: .seen(seen),
                precondition: .absent, timeToLive: .milliseconds(1500),
                options: RequestOptions(write: .all, sloppy: false, timeout: 20_000_000_000))
            #expect(written.dot == dot)
            #expect(written.seen == .seen(CausalContext([dot, Dot(actor: other, counter: 1)])))
        }
        guard case .put(var put)? = node.requests.first else {
            Issue.record("no put came")
            return
        }
        let timeout = try #require(put.options.timeout)
        #expect((1...20_000_000_000).contains(timeout))
        put.options.timeout = nil
        #expect(
            put
                == PutRequest(
                    key: key, content: .value(ByteBuffer(string: "v"), contentType: "text/plain"), seeing: .seen(seen),
                    precondition: .absent, expiry: 2500, options: RequestOptions(write: .all, sloppy: false)))
        await node.stop()
    }

    @Test func `a delete is a put of a tombstone`() async throws {
        let node = try await FakeNode.start(.written(dot: Dot(actor: actor, counter: 1), object: nil))
        try await withClient(of: node.endpoint) { client in
            try await client.delete(key)
        }
        guard case .put(let put)? = node.requests.first else {
            Issue.record("no put came")
            return
        }
        #expect(put.content == .tombstone && put.seeing == .everythingHere)
        await node.stop()
    }

    @Test func `the cluster's failure is the caller's, flagged or not`() async throws {
        let unavailable = RequestFailure.unavailable(required: 2, available: 1, missing: [], outcome: .unknown)
        for answer in [FakeNode.Answer.response(.failed(unavailable)), .failure(unavailable)] {
            let node = try await FakeNode.start { _, _ in answer }
            try await withClient(of: node.endpoint) { client in
                let reading = await failure { () async throws(ClientFailure) in _ = try await client.get(key) }
                #expect(reading == .failed(unavailable))
                #expect(reading?.outcome == .unknown)
                let asking = await failure { () async throws(ClientFailure) in _ = try await client.status() }
                if case .failure = answer {
                    #expect(asking == .failed(unavailable))
                }
            }
            await node.stop()
        }
    }

    @Test func `an answer that is none is malformed, and a write's outcome then unknown`() async throws {
        for answer in [
            FakeNode.Answer.bytes(ByteBuffer(string: "?")), .bytes(ByteBuffer()), .response(.absent),
        ] {
            let node = try await FakeNode.start { _, _ in answer }
            try await withClient(of: node.endpoint) { client in
                let found = await failure { () async throws(ClientFailure) in
                    _ = try await client.put(ByteBuffer(), for: key)
                }
                guard case .malformedAnswer(from: node.endpoint, _)? = found else {
                    Issue.record("\(String(describing: found))")
                    return
                }
                #expect(found?.outcome == .unknown)
            }
            await node.stop()
        }
    }

    @Test func `questions about the cluster bring the node's JSON`() async throws {
        let node = try await FakeNode.start { kind, payload in .bytes(ByteBuffer(string: "{\(kind.rawValue)}")) }
        try await withClient(of: node.endpoint) { client in
            let status = try await client.status()
            #expect(String(buffer: status) == "{21}")
            let ring = try await client.ring()
            #expect(String(buffer: ring) == "{21}")
            let locate = try await client.locate(key)
            #expect(String(buffer: locate) == "{21}")
        }
        #expect(node.queries == [.cluster, .ring, .locate(key: key)])
        await node.stop()
    }

    @Test func `what no request can have is refused before anything is sent`() async throws {
        let node = try await FakeNode.start(.absent)
        try await withClient(of: node.endpoint) { client in
            let long = ByteBuffer(repeating: 1, count: 4097)
            let failures = [
                await failure { () async throws(ClientFailure) in _ = try await client.get(ByteBuffer()) },
                await failure { () async throws(ClientFailure) in _ = try await client.get(long) },
                await failure { () async throws(ClientFailure) in _ = try await client.locate(long) },
                await failure { () async throws(ClientFailure) in
                    _ = try await client.get(key, options: RequestOptions(read: .count(17)))
                },
                await failure { () async throws(ClientFailure) in
                    _ = try await client.put(key, for: key, contentType: String(repeating: "x", count: 256))
                },
                await failure { () async throws(ClientFailure) in
                    _ = try await client.put(key, for: key, timeToLive: .zero)
                },
            ]
            for failure in failures {
                guard case .invalid? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
            }
        }
        #expect(node.connectionCount == 0)
        #expect(throws: ClientFailure.self) { try ToystoreClient(nodes: []) }
        await node.stop()
    }
}
