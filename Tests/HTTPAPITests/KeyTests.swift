import Coordinator
import Machine
import Testing

@testable import HTTPAPI

@Suite("Keys in paths")
struct KeyTests {
    @Test(
        "Keys of any bytes arrive as they are",
        arguments: [
            ("a", [0x61]), ("%61", [0x61]), ("a%2Fb", Array("a/b".utf8)), ("a/b", Array("a/b".utf8)),
            ("%2f", [0x2f]), ("/", [0x2f]), ("%00%ff%fE", [0, 0xff, 0xfe]), ("%25", [0x25]),
            ("%2541", Array("%41".utf8)),
            ("+", [0x2b]), ("%20", [0x20]), ("a%3Fb", Array("a?b".utf8)), ("%23", [0x23]),
            ("%E2%82%AC", [0xe2, 0x82, 0xac]), ("%C3", [0xc3]), ("..", [0x2e, 0x2e]),
            (
                "a=b&c;d,e:f@g!$'()*~",
                Array("a=b&c;d,e:f@g!$'()*~".utf8)
            ), ("kv:batch", Array("kv:batch".utf8)),
        ] as [(String, [UInt8])])
    func anyBytes(path: String, key: [UInt8]) async throws {
        try await TestServer.run { server in
            let put = try await server.ask("PUT", "/v1/kv/\(path)", body: "v")
            #expect(put.status == 204)
            #expect(server.node.withState { $0.requests.last?.key } == ByteBuffer(bytes: key))
            let get = try await server.ask("GET", "/v1/kv/\(path)?r=1")
            #expect(get.text == "v")
        }
    }

    @Test("Every byte has one encoded form that comes back")
    func everyByte() {
        for byte in UInt8.min ... .max {
            let digits = String(byte, radix: 16)
            let text = "%" + (digits.count == 1 ? "0" : "") + digits
            #expect(PercentEncoding.decode(text[...]) == ByteBuffer(bytes: [byte]))
            #expect(PercentEncoding.decode(text.uppercased()[...]) == ByteBuffer(bytes: [byte]))
        }
    }

    @Test(
        "What is not percent-encoded is refused",
        arguments: ["%", "%4", "a%", "%zz", "%4g", "%%41", "% 41", "%-1", "%+1"])
    func malformed(path: String) {
        #expect(PercentEncoding.decode(path[...]) == nil)
        #expect(throws: Problem.self) { try Route(path: "/v1/kv/\(path)") }
    }

    @Test("Characters beyond ASCII are refused, since what was no UTF-8 would become another key")
    func beyondASCII() async throws {
        #expect(PercentEncoding.decode("é") == nil)
        try await TestServer.run { server in
            try await server.connected { connection in
                var bytes = ByteBuffer(string: "GET /v1/kv/a")
                bytes.writeBytes([0xff, 0xfe])
                bytes.writeString(" HTTP/1.1\r\nHost: test\r\n\r\n")
                try await connection.send(bytes)
                #expect(try await connection.response().status == 400)
            }
            #expect(server.node.withState { $0.requests.isEmpty })
        }
    }

    @Test("A key has 1 to 4096 bytes")
    func lengths() async throws {
        try await TestServer.run { server in
            let longest = String(repeating: "%ff", count: 4096)
            #expect(try await server.ask("PUT", "/v1/kv/\(longest)", body: "v").status == 204)
            #expect(try await server.ask("GET", "/v1/kv/\(longest)").text == "v")
            let tooLong = try await server.ask("PUT", "/v1/kv/\(longest)a", body: "v")
            #expect(tooLong.status == 414)
            #expect(try tooLong.problem().limit == 4096)
            #expect(try tooLong.problem().outcome == "not-applied")
            for path in ["/v1/kv/", "/v1/locate/"] {
                let empty = try await server.ask("GET", path)
                #expect(empty.status == 400)
                #expect(try empty.problem().parameter == "key")
            }
        }
    }

    @Test("A target in absolute form is taken")
    func absoluteForm() async throws {
        try await TestServer.run { server in
            _ = try await server.ask("PUT", "http://test:80/v1/kv/a?w=1", body: "v")
            #expect(try await server.ask("GET", "/v1/kv/a").text == "v")
        }
        #expect(Target("http://h?x").path == "")
        #expect(Target("http://h").path == "/")
        #expect(Target("*").path == "*")
        #expect(Target("").path == "")
    }
}
