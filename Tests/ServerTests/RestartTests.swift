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
        var words: [(run: UInt64, version: UInt64)] = []
        for _ in 0..<3 {
            // Another port each time: the record changes.
            let node = try await LocalCluster.start(0, folder: folder, seed: nil) { _ in }
            let file = CheckedFile(
                path: "\(folder)/0/membership", directory: "\(folder)/0", fileSystem: PosixFileSystem())
            var bytes = try #require(try file.read())
            #expect(bytes.readInteger(as: UInt8.self) == 0, "told to nobody")
            let record = try #require(try Membership(decoding: &bytes).records.first)
            #expect(Int(record.port) == node.endpoint.port)
            words.append((record.run, record.version))
            await node.stop()
        }
        // Another word each time; under one version, since nobody has heard any of them.
        #expect(Set(words.map(\.run)).count == 3)
        #expect(Set(words.map(\.version)).count == 1)
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

    @Test("A node that joins or is started again takes requests for others at once", .timeLimit(.minutes(1)))
    func atOnce() async throws {
        let folder = NSTemporaryDirectory() + "toystore-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try await LocalCluster.start(0, folder: folder, seed: nil) { $0.replicas = 1 }
        for number in 0..<20 {
            _ = await first.put("key\(number)", "value")
        }
        // Once as one that joins, then again and again with the first one in its membership.
        for _ in 0..<4 {
            let second = try await LocalCluster.start(1, folder: folder, seed: first, isServing: false) { _ in }
            let values = await withTaskGroup(of: [String]?.self) { group in
                for number in 0..<20 {
                    group.addTask { await second.get("key\(number)") }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values.count { $0 == ["value"] } == 20)
            await second.stop()
        }
        await first.stop()
    }
}
