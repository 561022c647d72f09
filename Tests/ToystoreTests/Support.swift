import Foundation
import Logging
import Server
import Toystore

let quiet = Logger(label: "toystore.test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Runs a test with nodes in memory that make one cluster, each of which serves its share.
func withNodes(_ count: Int, _ body: ([ToystoreNode]) async throws -> Void) async throws {
    var nodes: [ToystoreNode] = []
    do {
        for _ in 0..<count {
            var configuration = try ServerConfiguration.inMemory(seeds: nodes.first.map { [$0.address] } ?? [])
            configuration.partitions = nodes.isEmpty ? 64 : nil
            configuration.eventLoops = 2
            nodes.append(try await .start(configuration, logger: quiet))
        }
        for node in nodes {
            try await node.whenServing()
        }
        try await body(nodes)
    } catch {
        for node in nodes { await node.stop() }
        throw error
    }
    for node in nodes { await node.stop() }
}

/// A folder of its own, taken away afterwards.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

/// What a request fails with; `nil` where it does not.
func failure<Value>(_ body: () async throws(ClientFailure) -> Value) async -> ClientFailure? {
    do throws(ClientFailure) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// What a start fails with; `nil` where it does not.
func startFailure(_ configuration: () throws(StartFailure) -> ServerConfiguration) async -> StartFailure? {
    do throws(StartFailure) {
        let node = try await ToystoreNode.start(try configuration(), logger: quiet)
        await node.stop()
        return nil
    } catch {
        return error
    }
}
