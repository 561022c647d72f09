import Coordinator
import Machine
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

@testable import HTTPAPI

@Suite("Connections", .timeLimit(.minutes(1)))
struct ConnectionTests {
    @Test("A value of the limit passes, one byte more is refused before it is read")
    func valueLimit() async throws {
        try await TestServer.run(node: FakeNode(valueByteLimit: 100_000)) { server in
            let largest = ByteBuffer(repeating: 7, count: 100_000)
            #expect(try await server.ask("PUT", "/v1/kv/a", bytes: largest).status == 204)
            #expect(try await server.ask("GET", "/v1/kv/a").body == largest)
            try await server.connected { connection in
                // Not a byte of the body is sent.
                try await connection.send(TestServer.head("PUT", "/v1/kv/a", [:], length: 100_001))
                let refused = try await connection.response()
                #expect(refused.status == 413)
                #expect(try refused.problem().limit == 100_000)
                #expect(try refused.problem().outcome == "not-applied")
                #expect(refused["Connection"] == "close")
                connection.endOutput()
                #expect(await connection.isAtEnd())
            }
            #expect(server.node.withState { $0.requests.count } == 2)
        }
    }

    @Test("A client that sends a refused body all the same reads the refusal")
    func lingers() async throws {
        try await TestServer.run { server in
            let refused = try await server.ask("PUT", "/v1/kv/a", bytes: ByteBuffer(repeating: 7, count: 8 << 20))
            #expect(refused.status == 413)
            #expect(try refused.problem().limit == 1 << 20)
        }
    }

    @Test("Chunked bodies pass, and are cut off at the limit")
    func chunked() async throws {
        try await TestServer.run(node: FakeNode(valueByteLimit: 10)) { server in
            try await server.connected { connection in
                let head = "PUT /v1/kv/a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                try await connection.send(head + "5\r\nhello\r\n5;x=y\r\nworld\r\n0\r\n\r\n")
                #expect(try await connection.response().status == 204)
                try await connection.send(head + "5\r\nhello\r\n6\r\n world\r\n")
                let refused = try await connection.response()
                #expect(refused.status == 413)
                connection.endOutput()
                #expect(await connection.isAtEnd())
            }
            #expect(try await server.ask("GET", "/v1/kv/a").text == "helloworld")
        }
    }

    @Test("A client that asks before it sends is told to go on, or refused without sending")
    func expectation() async throws {
        try await TestServer.run { server in
            try await server.connected { connection in
                try await connection.send(TestServer.head("PUT", "/v1/kv/a", ["Expect": "100-continue"], length: 2))
                #expect(try await connection.response().status == 100)
                try await connection.send("ok")
                #expect(try await connection.response().status == 204)
                try await connection.send(
                    TestServer.head("PUT", "/v1/kv/a?w=0", ["Expect": "100-Continue"], length: 2))
                let refused = try await connection.response()
                #expect(refused.status == 400)
                #expect(refused["Connection"] == "close")
            }
        }
    }

    @Test(
        "A body that nobody wants ends the connection where it may be long, and else is passed over",
        arguments: [("Content-Length: 5", true), ("Content-Length: 6", false), ("Transfer-Encoding: chunked", false)])
    func unwantedBody(field: String, goesOn: Bool) async throws {
        try await TestServer.run(node: FakeNode(valueByteLimit: 5)) { server in
            for request in ["GET /healthz", "PUT /v1/kv/a?w=0"] {
                try await server.connected { connection in
                    try await connection.send("\(request) HTTP/1.1\r\n\(field)\r\n\r\n")
                    #expect(try await connection.response()["Connection"] == (goesOn ? nil : "close"))
                    if goesOn {
                        try await connection.send("hello" + TestServer.head("GET", "/healthz", [:], length: 0))
                        #expect(try await connection.response().status == 200)
                    }
                }
            }
        }
    }

