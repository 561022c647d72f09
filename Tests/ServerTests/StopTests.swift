import Coordinator
import Foundation
import Machine
import NIOCore
import NIOPosix
import Node
import Server
import Testing

@Suite("A node that does not start, or has stopped", .serialized, .timeLimit(.minutes(1)))
struct StopTests {
    /// Starts a node on a port in a folder of its own, which must fail, then on another, which must not.
    private func fail(onPort port: Int) async throws {
        let folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let node = try await LocalCluster.start(0, folder: folder, seed: nil) { $0.port = port }
            Issue.record("the node has started")
            await node.stop()
        } catch StartFailure.port {}
        let node = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
        guard case .written = await node.put("key", "value") else {
            Issue.record("the put failed")
            return
        }
        await node.stop()
    }

    @Test("A port in use leaves the data directory to the next start")
    func portInUse() async throws {
        let cluster = try await LocalCluster(1)
        try await fail(onPort: cluster.nodes[0].endpoint.port)
        await cluster.stop()
    }

    @Test("A port whose datagrams another has leaves storage closed and the data directory to the next start")
    func datagramsInUse() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let socket = try await DatagramBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        try await fail(onPort: try #require(socket.localAddress?.port))
        try await socket.close()
    }

    @Test("A node that has stopped answers everything that it is asked in this process, and has let its directory go")
    func stopped() async throws {
        let folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let node = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
        async let other: Void = node.stop()
        await node.stop()
        await other
        await node.stop()

        await node.whenServing()
        #expect(await node.memberCount() == 1)
        let put = await node.put("key", "value")
        #expect(put == .failed(.unavailable(required: 1, available: 0, missing: [], outcome: .notApplied)))
        let readiness = await withCheckedContinuation { done in
            node.service.readiness { done.resume(returning: $0) }
        }
        #expect(readiness == .notReady("this node has stopped"))
        let status = await withCheckedContinuation { done in
            node.service.clusterStatus { done.resume(returning: $0) }
        }
        #expect(status.members.map(\.name) == ["node0"])
        let ring = await withCheckedContinuation { done in node.service.ringStatus { done.resume(returning: $0) } }
        #expect(ring.owners.count == 64)
        let location = await withCheckedContinuation { done in
            node.service.locate(ByteBuffer(string: "key")) { done.resume(returning: $0) }
        }
        #expect(location.owners.map(\.name) == ["node0"])

        // The first object is still there, and its directory is free.
        let again = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
        await again.stop()
        #expect(node.name == "node0")
    }
}
