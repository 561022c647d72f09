import Causality
import Machine
import Storage
import Testing

@Suite struct FailedCommitTests {
    private static let node = NodeID(high: 1, low: 2)

    private func store(on fileSystem: VirtualFileSystem, hintLimit: Int = 1000) throws -> ObjectStore {
        try store(on: fileSystem, identity(on: fileSystem), hintLimit: hintLimit)
    }

    /// The identity of a node on an empty disk.
    private func identity(on fileSystem: VirtualFileSystem) throws -> IdentityFile {
        try fileSystem.createDirectory("data")
        return try IdentityFile.create(
            NodeIdentity(node: Self.node, cluster: "virtual", partitions: 32, replicas: 3, birth: 7), in: "data",
            on: fileSystem)
    }

    private func reopened(on fileSystem: VirtualFileSystem) throws -> ObjectStore {
        try store(on: fileSystem, try #require(try IdentityFile.open(in: "data", on: fileSystem)), hintLimit: 1000)
    }

    private func store(
        on fileSystem: VirtualFileSystem, _ identity: IdentityFile, hintLimit: Int
    ) throws -> ObjectStore {
        try opened(on: fileSystem, identity, hintLimit: hintLimit).store
    }

    private func opened(
        on fileSystem: VirtualFileSystem, _ identity: IdentityFile, hintLimit: Int
    ) throws -> (store: ObjectStore, engine: LogEngine) {
        var log = LogEngine.Configuration()
        log.segmentByteCount = 1 << 16
        log.preallocationByteCount = 1 << 14
        log.reservedByteCount = 0
        let engine = try LogEngine(fileSystem, directory: "data/store", configuration: log)
        let store = try ObjectStore(
            engine: engine, identity: identity,
            configuration: ObjectStore.Configuration(hintLimit: hintLimit, partitionShift: 59))
        return (store, engine)
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
        try store.probe()

        let next = try #require(write("3", to: store))
        try store.commit()
        #expect(next.dot != lost.dot)
        var replica = lost.object
        replica.merge(next.object)
        #expect(replica.siblings.contains { $0.dot == next.dot && $0.content.byteCount == 1 })
        #expect(!lost.object.covers(next.object))
    }

    /// An object that another node has written.
    private let other: Object = {
        var object = Object()
        object.write(
            .value(ByteBuffer(string: "other"), contentType: ""), expiry: 0,
            timestamp: HybridTimestamp(milliseconds: 1), seeing: .everythingHere,
            as: ActorID(node: NodeID(high: 5, low: 6), epoch: 1))
        return object
    }()

    private func failCommit(of store: ObjectStore, on fileSystem: VirtualFileSystem) {
        fileSystem.setFaults { call in
            call.operation == .write && call.path.contains("segment")
                ? .error(code: FileSystemFault.inputOutputCode) : nil
        }
        #expect(throws: StorageFailure.self) { try store.commit() }
        fileSystem.setFaults(nil)
    }

    /// What it lost of its own writes others have: the limit of siblings would be held against a copy that knows of none.
    @Test func `behind a batch that was not stored no write is coordinated until one is`() throws {
        let fileSystem = VirtualFileSystem()
        let store = try store(on: fileSystem)
        try #require(write("1", to: store) != nil)
        failCommit(of: store, on: fileSystem)

        let next = CoordinatedWrite(
            token: 7, key: ByteBuffer(string: "key"), content: .tombstone, seeing: .everythingHere)
        guard case .refused(.storage(.inputOutput)) = store.prepare(.coordinate(next), wall: 1) else {
            Issue.record("a write is coordinated")
            return
        }
        // The disk takes none yet either, which is nobody's failure now, and whoever asks again is refused again.
        fileSystem.setFaults { call in
            call.operation == .write && call.path.contains("segment")
                ? .error(code: FileSystemFault.inputOutputCode) : nil
        }
        try store.commit()
        fileSystem.setFaults(nil)
        #expect(write("2", to: store) == nil)
        // Now it does: the commit has looked, with nothing else to write.
        #expect(!store.isBatchEmpty)
        try store.commit()
        #expect(write("3", to: store) != nil)

        failCommit(of: store, on: fileSystem)
        #expect(store.prepare(.merge(token: 7, key: next.key, object: other), wall: 1) == .accepted)
        #expect(write("4", to: store) == nil)
        try store.commit()
        #expect(write("5", to: store) != nil)
    }

    /// A disk that is full may have room for less than what it refused.
    @Test func `a batch that is smaller than the one that was not stored says nothing`() throws {
        let fileSystem = VirtualFileSystem()
        let store = try store(on: fileSystem)
        try #require(write(String(repeating: "1", count: 5000), to: store) != nil)
        failCommit(of: store, on: fileSystem)
        #expect(store.prepare(.merge(token: 7, key: ByteBuffer(string: "key"), object: other), wall: 1) == .accepted)
        try store.commit()
        #expect(store.failing != nil)
        #expect(write("2", to: store) == nil)
        // It looks, with as many bytes; that they are not stored is nobody's failure.
        fileSystem.setFaults { call in
            call.operation == .write && call.path.contains("segment")
                ? .error(code: FileSystemFault.inputOutputCode) : nil
        }
        try store.commit()
        #expect(store.failing != nil)
        #expect(write("3", to: store) == nil)
        fileSystem.setFaults(nil)
        try store.commit()
        #expect(store.failing == nil)
        #expect(write("4", to: store) != nil)
        try store.commit()
        // Of what it has looked with nothing is left.
        #expect(store.markedRanges.isEmpty)
        #expect(store.reader.usage(of: 0...UInt64.max).records == 1)
    }

    @Test func `a mark whose commit failed is written with the next one`() throws {
        let fileSystem = VirtualFileSystem()
        let owner = NodeID(high: 3, low: 4)
        do {
            let store = try store(on: fileSystem, hintLimit: 0)
            guard case .marked = store.prepare(.hint(owner: owner, token: 7, key: ByteBuffer(string: "key")), wall: 1)
            else {
                Issue.record("no mark where there is room for no hint")
                return
            }
            failCommit(of: store, on: fileSystem)
            #expect(store.markedRanges.map(\.owner) == [owner])
            // Any batch will do.
            #expect(
                store.prepare(.merge(token: 7, key: ByteBuffer(string: "key"), object: other), wall: 1) == .accepted)
            try store.commit()
        }
        fileSystem.endProcess()
        let again = try reopened(on: fileSystem)
        #expect(again.markedRanges.map(\.owner) == [owner])
    }

