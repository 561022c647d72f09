import Coordinator
import Machine
import Testing

@testable import HTTPAPI

@Suite("Failures as problems")
struct FailureTests {
    private static let failures: [(RequestFailure, Int, String)] = [
        (
            .unavailable(required: 2, available: 1, missing: [NodeID(high: 0, low: 1)], outcome: .notApplied), 503,
            "unavailable"
        ),
        (.unavailable(required: 3, available: 0, missing: [], outcome: .unknown), 503, "unavailable"),
        (.timeout(required: 2, available: 1, outcome: .unknown), 504, "timeout"),
        (.busy(retryAfterMilliseconds: 1001), 503, "busy"),
        (.tooLarge(limit: 77), 413, "too-large"),
        (.tooManySiblings(limit: 100), 409, "too-many-siblings"),
        (.preconditionFailed, 412, "precondition-failed"),
        (.invalid("no such thing"), 400, "invalid"),
        (.storage("the disk is full", outcome: .notApplied), 503, "storage"),
        (.storage("a sync failed", outcome: .unknown), 503, "storage"),
    ]

    @Test("Each failure has its status, its numbers, and says of a write whether it may have happened")
    func mapping() async throws {
        try await TestServer.run { server in
            for (failure, status, kind) in Self.failures {
                server.node.withState { $0.failures[ByteBuffer(string: "a")] = failure }
                for method in ["GET", "PUT", "DELETE"] {
                    let response = try await server.ask(method, "/v1/kv/a")
                    #expect(response.status == status)
                    let problem = try response.problem()
                    #expect(problem.type == "urn:toystore:\(kind)")
                    #expect(problem.detail == failure.description)
                    #expect(
                        problem.outcome
                            == (method == "GET" ? nil : failure.outcome == .unknown ? "unknown" : "not-applied"))
                    switch failure {
                    case .unavailable(let required, let available, let missing, _):
                        #expect(problem.required == required && problem.available == available)
                        #expect(problem.missing == (missing.isEmpty ? nil : missing.map(\.description)))
                    case .timeout(let required, let available, _):
                        #expect(problem.required == required && problem.available == available)
                    case .busy:
                        #expect(response["Retry-After"] == "2")
                    case .tooLarge(let limit), .tooManySiblings(let limit):
                        #expect(problem.limit == limit)
                    case .preconditionFailed, .invalid, .storage:
                        break
                    }
                }
            }
        }
    }

    @Test("Unknown paths are 404, wrong methods 405 with what the path takes")
    func routes() async throws {
        try await TestServer.run { server in
            for path in ["/", "/v1", "/v1/kv", "/v2/kv/a", "/healthz/", "//v1/kv/a", "*", "/V1/kv/a", "/v1/kv:Batch"] {
                let response = try await server.ask("GET", path)
                #expect(response.status == 404)
                #expect(try response.problem().type == "urn:toystore:no-such-route")
            }
            let wrong = [
                ("POST", "/v1/kv/a", "GET, HEAD, PUT, DELETE"), ("PATCH", "/v1/kv/a", "GET, HEAD, PUT, DELETE"),
                ("GET", "/v1/kv:batch", "POST"), ("PUT", "/v1/cluster", "GET, HEAD"),
                ("PROPFIND", "/healthz", "GET, HEAD"),
                ("OPTIONS", "/v1/ring", "GET, HEAD"), ("DELETE", "/v1/locate/a", "GET, HEAD"),
            ]
            for (method, path, allow) in wrong {
                let response = try await server.ask(method, path)
                #expect(response.status == 405)
                #expect(response["Allow"] == allow)
                _ = try response.problem()
            }
        }
    }

    @Test("A problem that a connection goes on after does not disturb the next request")
    func goesOn() async throws {
        try await TestServer.run { server in
            try await server.connected { connection in
                try await connection.send(TestServer.head("PUT", "/v1/kv/a?ttl=no", [:], length: 5) + "hello")
                #expect(try await connection.response().status == 400)
                try await connection.send(TestServer.head("POST", "/nowhere", [:], length: 5) + "hello")
                #expect(try await connection.response().status == 404)
                try await connection.send(TestServer.head("GET", "/healthz", [:], length: 0))
                #expect(try await connection.response().status == 200)
            }
        }
    }
}