    @Test(
        "A body that breaks off is never a value, whether it had a length or chunks",
        arguments: [
            "Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "Content-Length: 1\r\n\r\n",
        ])
    func brokenOff(rest: String) async throws {
        try await TestServer.run { server in
            for isHalf in [true, false] {
                try await server.connected { connection in
                    try await connection.send("PUT /v1/kv/a HTTP/1.1\r\nHost: test\r\n\(rest)")
                    if isHalf {
                        connection.endOutput()
                        while !(await connection.isAtEnd()) {
                            #expect(try await connection.response().status == 400)
                        }
                    }
                }
            }
            // Another request shows that the server has gone on, and come behind those that broke off.
            #expect(try await server.ask("GET", "/v1/kv/a").status == 404)
        }
    }

    @Test(
        "What is no HTTP is answered with a problem, and the connection ends",
        arguments: [
            "nonsense\r\n\r\n", "BREW /v1/kv/a HTTP/1.1\r\n\r\n", "GET\r\n\r\n", "GET /v1/kv/a\r\n\r\n",
            "GET /v1/kv/a HTTP/9.9\r\n\r\n",
            "GET /v1/kv/a HTTP/1.1\r\nHost test\r\n\r\n", "GET /v1/kv/a b HTTP/1.1\r\n\r\n",
            "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", "GET /v1/kv/a HTTP/1.1\r\n Host: folded\r\n\r\n",
        ])
    func malformed(request: String) async throws {
        try await TestServer.run { server in
            try await server.connected { connection in
                try await connection.send(request)
                let response = try await connection.response()
                #expect(response.status == 400)
                #expect(try response.problem().type == "urn:toystore:malformed")
                #expect(await connection.isAtEnd())
            }
            #expect(server.node.withState { $0.requests.isEmpty })
        }
    }

    @Test("Headers have limits")
    func headerLimits() async throws {
        try await TestServer.run(configure: {
            $0.headerByteLimit = 1000
            $0.headerListByteLimit = 3000
            $0.headerCountLimit = 10
        }) { server in
            let long = "X: \(String(repeating: "x", count: 1001))\r\n"
            let many = (0..<11).map { "X\($0): y\r\n" }.joined()
            let large = (0..<4).map { "X\($0): \(String(repeating: "y", count: 900))\r\n" }.joined()
            for fields in [long, many, large] {
                try await server.connected { connection in
                    try await connection.send("GET /healthz HTTP/1.1\r\n\(fields)\r\n")
                    let response = try await connection.response()
                    #expect(response.status == 431)
                    #expect(await connection.isAtEnd())
                }
            }
            #expect(try await server.ask("GET", "/healthz", ["X": String(repeating: "x", count: 900)]).status == 200)
        }
    }

    @Test("Bodies in flight have a limit together, and room again when they are gone")
    func bodyBudget() async throws {
        try await TestServer.run(configure: {
            $0.bodyByteLimit = 10
            $0.retryAfterMilliseconds = 3000
        }) { server in
            server.node.withState { $0.heldKeys = [ByteBuffer(string: "held")] }
            try await server.connected { connection in
                try await connection.send(TestServer.head("PUT", "/v1/kv/held", [:], length: 8) + "12345678")
                await server.node.heldRequest()
                let refused = try await server.ask("PUT", "/v1/kv/a", body: "123")
                #expect(refused.status == 503)
                #expect(refused["Retry-After"] == "3")
                #expect(try refused.problem().outcome == "not-applied")
                #expect(try await server.ask("PUT", "/v1/kv/a", body: "12").status == 204)
                server.node.release()
                #expect(try await connection.response().status == 204)
            }
            #expect(try await server.ask("PUT", "/v1/kv/a", body: "1234567890").status == 204)
        }
    }

    @Test("Requests in a pipeline are answered in their order")
    func pipeline() async throws {
        try await TestServer.run { server in
            try await server.connected { connection in
                let puts = (0..<50).map { TestServer.head("PUT", "/v1/kv/k\($0)", [:], length: 2) + "\($0 + 10)" }
                let gets = (0..<50).map { TestServer.head("GET", "/v1/kv/k\($0)", [:], length: 0) }
                try await connection.send((puts + gets).joined())
                for _ in 0..<50 {
                    #expect(try await connection.response().status == 204)
                }
                for number in 0..<50 {
                    #expect(try await connection.response().text == "\(number + 10)")
                }
            }
        }
    }

