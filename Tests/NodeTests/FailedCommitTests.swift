import Causality
import Machine
import Storage
import Testing

@Suite struct FailedCommitTests {
    private static let node = NodeID(high: 1, low: 2)

    private func store(on fileSystem: VirtualFileSystem) throws -> ObjectStore {
        try fileSystem.createDirectory("data")
        let identity = try IdentityFile.create(
            NodeIdentity(node: Self.node, cluster: "virtual", partitions: 32, replicas: 3, birth: 7), in: "data",
            on: fileSystem)
        var log = LogEngine.Configuration()
        log.segmentByteCount = 1 << 16
        log.preallocationByteCount = 1 << 14
        log.reservedByteCount = 0
        return try ObjectStore(
            engine: try LogEngine(fileSystem, directory: "data/store", configuration: log), identity: identity,
            configuration: ObjectStore.Configuration(partitionShift: 59))
    }

    private func write(_ value: String, to store: ObjectStore) -> (object: Object, dot: Dot)? {
        let write = CoordinatedWrite(
            token: 7, key: ByteBuffer(string: "key"),
            content: .value(ByteBuffer(string: value), contentType: ""), seeing: .everythingHere)
        guard case .coordinated(let object, let dot) = store.prepare(.coordinate(write), wall: 1) else { return nil }
        return (object, dot)
    }

    @Test(arguments: [FileSystemCall.Operation.write, .dataSync])
    func `the dot of a write that a failed commit has lost is not given to another`(
        _ operation: FileSystemCall.Operation
    ) throws {
        let fileSystem = VirtualFileSystem()
        let store = try store(on: fileSystem)
        try #require(write("1", to: store) != nil)
        try store.commit()

        fileSystem.setFaults { call in
            call.operation == operation && call.path.contains("segment")
                ? .error(code: FileSystemFault.inputOutputCode) : nil
        }
        // It has gone to the other replicas before the commit failed.
        let lost = try #require(write("2", to: store))
        #expect(throws: StorageFailure.self) { try store.commit() }
        fileSystem.setFaults(nil)

        let next = try #require(write("3", to: store))
        try store.commit()
        #expect(next.dot != lost.dot)
        var replica = lost.object
        replica.merge(next.object)
        #expect(replica.siblings.contains { $0.dot == next.dot && $0.content.byteCount == 1 })
        #expect(!lost.object.covers(next.object))
    }
}
