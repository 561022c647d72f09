import Foundation
import Logging
import NIOCore
import RPC
import Server

/// Nodes in this process, on ports that the system chooses, with their data in a temporary folder.
struct OwnCluster: Sendable {
    let nodes: [NodeServer]
    /// What was started, in words.
    let description: String
    private let folder: URL

    /// Starts the nodes one after another, and returns when each serves its share.
    static func start(_ options: NodeOptions, valueByteCount: Int, logger: Logger) async throws -> OwnCluster {
        let place = options.dataDir.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let folder = place.appendingPathComponent("toystore-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let loops = options.loops ?? max(1, System.coreCount / options.count)
        var nodes: [NodeServer] = []
        do {
            for number in 0..<options.count {
                var configuration = ServerConfiguration()
                configuration.port = 0
                configuration.httpPort = 0
                configuration.eventLoops = loops
                configuration.name = "bench-\(number)"
                configuration.dataDirectory = folder.appendingPathComponent("\(number)").path
                configuration.engine = options.engine ?? configuration.engine
                configuration.durability = options.durability ?? configuration.durability
                configuration.isHedging = !options.noHedging
                configuration.valueByteLimit = max(configuration.valueByteLimit, valueByteCount)
                configuration.seeds = nodes.prefix(1).map { RPCSeed(host: $0.endpoint.host, port: $0.endpoint.port) }
                let node = try await NodeServer.start(configuration, logger: logger)
                nodes.append(node)
                await node.whenServing()
            }
        } catch {
            await OwnCluster(nodes: nodes, description: "", folder: folder).stop()
            throw error
        }
        let storage =
            options.engine == .memory
            ? "memory" : "log, durability \((options.durability ?? .sync).rawValue), in \(place.path)"
        let description =
            "\(nodes.count) in this process, event loops of each \(loops), engine \(storage)"
            + (options.noHedging ? ", gets ask all" : "")
        return OwnCluster(nodes: nodes, description: description, folder: folder)
    }

    /// Where the nodes are reached.
    var endpoints: [RPCEndpoint] {
        nodes.map { RPCEndpoint(host: $0.endpoint.host, port: $0.endpoint.port) }
    }

    /// Stops the nodes and removes their data.
    func stop() async {
        for node in nodes {
            await node.stop()
        }
        try? FileManager.default.removeItem(at: folder)
    }
}
