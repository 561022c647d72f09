import Disk
import Foundation
import Machine
import Ring
import Server
import Storage
import Testing

@Suite("A node that is started again", .serialized)
struct RestartTests {
    @Test("What a node says of itself is written down before others hear it", .timeLimit(.minutes(1)))
    func ownWord() async throws {
        let folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var versions: [UInt64] = []
        for _ in 0..<3 {
            // Another port each time: the record changes.
            let node = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
            let file = CheckedFile(
                path: "\(folder)/0/membership", directory: "\(folder)/0", fileSystem: PosixFileSystem())
            var bytes = try #require(try file.read())
            let record = try #require(try Membership(decoding: &bytes).records.first)
            #expect(Int(record.port) == node.endpoint.port)
            versions.append(record.version)
            await node.stop()
        }
        #expect(Set(versions).count == 3)
    }

    @Test("A node that has stopped gives its data directory up, also while somebody holds it", .timeLimit(.minutes(1)))
    func directory() async throws {
        let folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
        await first.stop()
        let second = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
        await second.stop()
        withExtendedLifetime(first) {}
    }
}
