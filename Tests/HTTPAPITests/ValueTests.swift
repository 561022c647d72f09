import Causality
import Coordinator
import Machine
import Testing

@Suite("Values over HTTP")
struct ValueTests {
    @Test("A value comes back as it was put, with its type, context, tag and time")
    func roundTrip() async throws {
        try await TestServer.run { server in
            let put = try await server.ask("PUT", "/v1/kv/a", ["Content-Type": "text/x-lisp"], body: "(+ 1 2)")
            #expect(put.status == 204)
            #expect(put.body.readableBytes == 0)
            #expect(put["Date"] == "Sat, 22 Nov 2025 08:26:40 GMT")
            let get = try await server.ask("GET", "/v1/kv/a")
            #expect(get.status == 200)
            #expect(get.text == "(+ 1 2)")
            #expect(get["Content-Type"] == "text/x-lisp")
            #expect(get["X-Toystore-Written"] == "2025-11-22T08:26:40.123Z")
            let context = try #require(get["X-Toystore-Context"])
            #expect(get["ETag"] == "\"\(context)\"")
            // The first write of a key: what the writer has seen is all that there is.
            #expect(put["X-Toystore-Context"] == context)
        }
    }

    @Test("Values of no bytes, of every byte and without a type come back as bytes")
    func bytes() async throws {
        try await TestServer.run { server in
            for value in [ByteBuffer(), ByteBuffer(bytes: Array(UInt8.min ... .max))] {
                #expect(try await server.ask("PUT", "/v1/kv/b", bytes: value).status == 204)
                let get = try await server.ask("GET", "/v1/kv/b")
                #expect(get.status == 200)
                #expect(get.body == value)
                #expect(get["Content-Type"] == "application/octet-stream")
            }
        }
    }

    @Test("HEAD says what GET says, without a body, and the connection goes on")
    func head() async throws {
        try await TestServer.run { server in
            _ = try await server.ask("PUT", "/v1/kv/a", ["Content-Type": "text/plain"], body: "seven b")
            let get = try await server.ask("GET", "/v1/kv/a")
            try await server.connected { connection in
                for _ in 0..<2 {
                    try await connection.send(TestServer.head("HEAD", "/v1/kv/a", [:], length: 0))
                    let head = try await connection.response(toHead: true)
                    #expect(head.status == 200)
                    for name in ["Content-Length", "Content-Type", "ETag", "X-Toystore-Context"] {
                        #expect(head[name] == get[name])
                    }
                }
                try await connection.send(TestServer.head("HEAD", "/v1/kv/none", [:], length: 0))
                #expect(try await connection.response(toHead: true).status == 404)
                try await connection.send(TestServer.head("GET", "/v1/kv/a", [:], length: 0))
                #expect(try await connection.response().text == "seven b")
            }
        }
    }

