import Logging
import Server
import ServiceLifecycle
import Testing
import Toystore

@Suite("The life of a node in the process", .serialized, .timeLimit(.minutes(1)))
struct LifecycleTests {
    @Test("A node that is started again on its folder is the same node, with its data")
    func restart() async throws {
        try await withFolder { folder in
            let first = try await ToystoreNode.start(.init(data: folder, port: 0), logger: quiet)
            try await first.put("hello", for: "greeting")
            let id = try await first.status().`self`
            await first.stop()
            let second = try await ToystoreNode.start(.init(data: folder, port: 0), logger: quiet)
            #expect(try await second.get("greeting").values.map(\.text) == ["hello"])
            #expect(try await second.status().`self` == id)
            await second.stop()
        }
    }

    @Test("Whoever has a request in flight when the node stops is told, and whoever comes later too")
    func stopUnderLoad() async throws {
        let node = try await ToystoreNode.start(.inMemory(), logger: quiet)
        let outcomes = await withTaskGroup(of: (written: Int, end: ClientFailure).self) { group in
            for writer in 0..<64 {
                group.addTask {
                    var written = 0
                    while true {
                        let failure = await failure { () async throws(ClientFailure) in
                            try await node.put("v", for: "key\(writer)")
                        }
                        if let failure { return (written, failure) }
                        written += 1
                        if writer == 0, written == 20 {
                            Task { await node.stop() }
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.contains { $0.written >= 20 })
        // What was in flight was finished: a stop by grace fails no request.
        #expect(outcomes.allSatisfy { $0.end == .closed })
        await node.stop()
        #expect(await failure { () async throws(ClientFailure) in try await node.get("key1") } == .closed)
        #expect(await failure { () async throws(ClientFailure) in try await node.status() } == .closed)
        #expect(await failure(node.whenServing) == .closed)
    }

    @Test("A stop without grace ends requests in flight with an answer, too")
    func stopWithoutGrace() async throws {
        for _ in 0..<20 {
            let node = try await ToystoreNode.start(.inMemory(), logger: quiet)
            await withTaskGroup(of: Void.self) { group in
                for writer in 0..<32 {
                    group.addTask {
                        while await failure({ () async throws(ClientFailure) in
                            try await node.put("v", for: "key\(writer)")
                        }) == nil {}
                    }
                    group.addTask { while await failure(node.status) == nil {} }
                }
                group.addTask { await node.stop(grace: .zero) }
            }
        }
    }

    @Test("A stop is one, however many ask for it, and goes on where the one who asked is cancelled")
    func stopTwice() async throws {
        let node = try await ToystoreNode.start(.inMemory(), logger: quiet)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { await node.stop() } }
            group.cancelAll()
        }
        await node.stop()
        await node.run()
    }

    @Test("A task that is cancelled has its end at once, and its request is not sent")
    func cancellation() async throws {
        try await withNodes(1) { nodes in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure { () async throws(ClientFailure) in try await nodes[0].put("v", for: "k") }
            }
            #expect(await task.value == .cancelled(isSent: false))
            let read = try await nodes[0].get("k")
            #expect(read.values.isEmpty)
        }
    }

    @Test("A start that waits for a seed ends when it is cancelled")
    func cancelledStart() async throws {
        // A port at which there was a node a moment ago.
        let gone = try await ToystoreNode.start(.inMemory(), logger: quiet)
        await gone.stop()
        let starting = Task { await startFailure { () throws(StartFailure) in try .inMemory(seeds: [gone.address]) } }
        starting.cancel()
        #expect(await starting.value == .cancelled)
    }

    @Test("What cannot be started says why, by its kind")
    func refusals() async throws {
        guard case .configuration = await startFailure({ () throws(StartFailure) in try .inMemory(seeds: ["a b"]) })
        else {
            Issue.record("a seed that is no address was taken")
            return
        }
        try await withFolder { folder in
            let node = try await ToystoreNode.start(.init(data: folder, port: 0), logger: quiet)
            let port = try #require(RPCEndpoint(node.address)).port
            let failures = [
                await startFailure { () throws(StartFailure) in try .init(data: folder, port: 0) },
                await startFailure { () throws(StartFailure) in try .init(data: folder + "/other", port: port) },
                await startFailure { () throws(StartFailure) in try .init(data: folder + "/other", port: 70_000) },
            ]
            await node.stop()
            guard case .dataDirectory = failures[0], case .port = failures[1], case .configuration = failures[2] else {
                Issue.record("\(failures)")
                return
            }
        }
    }

    @Test("Who waits for a node to serve is told when it stops before")
    func stopWhileJoining() async throws {
        for _ in 0..<10 {
            var configuration = try ServerConfiguration.inMemory()
            configuration.replicas = 1
            let first = try await ToystoreNode.start(configuration, logger: quiet)
            let joining = try await ToystoreNode.start(.inMemory(seeds: [first.address]), logger: quiet)
            let waiting = Task { await failure(joining.whenServing) }
            // Whoever has the data is gone, as a rule before it could be handed over.
            await first.stop(grace: .zero)
            await joining.stop(grace: .zero)
            let end = await waiting.value
            #expect(end == nil || end == .closed)
        }
    }

    @Test("A service group runs a node, and stops it")
    func service() async throws {
        let node = try await ToystoreNode.start(.inMemory(), logger: quiet)
        let group = ServiceGroup(services: [node], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await node.put("v", for: "k")
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(await failure { () async throws(ClientFailure) in try await node.get("k") } == .closed)
    }

    @Test("A run that is cancelled stops the node")
    func cancelledRun() async throws {
        let node = try await ToystoreNode.start(.inMemory(), logger: quiet)
        let run = Task { await node.run() }
        run.cancel()
        await run.value
        #expect(await failure { () async throws(ClientFailure) in try await node.get("k") } == .closed)
    }

    @Test("A configuration that cannot be is refused or brought to what can be, and traps in no case")
    func configurations() async throws {
        let changes: [@Sendable (inout ServerConfiguration) -> Void] = [
            { $0.port = -1 }, { $0.port = .max }, { ($0.port, $0.httpPort) = (.max, nil) }, { $0.httpPort = .min },
            { $0.partitions = 0 }, { $0.partitions = -8 }, { $0.partitions = 3 }, { $0.partitions = .max },
            { $0.replicas = 0 }, { $0.replicas = .min }, { $0.replicas = .max },
            { $0.eventLoops = -5 }, { $0.eventLoops = .max },
            { $0.timeout = .seconds(Int64.min) }, { $0.timeout = .seconds(Int64.max) },
            { $0.valueByteLimit = -1 }, { $0.valueByteLimit = .max }, { $0.hintLimit = .min }, { $0.hintLimit = .max },
            { $0.weight = 0 }, { $0.weight = .max },
            { $0.cluster = "" }, { $0.cluster = String(repeating: "c", count: 5000) },
            { $0.name = "" }, { $0.name = String(repeating: "n", count: 5000) },
            { $0.zone = String(repeating: "z", count: 5000) },
            { $0.host = "" }, { $0.host = "no host" }, { $0.advertisedHost = "" },
            { $0.read = .count(.min) }, { $0.read = .count(.max) },
            { $0.write = .count(0) }, { $0.write = .count(.max) },
            { $0.durability = .interval }, { $0.durability = .none },
        ]
        for (number, change) in changes.enumerated() {
            var configuration = try ServerConfiguration.inMemory()
            change(&configuration)
            let node: ToystoreNode
            do throws(StartFailure) {
                node = try await ToystoreNode.start(configuration, logger: quiet)
            } catch {
                continue
            }
            let options = RequestOptions(timeout: .milliseconds(100))
            _ = await failure { () async throws(ClientFailure) in try await node.put("v", for: "k", options: options) }
            _ = await failure { () async throws(ClientFailure) in try await node.get("k", options: options) }
            _ = await failure { () async throws(ClientFailure) in try await node.get("k") }
            await node.stop(grace: number % 2 == 0 ? .seconds(Int64.max) : .seconds(Int64.min))
        }
    }
}
