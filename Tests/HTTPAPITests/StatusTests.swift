import FoundationEssentials
import HTTPTypes
import Machine
import Node
import Testing

@testable import HTTPAPI

@Suite("The node about itself")
struct StatusTests {
    @Test("Cluster, ring and location have the keys that programs rely on")
    func documents() async throws {
        try await TestServer.run { server in
            let cluster = try await server.ask("GET", "/v1/cluster")
            #expect(cluster.status == 200)
            #expect(cluster["Content-Type"] == "application/json")
            #expect(
                cluster.text == """
                    {"cluster":"toys","epoch":7,"members":[{"address":"127.0.0.1:7400","answered":true,"bytes":42,"hintsPending":1,\
                    "http":"127.0.0.1:7401","id":"01","keys":3,"name":"a","partitionsHeld":8,"partitionsOwned":8,\
                    "reachable":true,"state":"up","version":"1.0","weight":100,"zone":"z"}],"partitions":8,"replicas":3,\
                    "self":"01","transfers":[{"bytes":1,"bytesTotal":4,"etaSeconds":1.5,"from":"01","partition":3,\
                    "percent":25,"to":"02"}]}
                    """)
            let ring = try await server.ask("GET", "/v1/ring")
            #expect(ring.text == #"{"epoch":7,"owners":[["01"],["01","02"]],"partitions":2,"replicas":3}"#)
            let location = try await server.ask("GET", "/v1/locate/a%2Fb")
            #expect(
                location.text == """
                    {"fallbacks":[],"key":"a/b","owners":[{"holds":true,"id":"01","name":"a","reachable":true}],\
                    "partition":1,"token":18446744073709551615}
                    """)
            let head = try await server.ask("HEAD", "/v1/ring")
            #expect(head.status == 200)
            #expect(head["Content-Length"] == ring["Content-Length"])
        }
    }

    @Test("A node is alive whatever it serves, and ready when it serves its share")
    func health() async throws {
        try await TestServer.run { server in
            #expect(try await server.ask("GET", "/readyz").status == 200)
            server.node.withState { $0.readiness = .notReady("3 partitions are still to come") }
            #expect(try await server.ask("GET", "/healthz").status == 200)
            let notReady = try await server.ask("GET", "/readyz")
            #expect(notReady.status == 503)
            #expect(try notReady.problem().detail == "3 partitions are still to come")
            #expect(notReady["Retry-After"] == "1")
        }
    }

    /// As much of an OpenAPI document as the routes say themselves.
    private struct Document: Decodable {
        var openapi: String
        var paths: [String: Item]

        struct Item: Decodable {
            var get: Operation?
            var head: Operation?
            var put: Operation?
            var post: Operation?
            var delete: Operation?

            struct Operation: Decodable { var operationId: String }
        }
    }

    @Test("The document of the API has every route with its methods, and no other")
    func openAPI() async throws {
        let document = try await TestServer.run { server in
            try await server.ask("GET", "/openapi.json").json(Document.self)
        }
        #expect(document.openapi == "3.1.0")
        #expect(document.paths.count == 8)
        for (path, item) in document.paths {
            let route = try Route(path: path.replacing("{key}", with: "k")[...])
            var methods: [HTTPRequest.Method] = []
            if item.get != nil { methods += [.get] }
            if item.head != nil || item.get != nil { methods += [.head] }
            if item.put != nil { methods += [.put] }
            if item.delete != nil { methods += [.delete] }
            if item.post != nil { methods += [.post] }
            #expect(route.methods == methods)
        }
    }

    @Test("Times are those of the calendar")
    func timestamps() {
        let known: [(UInt64, String, String)] = [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_767_225_599_001, "2025-12-31T23:59:59.001Z", "Wed, 31 Dec 2025 23:59:59 GMT"),
        ]
        for (milliseconds, rfc3339, httpDate) in known {
            #expect(Timestamp(milliseconds: milliseconds).rfc3339 == rfc3339)
            #expect(Timestamp(milliseconds: milliseconds).httpDate == httpDate)
        }
        // Anything that 64 bits hold is a time, and none traps.
        #expect(!Timestamp(milliseconds: .max).rfc3339.isEmpty)
    }
}