    @Test("Clients that are idle, or slow to send, are cut off")
    func slowSenders() async throws {
        try await TestServer.run(configure: {
            $0.idleTimeout = .milliseconds(200)
            $0.requestTimeout = .milliseconds(200)
        }) { server in
            for beginning in ["", "GET /heal", "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"] {
                try await server.connected { connection in
                    try await connection.send(beginning)
                    #expect(await connection.isAtEnd())
                }
            }
            #expect(server.node.withState { $0.requests.isEmpty })
        }
    }

    @Test("A port in use is a failure that says so")
    func portInUse() async throws {
        try await TestServer.run { server in
            let second = HTTPAPI(service: server.node).application(
                host: "127.0.0.1", port: server.port, on: MultiThreadedEventLoopGroup.singleton,
                logger: TestServer.quiet)
            let failure = await #expect(throws: HTTPListenFailure.self) { try await second.run() }
            #expect(failure == .portInUse(host: "127.0.0.1", port: server.port))
            #expect(failure?.description.contains("in use by another process") == true)
            let elsewhere = HTTPAPI(service: server.node).application(
                host: "192.0.2.1", port: 0, on: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet)
            await #expect(throws: HTTPListenFailure.addressNotAvailable(host: "192.0.2.1", port: 0)) {
                try await elsewhere.run()
            }
        }
    }

    @Test("Told to stop, the server finishes what is in flight, and then has closed its port")
    func gracefulStop() async throws {
        try await stopping(grace: .seconds(50)) { node, group, connection in
            await group.triggerGracefulShutdown()
            node.release()
            let response = try await connection.response()
            #expect(response.status == 204)
            #expect(await connection.isAtEnd())
            #expect(node.withState { $0.objects.count } == 1)
        }
    }

    @Test("What does not finish within the grace is cut off")
    func boundedStop() async throws {
        try await stopping(grace: .milliseconds(50)) { node, group, connection in
            await group.triggerGracefulShutdown()
            #expect(await connection.isAtEnd())
            node.release()
        }
    }

    @Test("A body that is cut off by the server's own end is never a value", arguments: [false, true])
    func cutOffBody(isChunked: Bool) async throws {
        try await stopping(grace: .milliseconds(50)) { node, group, connection in
            let server = TestServer(node: node, port: try #require(connection.channel.remoteAddress?.port))
            try await server.connected { upload in
                let field = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 10"
                try await upload.send("PUT /v1/kv/a HTTP/1.1\r\nExpect: 100-continue\r\n\(field)\r\n\r\n")
                #expect(try await upload.response().status == 100)
                try await upload.send(isChunked ? "5\r\nhello\r\n" : "hello")
                await group.triggerGracefulShutdown()
                while !(await upload.isAtEnd()) {
                    #expect(try await upload.response().status == 400)
                }
                node.release()
            }
            #expect(node.withState { $0.requests.allSatisfy { $0.key == ByteBuffer(string: "held") } })
        }
    }

    /// Runs a server with a put in flight, and returns when both `body` and the server have ended.
    private func stopping(
        grace: Duration,
        _ body: @escaping @Sendable (FakeNode, ServiceGroup, RawConnection) async throws -> Void
    ) async throws {
        let node = FakeNode()
        node.withState { $0.heldKeys = [ByteBuffer(string: "held")] }
        var configuration = HTTPAPIConfiguration()
        configuration.stopGrace = grace
        let (ports, portsInput) = AsyncStream.makeStream(of: Int.self)
        let application = HTTPAPI(service: node, configuration: configuration).application(
            host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet,
            onListening: { portsInput.yield($0) })
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: application, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: TestServer.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next()
            let server = TestServer(node: node, port: try #require(port))
            try await server.connected { connection in
                try await connection.send(TestServer.head("PUT", "/v1/kv/held", [:], length: 1) + "x")
                await node.heldRequest()
                try await body(node, group, connection)
            }
            try await tasks.waitForAll()
            await #expect(throws: (any Error).self) { try await server.ask("GET", "/healthz") }
        }
    }
}
