import Coordinator
import Machine
import Node
import Storage
import Testing

@testable import Server

@Suite("A node whose disk is full", .serialized, .timeLimit(.minutes(1)))
struct FullDiskTests {
    @Test("It refuses writes, says so, serves reads, and goes on when there is space")
    func fullDisk() async throws {
        let disk = VirtualFileSystem()
        let cluster = try await LocalCluster(1) { $0.fileSystem = disk }
        let node = cluster.nodes[0]
        guard case .written = await node.put("key", "value") else {
            Issue.record("the put failed")
            return
        }
        disk.setFaults { call in
            call.path.contains("segment") && [.write, .create, .preallocate].contains(call.operation) ? .full : nil
        }
        for key in ["key", "another"] {
            guard case .failed(let failure) = await node.put(key, "more") else {
                Issue.record("a full disk took a write")
                return
            }
            switch failure {
            case .storage, .unavailable: break
            default: Issue.record("\(failure)")
            }
        }
        guard case .notReady(let reason) = await readiness(of: node) else {
            Issue.record("the node calls itself ready")
            return
        }
        #expect(reason.contains("full") && reason.contains("free space"))
        #expect(await node.get("key") == ["value"])

        disk.setFaults(nil)
        // Before the store has looked, which it does when it is asked, a write is refused once more, by what was known.
        switch await node.put("key", "more") {
        case .written, .failed(.storage(_, outcome: .notApplied)): break
        case let other: Issue.record("\(other)")
        }
        guard case .written = await node.put("key", "more") else {
            Issue.record("the put failed")
            return
        }
        #expect(await readiness(of: node) == .ready)
        #expect(await node.get("key") == ["more"])
        await cluster.stop()
    }

    private func readiness(of node: NodeServer) async -> Readiness {
        await withCheckedContinuation { done in node.service.readiness { done.resume(returning: $0) } }
    }
}
