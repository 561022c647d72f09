import Causality
import Machine
import Node
import Ring
import Storage
import Testing

@Suite struct StorageTaskTests {
    private static let node = NodeID(high: 1, low: 2)

    private func store() throws -> ObjectStore {
        let fileSystem = VirtualFileSystem()
        try fileSystem.createDirectory("data")
        let identity = try IdentityFile.create(
            NodeIdentity(node: Self.node, cluster: "virtual", partitions: 32, replicas: 3), in: "data", on: fileSystem)
        return try ObjectStore(
            engine: MemoryEngine(), identity: identity,
            configuration: ObjectStore.Configuration(node: Self.node, partitionShift: 59))
    }

    private func ring() throws -> RingConfiguration {
        try #require(RingConfiguration(partitions: 32, replicas: 3))
    }

    @Test func `hints of an owner are found behind any number of hints for others`() throws {
        let store = try store()
        let (crowd, rare) = (NodeID(high: 5, low: 5), NodeID(high: 6, low: 6))
        for index in 0..<300 {
            let key = ByteBuffer(string: "key-\(index)")
            _ = store.prepare(.hint(owner: crowd, token: UInt64(index), key: key), wall: 1)
        }
        _ = store.prepare(.hint(owner: rare, token: 1000, key: ByteBuffer(string: "rare")), wall: 1)
        try store.commit()

        let answer = StorageTask.scanHints(rare, after: nil, limit: 16).read(from: store.reader, ring: try ring())
        guard case .hints(let entries, _) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(entries.map(\.token) == [1000])
    }
}