    @Test("An absent key is 404 without a context, a deleted one 404 with one, and a delete of nothing succeeds")
    func absence() async throws {
        try await TestServer.run { server in
            let absent = try await server.ask("GET", "/v1/kv/a")
            #expect(absent.status == 404)
            #expect(try absent.problem().type == "urn:toystore:not-found")
            #expect(absent["X-Toystore-Context"] == nil)

            #expect(try await server.ask("DELETE", "/v1/kv/a").status == 204)
            _ = try await server.ask("PUT", "/v1/kv/a", body: "x")
            let read = try await server.ask("GET", "/v1/kv/a")
            let delete = try await server.ask(
                "DELETE", "/v1/kv/a", ["X-Toystore-Context": try #require(read["X-Toystore-Context"])])
            #expect(delete.status == 204)
            #expect(delete["X-Toystore-Context"] != nil)
            let deleted = try await server.ask("GET", "/v1/kv/a")
            #expect(deleted.status == 404)
            let context = try #require(deleted["X-Toystore-Context"])
            #expect(try deleted.problem().outcome == nil)
            // The context of the delete is good for the next write, which then has no sibling.
            #expect(try await server.ask("PUT", "/v1/kv/a", ["X-Toystore-Context": context], body: "y").status == 204)
            #expect(try await server.ask("GET", "/v1/kv/a").text == "y")
        }
    }

    @Test("A value ends with its ttl, by the wall clock, and reads as deleted from then on")
    func expiry() async throws {
        try await TestServer.run { server in
            #expect(try await server.ask("PUT", "/v1/kv/a?ttl=60", body: "soon gone").status == 204)
            let before = try await server.ask("GET", "/v1/kv/a")
            #expect(before.status == 200)
            #expect(before["X-Toystore-Expires"] == "2025-11-22T08:27:40.123Z")
            server.node.withState { $0.wall += 59_999 }
            #expect(try await server.ask("GET", "/v1/kv/a").status == 200)
            server.node.withState { $0.wall += 1 }
            let after = try await server.ask("GET", "/v1/kv/a", ["If-None-Match": try #require(before["ETag"])])
            #expect(after.status == 404)
            #expect(after["X-Toystore-Context"] != nil)
        }
    }

    @Test("A tag is no longer that of the present one when a sibling has expired since")
    func expiryOfSibling() async throws {
        try await TestServer.run { server in
            _ = try await server.ask("PUT", "/v1/kv/a", body: "stays")
            _ = try await server.ask("PUT", "/v1/kv/a?ttl=1", ["X-Toystore-Context": "none"], body: "goes")
            let both = try await server.ask("GET", "/v1/kv/a")
            #expect(both.status == 300)
            let tag = ["If-None-Match": try #require(both["ETag"])]
            #expect(try await server.ask("GET", "/v1/kv/a", tag).status == 304)
            server.node.withState { $0.wall += 1000 }
            #expect(try await server.ask("GET", "/v1/kv/a", tag).text == "stays")
        }
    }

    @Test("Without a context a write replaces, with its context it replaces what it saw, with none it joins")
    func contexts() async throws {
        try await TestServer.run { server in
            _ = try await server.ask("PUT", "/v1/kv/a", body: "1")
            _ = try await server.ask("PUT", "/v1/kv/a", body: "2")
            #expect(try await server.ask("GET", "/v1/kv/a").text == "2")

            let sibling = try await server.ask("PUT", "/v1/kv/a", ["X-Toystore-Context": "none"], body: "3")
            #expect(sibling.status == 204)
            #expect(try await server.ask("GET", "/v1/kv/a").status == 300)
            // Who goes on with the context of its write replaces that one, and not the sibling that it never saw.
            let own = try #require(sibling["X-Toystore-Context"])
            let next = try await server.ask("PUT", "/v1/kv/a", ["X-Toystore-Context": own], body: "4")
            #expect(next.status == 204)
            let siblings = try await server.ask("GET", "/v1/kv/a", ["Accept": "application/json"])
            #expect(try siblings.json([ReadSibling].self).map(\.text) == ["4", "2"])

            let all = try #require(siblings["X-Toystore-Context"])
            let last = try await server.ask("PUT", "/v1/kv/a", ["X-Toystore-Context": all], body: "5")
            #expect(last.status == 204)
            let merged = try await server.ask("GET", "/v1/kv/a")
            #expect(merged.text == "5")
            // The context that it sent and its own write: here that is all there ever was.
            #expect(last["X-Toystore-Context"] == merged["X-Toystore-Context"])
        }
    }

    @Test(
        "Siblings come newest first, as parts, or as JSON where Accept prefers it, with a context that covers them all")
    func siblings() async throws {
        try await TestServer.run { server in
            let none = ["X-Toystore-Context": "none", "Content-Type": "text/plain"]
            _ = try await server.ask("PUT", "/v1/kv/a", none, body: "one\r\n--not-a-boundary\r\n\r\n")
            _ = try await server.ask("PUT", "/v1/kv/a", ["X-Toystore-Context": "none"], body: "")
            let multipart = try await server.ask("GET", "/v1/kv/a", ["Accept": "*/*"])
            #expect(multipart.status == 300)
            #expect(multipart["Vary"] == "Accept")
            let found = try parts(of: multipart)
            #expect(found.map(\.body) == ["", "one\r\n--not-a-boundary\r\n\r\n"])
            #expect(
                found.map { $0.fields[0] } == ["Content-Type: application/octet-stream", "Content-Type: text/plain"])
            #expect(
                found.map { $0.fields[1] } == Array(repeating: "X-Toystore-Written: 2025-11-22T08:26:40.123Z", count: 2)
            )

            for accept in [
                "application/json", "application/json, text/plain, */*", "multipart/mixed;q=0.1, application/*",
            ] {
                let json = try await server.ask("GET", "/v1/kv/a", ["Accept": accept])
                #expect(json.status == 300)
                #expect(json["Content-Type"] == "application/json")
                #expect(json["X-Toystore-Context"] == multipart["X-Toystore-Context"])
                let values = try json.json([ReadSibling].self)
                #expect(values.map(\.text) == found.map(\.body))
                #expect(values.map(\.contentType) == ["application/octet-stream", "text/plain"])
            }
            for accept in ["text/html", "application/json;q=0", "application/json;q=0.3, multipart/mixed;q=0.4"] {
                let other = try await server.ask("GET", "/v1/kv/a", ["Accept": accept])
                #expect(other["Content-Type"]?.hasPrefix("multipart/mixed") == true)
            }
            let head = try await server.ask("HEAD", "/v1/kv/a")
            #expect(head.status == 300)
            #expect(head["Content-Length"] == multipart["Content-Length"])
        }
    }

    @Test("A write with return=body answers with the whole object, siblings included")
    func returnsBody() async throws {
        try await TestServer.run { server in
            let first = try await server.ask("PUT", "/v1/kv/a?return=body", ["Content-Type": "a/b"], body: "1")
            #expect(first.status == 200)
            #expect(first.text == "1")
            #expect(first["Content-Type"] == "a/b")
            let both = try await server.ask(
                "PUT", "/v1/kv/a?return=body", ["X-Toystore-Context": "none", "Accept": "application/json"], body: "2")
            #expect(both.status == 300)
            #expect(try both.json([ReadSibling].self).map(\.text) == ["2", "1"])
            #expect(both["X-Toystore-Context"] == (try await server.ask("GET", "/v1/kv/a"))["X-Toystore-Context"])
        }
    }

    @Test("If-Match and If-None-Match hold a write to what its writer saw")
    func conditions() async throws {
        try await TestServer.run { server in
            #expect(try await server.ask("PUT", "/v1/kv/a", ["If-Match": "*"], body: "0").status == 412)
            #expect(try await server.ask("PUT", "/v1/kv/a", ["If-None-Match": "*"], body: "1").status == 204)
            let taken = try await server.ask("PUT", "/v1/kv/a", ["If-None-Match": "*"], body: "2")
            #expect(taken.status == 412)
            #expect(try taken.problem().outcome == "not-applied")

            let read = try await server.ask("GET", "/v1/kv/a")
            let tag = try #require(read["ETag"])
            let write = try await server.ask("PUT", "/v1/kv/a", ["If-Match": tag], body: "3")
            #expect(write.status == 204)
            #expect(try await server.ask("PUT", "/v1/kv/a", ["If-Match": tag], body: "4").status == 412)
            #expect(try await server.ask("DELETE", "/v1/kv/a", ["If-Match": tag]).status == 412)
            #expect(try await server.ask("GET", "/v1/kv/a").text == "3")
            // The tag of one's own write is good for the next.
            let own = try #require(write["ETag"])
            #expect(try await server.ask("PUT", "/v1/kv/a", ["If-Match": own], body: "5").status == 204)

            let present = try #require(try await server.ask("GET", "/v1/kv/a")["ETag"])
            for wrong in ["\"nonsense\"", "W/\(present)", "\"\""] {
                #expect(try await server.ask("PUT", "/v1/kv/a", ["If-Match": wrong], body: "6").status == 412)
            }
            _ = try await server.ask("PUT", "/v1/kv/b", body: "b")
            let foreign = try #require(try await server.ask("GET", "/v1/kv/b")["ETag"])
            #expect(try await server.ask("PUT", "/v1/kv/a", ["If-Match": foreign], body: "7").status == 412)
            #expect(try await server.ask("DELETE", "/v1/kv/a", ["If-Match": "*"]).status == 204)
            #expect(try await server.ask("PUT", "/v1/kv/a", ["If-None-Match": "*"], body: "8").status == 204)

            for (name, value) in [("If-Match", "bare"), ("If-None-Match", tag), ("If-Match", "\(tag), \(own)")] {
                let refused = try await server.ask("PUT", "/v1/kv/a", [name: value], body: "9")
                #expect(refused.status == 400)
                #expect(try refused.problem().parameter == name)
            }
            #expect(
                try await server.ask("PUT", "/v1/kv/a", ["If-Match": tag, "If-None-Match": "*"], body: "9").status
                    == 400)
        }
    }

    @Test("A read with the tag that it has is answered with 304, and one that insists on another with 412")
    func conditionalReads() async throws {
        try await TestServer.run { server in
            _ = try await server.ask("PUT", "/v1/kv/a", body: "1")
            let tag = try #require(try await server.ask("GET", "/v1/kv/a")["ETag"])
            try await server.connected { connection in
                for field in [tag, "W/\(tag)", "\"x\" , \(tag)", "*"] {
                    try await connection.send(TestServer.head("GET", "/v1/kv/a", ["If-None-Match": field], length: 0))
                    let same = try await connection.response()
                    #expect(same.status == 304)
                    #expect(same["ETag"] == tag)
                }
            }
            #expect(try await server.ask("GET", "/v1/kv/a", ["If-Match": tag]).status == 200)
            _ = try await server.ask("PUT", "/v1/kv/a", body: "2")
            #expect(try await server.ask("GET", "/v1/kv/a", ["If-None-Match": tag]).text == "2")
            #expect(try await server.ask("GET", "/v1/kv/a", ["If-Match": tag]).status == 412)
            #expect(try await server.ask("GET", "/v1/kv/none", ["If-Match": "*"]).status == 412)
        }
    }

    @Test("A context that is none, or another key's, is refused by name")
    func wrongContexts() async throws {
        try await TestServer.run { server in
            _ = try await server.ask("PUT", "/v1/kv/b", body: "b")
            let foreign = try #require(try await server.ask("GET", "/v1/kv/b")["X-Toystore-Context"])
            for context in [foreign, "", "???", "AAAA", "None", "\(foreign)x"] {
                for method in ["PUT", "DELETE"] {
                    let refused = try await server.ask(method, "/v1/kv/a", ["X-Toystore-Context": context])
                    #expect(refused.status == 400)
                    #expect(try refused.problem().parameter == "X-Toystore-Context")
                }
            }
            #expect(try await server.ask("GET", "/v1/kv/a").status == 404)
        }
    }
}
