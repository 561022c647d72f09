import Causality
import Coordinator
import Foundation
import Logging
import Machine
import Node
import Server
import Testing

/// Nodes in this process, on ports that the system chooses, with their data in a temporary folder.
final class LocalCluster: Sendable {
    let folder: String
    let nodes: [NodeServer]

    init(_ count: Int, configure: (inout ServerConfiguration) -> Void = { _ in }) async throws {
        folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
        var nodes: [NodeServer] = []
        for index in 0..<count {
            nodes.append(try await Self.start(index, folder: folder, seed: nodes.first, configure: configure))
        }
        self.nodes = nodes
    }

    static func start(
        _ index: Int, folder: String, seed: NodeServer?, isServing: Bool = true,
        configure: (inout ServerConfiguration) -> Void
    ) async throws -> NodeServer {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.httpPort = 0
        configuration.eventLoops = 2
        configuration.partitions = seed == nil ? 64 : nil
        configuration.name = "node\(index)"
        configuration.dataDirectory = "\(folder)/\(index)"
        if let seed {
            configuration.seeds = [RPCSeed(host: seed.endpoint.host, port: seed.endpoint.port)]
        }
        configure(&configuration)
        var logger = Logger(label: "node\(index)")
        logger.logLevel = ProcessInfo.processInfo.environment["TOYSTORE_TEST_LOG"] == nil ? .critical : .debug
        let node = try await NodeServer.start(configuration, logger: logger)
        if isServing {
            await node.whenServing()
        }
        return node
    }

    func stop() async {
        for node in nodes {
            await node.stop()
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

extension NodeServer {
    func serve(_ request: Request) async -> Response {
        await withCheckedContinuation { done in
            service.serve(request) { done.resume(returning: $0) }
        }
    }

    func put(_ key: String, _ value: String, options: RequestOptions = RequestOptions()) async -> Response {
        await serve(
            .put(
                PutRequest(
                    key: ByteBuffer(string: key),
                    content: .value(ByteBuffer(string: value), contentType: "text/plain"), options: options)))
    }

    func get(_ key: String, options: RequestOptions = RequestOptions()) async -> [String]? {
        guard case .found(let object) = await serve(.get(GetRequest(key: ByteBuffer(string: key), options: options)))
        else { return nil }
        return object.siblings.compactMap { sibling in
            guard case .value(let bytes, _) = sibling.content else { return nil }
            return String(buffer: bytes)
        }
    }
}

@Suite("Nodes with sockets and disks", .serialized)
struct ClusterTests {
    @Test("One node alone serves at once", .timeLimit(.minutes(1)))
    func oneNode() async throws {
        let cluster = try await LocalCluster(1)
        let node = cluster.nodes[0]
        guard case .written = await node.put("greeting", "hello") else {
            Issue.record("the put failed")
            return
        }
        #expect(await node.get("greeting") == ["hello"])
        #expect(await node.serve(.get(GetRequest(key: ByteBuffer(string: "nothing")))) == .absent)
        await cluster.stop()
    }

    @Test("What one of three nodes has written all of them read", .timeLimit(.minutes(1)))
    func threeNodes() async throws {
        let cluster = try await LocalCluster(3)
        for index in 0..<60 {
            let response = await cluster.nodes[index % 3].put("key\(index)", "value\(index)")
            guard case .written = response else {
                Issue.record("put \(index): \(response)")
                return
            }
        }
        for index in 0..<60 {
            for node in cluster.nodes {
                #expect(await node.get("key\(index)", options: RequestOptions(read: .all)) == ["value\(index)"])
                #expect(await node.get("key\(index)") == ["value\(index)"])
            }
        }
        await cluster.stop()
    }
}
