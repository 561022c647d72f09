import Coordinator
import Machine
import Testing

@Suite("Parameters of requests")
struct ParameterTests {
    @Test("Every option arrives at the node")
    func options() async throws {
        try await TestServer.run { server in
            let query = "?r=2&w=quorum&pr=one&pw=all&dw=16&timeout=1500&sloppy=false"
            let expected = RequestOptions(
                read: .count(2), write: .quorum, primaryRead: .one, primaryWrite: .all, durableWrite: .count(16),
                sloppy: false, timeout: 1_500_000_000)
            for method in ["GET", "HEAD", "PUT", "DELETE"] {
                _ = try await server.ask(method, "/v1/kv/a\(query)", body: method == "PUT" ? "x" : "")
                #expect(server.node.withState { $0.requests.last?.options } == expected)
            }
            _ = try await server.ask("GET", "/v1/kv/a?")
            #expect(server.node.withState { $0.requests.last?.options } == RequestOptions())
            _ = try await server.ask("PUT", "/v1/kv/a?s%6Coppy=tr%75e&ttl=1", body: "x")
            guard case .put(let put) = server.node.withState({ $0.requests.last }) else {
                Issue.record("no put came")
                return
            }
            #expect(put.options == RequestOptions())
            #expect(put.expiry == 1_763_800_001_123)
        }
    }

    @Test(
        "What is unknown, twice there or out of range is refused by name",
        arguments: [
            ("GET", "R=2", "R"), ("GET", "foo=1", "foo"), ("GET", "ttl=5", "ttl"), ("GET", "return=body", "return"),
            ("DELETE", "ttl=5", "ttl"), ("DELETE", "return=body", "return"), ("PUT", "return=head", "return"),
            ("PUT", "ttl=0", "ttl"), ("PUT", "ttl=-1", "ttl"), ("PUT", "ttl=1.5", "ttl"),
            ("PUT", "ttl=99999999999", "ttl"), ("PUT", "ttl=99999999999999999999", "ttl"),
            ("GET", "r=0", "r"), ("GET", "r=17", "r"), ("GET", "r=-1", "r"), ("GET", "r=two", "r"), ("GET", "r=", "r"),
            ("GET", "r", "r"), ("PUT", "w=most", "w"), ("PUT", "dw=0", "dw"), ("PUT", "pw=99", "pw"),
            ("GET", "pr=x", "pr"), ("GET", "timeout=0", "timeout"), ("GET", "timeout=300001", "timeout"),
            ("GET", "timeout=1s", "timeout"), ("GET", "sloppy=maybe", "sloppy"), ("GET", "sloppy=0", "sloppy"),
            ("GET", "r=1&r=2", "r"), ("GET", "r=%zz", "r"), ("GET", "%zz=1", "%zz"), ("GET", "r=1&=2", ""),
        ])
    func refused(method: String, query: String, parameter: String) async throws {
        try await TestServer.run { server in
            let refused = try await server.ask(method, "/v1/kv/a?\(query)", body: method == "PUT" ? "x" : "")
            #expect(refused.status == 400)
            let problem = try refused.problem()
            #expect(problem.parameter == parameter)
            #expect(problem.outcome == (method == "GET" ? nil : "not-applied"))
            #expect(server.node.withState { $0.requests.isEmpty })
        }
    }

    @Test("Parameters where there are none are refused")
    func elsewhere() async throws {
        try await TestServer.run { server in
            for path in ["/v1/cluster", "/v1/ring", "/v1/locate/a", "/healthz", "/readyz", "/openapi.json"] {
                let refused = try await server.ask("GET", "\(path)?r=1")
                #expect(refused.status == 400)
                #expect(try refused.problem().parameter == "r")
            }
            #expect(try await server.ask("POST", "/v1/kv:batch?w=1", body: "[]").status == 400)
        }
    }

    @Test("Fields whose meaning would be lost are refused")
    func lostMeaning() async throws {
        try await TestServer.run { server in
            #expect(try await server.ask("PUT", "/v1/kv/a", ["Content-Encoding": "gzip"], body: "x").status == 415)
            #expect(try await server.ask("PUT", "/v1/kv/a", ["Content-Encoding": "identity"], body: "x").status == 204)
            #expect(try await server.ask("PUT", "/v1/kv/a", ["Content-Range": "bytes 0-0/2"], body: "x").status == 400)
            let long = try await server.ask(
                "PUT", "/v1/kv/a", ["Content-Type": String(repeating: "t", count: 256)], body: "x")
            #expect(long.status == 400)
            #expect(try long.problem().limit == 255)
        }
    }
}