    @Test func `hints whose commit failed come back as a mark on their range`() throws {
        let fileSystem = VirtualFileSystem()
        let owner = NodeID(high: 3, low: 4)
        do {
            let store = try store(on: fileSystem)
            for key in ["a", "b"] {
                #expect(
                    store.prepare(.hint(owner: owner, token: 7, key: ByteBuffer(string: key)), wall: 1) == .accepted)
            }
            failCommit(of: store, on: fileSystem)
            let ranges = store.takeRangesOfLostHints()
            #expect(ranges.map(\.owner) == [owner])
            #expect(store.takeRangesOfLostHints().isEmpty)
            #expect(store.markedRanges == ranges)
            try store.commit()
        }
        fileSystem.endProcess()
        #expect(try reopened(on: fileSystem).markedRanges.map(\.owner) == [owner])
    }

    @Test func `the dot of a lost write is not given to another after a clean stop either`() throws {
        let fileSystem = VirtualFileSystem()
        let identity = try self.identity(on: fileSystem)
        var (store, engine) = try opened(on: fileSystem, identity, hintLimit: 1000)
        try #require(write("1", to: store) != nil)
        try store.commit()
        fileSystem.setFaults { call in
            call.operation == .write && call.path.contains("segment")
                ? .error(code: FileSystemFault.inputOutputCode) : nil
        }
        let lost = try #require(write("2", to: store))
        #expect(throws: StorageFailure.self) { try store.commit() }
        fileSystem.setFaults(nil)
        try engine.close()
        fileSystem.endProcess()

        let again = try #require(try IdentityFile.open(in: "data", on: fileSystem))
        (store, engine) = try opened(on: fileSystem, again, hintLimit: 1000)
        let next = try #require(write("3", to: store))
        #expect(next.dot != lost.dot)
        #expect(!lost.object.covers(next.object))
    }

    /// A clean stop says that nothing of its own run is missing, and nothing of the runs before.
    @Test func `the dot of a lost write is not given to another after an unclean stop and a clean one`() throws {
        let fileSystem = VirtualFileSystem()
        let identity = try self.identity(on: fileSystem)
        var (store, engine) = try opened(on: fileSystem, identity, hintLimit: 1000)
        try #require(write("1", to: store) != nil)
        try store.commit()
        // It has gone to the other replicas before the power went.
        let lost = try #require(write("2", to: store))
        var generator = SeededGenerator(seed: 1)
        fileSystem.crash(using: &generator)

        for _ in 0..<2 {
            let again = try #require(try IdentityFile.open(in: "data", on: fileSystem))
            (store, engine) = try opened(on: fileSystem, again, hintLimit: 1000)
            try engine.close()
            fileSystem.endProcess()
        }
        let last = try #require(try IdentityFile.open(in: "data", on: fileSystem))
        let next = try #require(write("3", to: try opened(on: fileSystem, last, hintLimit: 1000).store))
        #expect(next.dot != lost.dot)
        #expect(!lost.object.covers(next.object))
    }

    /// The hint that was delivered is of an earlier write than the one that has just been added.
    @Test func `a hint that is added in the batch in which an older one is dropped stays`() throws {
        let fileSystem = VirtualFileSystem()
        let identity = try self.identity(on: fileSystem)
        let (store, engine) = try opened(on: fileSystem, identity, hintLimit: 1000)
        let owner = NodeID(high: 3, low: 4)
        let key = ByteBuffer(string: "key")
        _ = store.prepare(.hint(owner: owner, token: 7, key: key), wall: 1)
        try store.commit()
        let entries = engine.scan(.hints, tokens: 0...UInt64.max, after: nil, limit: 10)
        let sequence = try #require(try engine.read(entries, in: .hints).first??.sequence)
        _ = store.prepare(.hint(owner: owner, token: 7, key: key), wall: 1)
        _ = store.prepare(.dropHint(owner: owner, token: 7, key: key, sequence: sequence), wall: 1)
        try store.commit()
        #expect(engine.usage(of: .hints, tokens: 0...UInt64.max).records == 1)
    }
}
