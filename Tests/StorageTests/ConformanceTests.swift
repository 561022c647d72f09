import Disk
import Glibc
import Machine
import Storage
import Testing

/// An engine of one kind, and what it leaves behind.
final class Fixture {
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case memory, logOnVirtualDisk, logOnRealFiles
        var testDescription: String { rawValue }
    }

    let engine: any StorageEngine
    private let directory: String?

    init(_ kind: Kind) throws {
        switch kind {
        case .memory:
            engine = MemoryEngine()
            directory = nil
        case .logOnVirtualDisk:
            engine = try LogEngine(
                VirtualFileSystem(), directory: "node", configuration: Harness.configuration(1))
            directory = nil
        case .logOnRealFiles:
            var template = Array("/tmp/toystore-engine-XXXXXX".utf8CString)
            let path = String(cString: try #require(mkdtemp(&template)))
            engine = try LogEngine(PosixFileSystem(), directory: path, configuration: Harness.configuration(1))
            directory = path
        }
    }

    deinit {
        try? engine.close()
        guard let directory else { return }
        let disk = PosixFileSystem()
        for name in (try? disk.list(directory)) ?? [] {
            try? disk.unlink(directory + "/" + name)
        }
        rmdir(directory)
    }
}

@Suite("Every engine keeps the same promises")
struct ConformanceTests {
    private let key = ByteBuffer(string: "key")

    private func put(
        _ engine: any StorageEngine, _ text: String, _ value: String, token: UInt64 = 7, replacing: UInt64? = nil
    ) throws -> UInt64 {
        var batch = WriteBatch()
        batch.put(
            .objects, token: token, key: ByteBuffer(string: text), value: ByteBuffer(string: value), hash: 1,
            replacing: replacing)
        return try engine.append(batch, durability: .synced)
    }

    private func get(_ engine: any StorageEngine, _ text: String, token: UInt64 = 7) throws -> String? {
        try engine.get(.objects, token: token, key: ByteBuffer(string: text)).map { String(buffer: $0.value) }
    }

    @Test("a random run equals the dictionary", arguments: Fixture.Kind.allCases)
    func randomRun(kind: Fixture.Kind) throws {
        let fixture = try Fixture(kind)
        var generator = SeededGenerator(seed: 5)
        var model: Model = [:]
        for round in 0..<400 {
            let batch = ModelBatch(using: &generator)
            try fixture.engine.append(batch.batch, durability: round % 8 == 0 ? .synced : .buffered)
            model = batch.applied(to: model)
            if round % 9 == 0 { try fixture.engine.compactStep(budget: 64 << 10) }
            if round % 100 == 99 { try expectEqual(fixture.engine, model, "seed 5, round \(round)") }
        }
    }

    @Test("keys of one token, and one key in two spaces, are apart", arguments: Fixture.Kind.allCases)
    func apart(kind: Fixture.Kind) throws {
        let engine = try Fixture(kind)
        _ = try put(engine.engine, "one", "1")
        _ = try put(engine.engine, "two", "2")
        #expect(try engine.engine.get(.hints, token: 7, key: ByteBuffer(string: "one")) == nil)
        var batch = WriteBatch()
        batch.drop(.objects, token: 7, key: ByteBuffer(string: "one"))
        try engine.engine.append(batch, durability: .synced)
        #expect(try get(engine.engine, "one") == nil)
        #expect(try get(engine.engine, "two") == "2")
    }

    @Test("operations of one batch apply in their order", arguments: Fixture.Kind.allCases)
    func order(kind: Fixture.Kind) throws {
        let fixture = try Fixture(kind)
        var batch = WriteBatch()
        for value in ["first", "second"] {
            batch.put(.meta, token: 1, key: key, value: ByteBuffer(string: value), hash: 0)
        }
        batch.put(.meta, token: 2, key: key, value: ByteBuffer(string: "gone"), hash: 0)
        batch.drop(.meta, token: 2, key: key)
        try fixture.engine.append(batch, durability: .synced)
        let record = try fixture.engine.get(.meta, token: 1, key: key)
        #expect(record.map { String(buffer: $0.value) } == "second")
        #expect(try fixture.engine.get(.meta, token: 2, key: key) == nil)
        #expect(fixture.engine.usage(of: .meta, tokens: 0...(.max)).records == 1)
    }

    @Test("a sequence that the caller has read saves a read and changes nothing", arguments: Fixture.Kind.allCases)
    func replacing(kind: Fixture.Kind) throws {
        let fixture = try Fixture(kind)
        let first = try put(fixture.engine, "one", "1")
        let second = try put(fixture.engine, "one", "2", replacing: first)
        #expect(second > first)
        // A sequence that is no longer there is only a hint that was wrong.
        _ = try put(fixture.engine, "one", "3", replacing: first)
        #expect(try get(fixture.engine, "one") == "3")
        #expect(fixture.engine.usage(of: .objects, tokens: 0...(.max)).records == 1)
    }

    @Test("empty values and the longest keys are kept, longer ones refused", arguments: Fixture.Kind.allCases)
    func limits(kind: Fixture.Kind) throws {
        let fixture = try Fixture(kind)
        let longest = ByteBuffer(repeating: 1, count: WriteBatch.keyByteLimit)
        var batch = WriteBatch()
        batch.put(.objects, token: 0, key: longest, value: ByteBuffer(), hash: 3)
        batch.put(.objects, token: .max, key: ByteBuffer(), value: ByteBuffer(repeating: 2, count: 300_000), hash: 4)
        try fixture.engine.append(batch, durability: .synced)
        #expect(try fixture.engine.get(.objects, token: 0, key: longest)?.value.readableBytes == 0)
        #expect(try fixture.engine.get(.objects, token: .max, key: ByteBuffer())?.value.readableBytes == 300_000)
        batch.removeAll()
        batch.put(
            .objects, token: 0, key: ByteBuffer(repeating: 1, count: WriteBatch.keyByteLimit + 1), value: ByteBuffer(),
            hash: 3)
        #expect(throws: StorageFailure.tooLarge(limit: WriteBatch.keyByteLimit)) {
            try fixture.engine.append(batch, durability: .synced)
        }
    }

    @Test("after its end an engine says that it is closed", arguments: Fixture.Kind.allCases)
    func closed(kind: Fixture.Kind) throws {
        let fixture = try Fixture(kind)
        _ = try put(fixture.engine, "one", "1")
        try fixture.engine.close()
        try fixture.engine.close()
        #expect(throws: StorageFailure.closed) { try get(fixture.engine, "one") }
        #expect(throws: StorageFailure.closed) { try put(fixture.engine, "one", "2") }
        #expect(throws: StorageFailure.closed) { try fixture.engine.compactStep(budget: 1) }
        #expect(fixture.engine.scan(.objects, tokens: 0...(.max), after: nil, limit: 10).isEmpty)
    }
}
