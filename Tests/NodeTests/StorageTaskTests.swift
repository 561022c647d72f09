import Causality
import Handoff
import Machine
import Node
import Ring
import Storage
import Testing
import Wire

@Suite struct StorageTaskTests {
    private static let node = NodeID(high: 1, low: 2)

    private func store() throws -> ObjectStore {
        let fileSystem = VirtualFileSystem()
        try fileSystem.createDirectory("data")
        let identity = try IdentityFile.create(
            NodeIdentity(node: Self.node, cluster: "virtual", partitions: 32, replicas: 3, birth: 7), in: "data",
            on: fileSystem)
        return try ObjectStore(
            engine: MemoryEngine(), identity: identity,
            configuration: ObjectStore.Configuration(partitionShift: 59))
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

    @Test func `a pull of large values comes in batches that fit into a frame`() throws {
        let store = try store()
        let ring = try ring()
        var generator = SeededGenerator(seed: 1)
        var value = ByteBuffer()
        for _ in 0..<(300 << 7) {
            value.writeInteger(generator.next())
        }
        for index in 0..<80 {
            let key = ByteBuffer(string: "key-\(index)")
            // All in the first partition.
            let write = CoordinatedWrite(
                token: UInt64(index / 2), key: key, content: .value(value, contentType: ""), seeing: .everythingHere)
            _ = store.prepare(.coordinate(write), wall: 1)
        }
        try store.commit()

        var keys: [String] = []
        var from: UInt64? = 0
        while let first = from {
            let request = PullRequest(
                partitions: .all(of: 32), from: first, byteLimit: HandoffLimits.batchBytes, epoch: .zero)
            let answer = StorageTask.pull(request, refused: .none(of: 32)).read(from: store.reader, ring: ring)
            guard case .pulled(let batch) = answer else {
                Issue.record("\(answer)")
                return
            }
            var frame = ByteBuffer()
            HandoffResponse.pulled(batch).encode(into: &frame)
            #expect(frame.readableBytes < FrameHeader.defaultLengthLimit)
            // A token is never split, and one entry may be larger than the limit.
            #expect(batch.entries.count <= 2)
            keys += batch.entries.map { String(buffer: $0.key) }
            #expect(batch.next.map { $0 > first } ?? true)
            from = batch.next
        }
        #expect(keys.count == 80)
        #expect(Set(keys).count == 80)
    }
}
