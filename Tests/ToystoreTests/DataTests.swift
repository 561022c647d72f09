import Testing
import Toystore

@Suite("Reads and writes of a node in the process", .serialized, .timeLimit(.minutes(1)))
struct DataTests {
    @Test("What is put is got, and what is deleted is not")
    func roundTrip() async throws {
        try await withNodes(1) { nodes in
            let node = nodes[0]
            #expect(try await node.get("greeting").values.isEmpty)
            try await node.put("hello", for: "greeting")
            let read = try await node.get("greeting")
            #expect(read.values.map(\.text) == ["hello"])
            #expect(read.latest?.contentType == "text/plain; charset=utf-8")
            try await node.delete("greeting")
            let deleted = try await node.get("greeting")
            #expect(deleted.values.isEmpty && !deleted.context.context.isEmpty)
        }
    }

    @Test("Keys and values are any bytes, and bytes that are no text have none")
    func bytes() async throws {
        try await withNodes(1) { nodes in
            let key = ByteBuffer(bytes: [0xff, 0x00, 0xfe])
            let value = ByteBuffer(bytes: [0xc0, 0xaf])
            try await nodes[0].put(value, for: key)
            try await nodes[0].put(ByteBuffer(), for: "empty")
            let read = try await nodes[0].get(key)
            #expect(read.values.map(\.bytes) == [value])
            #expect(read.latest?.text == nil)
            #expect(try await nodes[0].get("empty").values.map(\.text) == [""])
        }
    }

    @Test("Writers that have not seen each other leave siblings, and one that saw both replaces both")
    func siblings() async throws {
        try await withNodes(3) { nodes in
            let nothing = WriteContext.seen(CausalContext())
            let milk = try await nodes[0].put("milk", for: "cart", seeing: nothing)
            try await nodes[1].put("eggs", for: "cart", seeing: nothing)
            let cart = try await nodes[2].get("cart", options: RequestOptions(read: .all))
            #expect(Set(cart.values.map(\.text)) == ["milk", "eggs"])
            // Who goes on from its own write replaces that one alone.
            try await nodes[0].put("bread", for: "cart", seeing: milk.seen)
            let more = try await nodes[2].get("cart", options: RequestOptions(read: .all))
            #expect(Set(more.values.map(\.text)) == ["bread", "eggs"])
            try await nodes[2].put("bread and eggs", for: "cart", seeing: more.seen)
            for node in nodes {
                #expect(
                    try await node.get("cart", options: RequestOptions(read: .all)).values.map(\.text)
                        == ["bread and eggs"])
            }
        }
    }

    @Test("What one of three nodes in a process has taken all of them have")
    func threeNodes() async throws {
        try await withNodes(3) { nodes in
            for number in 0..<30 {
                try await nodes[number % 3].put("value\(number)", for: "key\(number)", options: .init(write: .all))
            }
            for number in 0..<30 {
                for node in nodes {
                    #expect(try await node.get("key\(number)").values.map(\.text) == ["value\(number)"])
                }
            }
            let status = try await nodes[1].status()
            #expect(status.members.map(\.state) == ["up", "up", "up"])
            #expect(status.members.map(\.keys) == [30, 30, 30])
        }
    }

    @Test("A node takes requests as soon as it is started, also while it joins")
    func atOnce() async throws {
        try await withNodes(1) { nodes in
            for number in 0..<10 {
                try await nodes[0].put("value\(number)", for: "key\(number)")
            }
            let joining = try await ToystoreNode.start(.inMemory(seeds: [nodes[0].address]), logger: quiet)
            for number in 0..<10 {
                #expect(try await joining.get("key\(number)").values.map(\.text) == ["value\(number)"])
                try await joining.put("new", for: "other\(number)")
            }
            await joining.stop()
        }
    }

    @Test("A program is the same with a node in the process and with a client")
    func sameAsRemote() async throws {
        func add(_ item: String, to cart: String, in store: some KeyValueStore) async throws {
            let read = try await store.get(cart)
            let items = read.values.compactMap(\.text) + [item]
            try await store.put(items.joined(separator: ","), for: cart, seeing: read.seen)
        }
        try await withNodes(1) { nodes in
            let endpoint = try #require(RPCEndpoint(nodes[0].address))
            let client = try ToystoreClient(nodes: [endpoint])
            try await add("milk", to: "cart", in: nodes[0])
            try await add("eggs", to: "cart", in: client)
            #expect(try await nodes[0].get("cart").values.map(\.text) == ["milk,eggs"])
            #expect(try await client.get("cart") == nodes[0].get("cart"))
            await client.close()
        }
    }

    @Test("A request says how many replicas it needs, and a failure says what became of it")
    func quorums() async throws {
        try await withNodes(1) { nodes in
            let node = nodes[0]
            let write = await failure { () async throws(ClientFailure) in
                try await node.put("v", for: "k", options: RequestOptions(write: .count(2), timeout: .seconds(1)))
            }
            guard case .failed(.unavailable(2, 1, _, .notApplied)) = write else {
                Issue.record("the write gave \(String(describing: write))")
                return
            }
            #expect(try await node.get("k").values.isEmpty)
            let read = await failure { () async throws(ClientFailure) in
                try await node.get("k", options: RequestOptions(read: .count(3), sloppy: false))
            }
            guard case .failed(.unavailable(3, 1, _, _)) = read else {
                Issue.record("the read gave \(String(describing: read))")
                return
            }
            try await node.put("v", for: "k", precondition: .absent)
            let second = await failure { () async throws(ClientFailure) in
                try await node.put("w", for: "k", precondition: .absent)
            }
            #expect(second == .failed(.preconditionFailed))
        }
    }

    @Test("A request that none can serve is refused, whatever it says")
    func invalid() async throws {
        try await withNodes(1) { nodes in
            let node = nodes[0]
            let failures = [
                await failure { () async throws(ClientFailure) in try await node.get("") },
                await failure { () async throws(ClientFailure) in
                    try await node.put("v", for: String(repeating: "k", count: 4097))
                },
                await failure { () async throws(ClientFailure) in
                    try await node.put("v", for: "k", contentType: String(repeating: "t", count: 256))
                },
                await failure { () async throws(ClientFailure) in
                    try await node.put("v", for: "k", timeToLive: .zero)
                },
                await failure { () async throws(ClientFailure) in
                    try await node.get("k", options: RequestOptions(read: .count(-1)))
                },
                await failure { () async throws(ClientFailure) in
                    try await node.put("v", for: "k", options: RequestOptions(write: .count(1 << 40)))
                },
            ]
            for failure in failures {
                guard case .invalid = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
            }
            let large = await failure { () async throws(ClientFailure) in
                try await node.put(ByteBuffer(repeating: 0, count: 1 << 20 + 1), for: "k")
            }
            #expect(large == .failed(.tooLarge(limit: 1 << 20)))
            // Times that no node takes are brought within what it does.
            try await node.put(
                "v", for: "k", timeToLive: .seconds(Int64.max), options: .init(timeout: .seconds(Int64.max)))
            _ = await failure { () async throws(ClientFailure) in
                try await node.get("k", options: .init(timeout: .seconds(-1)))
            }
        }
    }
}
