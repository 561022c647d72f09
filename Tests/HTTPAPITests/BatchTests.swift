import Coordinator
import FoundationEssentials
import HTTPAPI
import Machine
import Testing

@Suite("Batches")
struct BatchTests {
    @Test("Each operation is answered in its place, and those on one key happen in their order")
    func order() async throws {
        try await TestServer.run { server in
            let response = try await server.ask(
                "POST", "/v1/kv:batch", ["Content-Type": "application/json"],
                body: """
                    [{"op": "get", "key": "a"},
                     {"op": "put", "key": "a", "value": "b25l", "contentType": "text/plain", "w": "all", "timeout": 250},
                     {"op": "get", "key": "a", "r": 1},
                     {"op": "put", "keyBase64": "/w==", "value": "", "sloppy": false, "ttl": 9},
                     {"op": "put", "key": "a", "value": "dHdv", "context": "none", "return": "body"},
                     {"op": "delete", "key": "a"},
                     {"op": "get", "key": "a"},
                     {"op": "get", "keyBase64": "/w=="}]
                    """)
            #expect(response.status == 200)
            let answers = try response.json([ReadAnswer].self)
            #expect(answers.map(\.status) == [404, 204, 200, 204, 300, 204, 404, 200])
            #expect(answers.map { $0.context != nil } == [false, true, true, true, true, true, true, true])
            #expect(answers[0].problem?.type == "urn:toystore:not-found")
            #expect(answers[2].values?.map(\.text) == ["one"])
            #expect(answers[2].values?.map(\.contentType) == ["text/plain"])
            #expect(answers[2].context == answers[1].context)
            #expect(answers[4].values?.map(\.text) == ["one", "two"])
            #expect(answers[7].values?.map(\.text) == [""])
            let write = server.node.withState { state in
                state.requests.first { $0.key == ByteBuffer(string: "a") && $0.options.write == .all }
            }
            #expect(write?.options.timeout == 250_000_000)
            #expect(try await server.ask("GET", "/v1/kv/%ff").status == 200)
        }
    }

    @Test("A wrong operation has its own answer, and the others theirs")
    func wrongOperations() async throws {
        try await TestServer.run(node: FakeNode(valueByteLimit: 8)) { server in
            let wrong = [
                (#"{}"#, "op"), (#"{"op": "fetch", "key": "a"}"#, "op"), (#"{"op": 1, "key": "a"}"#, "op"),
                (#"{"op": "get"}"#, "key"), (#"{"op": "get", "key": ""}"#, "key"), (#"{"op": "get", "key": 5}"#, "key"),
                (#"{"op": "get", "key": "a", "keyBase64": "YQ=="}"#, "key"),
                (#"{"op": "get", "keyBase64": "!"}"#, "keyBase64"), (#"{"op": "get", "key": "a", "W": 1}"#, "W"),
                (#"{"op": "get", "key": "a", "value": ""}"#, "value"), (#"{"op": "get", "key": "a", "r": 0}"#, "r"),
                (#"{"op": "delete", "key": "a", "ttl": 4}"#, "ttl"), (#"{"op": "put", "key": "a"}"#, "value"),
                (#"{"op": "put", "key": "a", "value": "*"}"#, "value"),
                (#"{"op": "put", "key": "a", "value": "", "context": "?"}"#, "context"),
                (#"{"op": "put", "key": "a", "value": "", "ifMatch": "bare"}"#, "If-Match"),
                (#"{"op": "put", "key": "a", "value": "", "sloppy": "no"}"#, "sloppy"),
            ]
            let operations =
                wrong.map(\.0) + [
                    #""text""#, "7", "null", "[]", #"{"op": "get", "key": null}"#, #"{"op": "get", "key": {"a": 1}}"#,
                    #"{"op": "put", "key": "big", "value": "MTIzNDU2Nzg5"}"#,
                    #"{"op": "put", "key": "b", "value": "eA=="}"#,
                ]
            let response = try await server.ask(
                "POST", "/v1/kv:batch", body: "[\(operations.joined(separator: ","))]")
            #expect(response.status == 200)
            let answers = try response.json([ReadAnswer].self)
            #expect(answers.count == operations.count)
            for (answer, (operation, parameter)) in zip(answers, wrong) {
                #expect(answer.status == 400, "\(operation)")
                #expect(answer.problem?.parameter == parameter, "\(operation)")
            }
            #expect(answers.dropFirst(wrong.count).map(\.status) == [400, 400, 400, 400, 400, 400, 413, 204])
            #expect(answers.dropLast().last?.problem?.limit == 8)
            #expect(answers.dropLast().last?.problem?.outcome == "not-applied")
        }
    }

    @Test("A batch that is no array, too long or too large is refused whole", .timeLimit(.minutes(1)))
    func limits() async throws {
        try await TestServer.run(configure: {
            $0.batchOperationLimit = 3
            $0.batchByteLimit = 4096
            $0.batchAnswerByteLimit = 10
        }) { server in
            for body in ["", "{}", "null", "[", "[1 2]", String(repeating: "[", count: 2000), #"[{"op":]"#] {
                let refused = try await server.ask("POST", "/v1/kv:batch", body: body)
                #expect(refused.status == 400)
                #expect(try refused.problem().outcome == "not-applied")
            }
            let put = #"{"op": "put", "key": "a", "value": "c2l4c2l4"}"#
            let tooMany = try await server.ask("POST", "/v1/kv:batch", body: "[\(put), \(put), \(put), \(put)]")
            #expect(tooMany.status == 413)
            #expect(try tooMany.problem().limit == 3)
            #expect(server.node.withState { $0.requests.isEmpty })
            let tooLarge = try await server.ask("POST", "/v1/kv:batch", body: String(repeating: " ", count: 4097))
            #expect(tooLarge.status == 413)
            #expect(try tooLarge.problem().limit == 4096)

            #expect(try await server.ask("POST", "/v1/kv:batch", body: "[]").text == "[]")
            let get = #"{"op": "get", "key": "a"}"#
            let response = try await server.ask("POST", "/v1/kv:batch", body: "[\(put), \(get), \(get)]")
            let answers = try response.json([ReadAnswer].self)
            #expect(answers.map(\.status) == [204, 200, 413])
            #expect(answers[2].problem?.limit == 10)
        }
    }

    @Test("An operation on a key waits for the one before, and not for those on other keys")
    func waiting() async throws {
        try await TestServer.run { server in
            let (slow, other) = (ByteBuffer(string: "slow"), ByteBuffer(string: "other"))
            server.node.withState { $0.heldKeys = [slow] }
            let gets =
                Array(repeating: #"{"op": "get", "key": "slow"}"#, count: 5) + [#"{"op": "get", "key": "other"}"#]
            async let response = server.ask("POST", "/v1/kv:batch", body: "[\(gets.joined(separator: ","))]")
            await server.node.heldRequest()
            while !server.node.withState({ $0.requests.contains { $0.key == other } }) {
                await Task.yield()
            }
            #expect(server.node.withState { $0.requests.count { $0.key == slow } } == 1)
            server.node.release()
            let answers = try await response.json([ReadAnswer].self)
            #expect(answers.count == 6)
            #expect(server.node.withState { $0.requests.count { $0.key == slow } } == 5)
        }
    }

    @Test("More operations than run at once are all answered")
    func many() async throws {
        try await TestServer.run { server in
            let puts = (0..<500).map { #"{"op": "put", "key": "k\#($0)", "value": "eA=="}"# }
            let gets = (0..<500).map { #"{"op": "get", "key": "k\#($0)"}"# }
            let body = "[\((puts + gets).joined(separator: ","))]"
            let answers = try await server.ask("POST", "/v1/kv:batch", body: body).json([ReadAnswer].self)
            #expect(answers.map(\.status) == Array(repeating: 204, count: 500) + Array(repeating: 200, count: 500))
        }
    }
}
