import Machine
import Storage
import Testing

/// A key of a space; a few tokens for many keys, so that equal tokens are common.
struct ModelKey: Hashable, Comparable {
    var space: Space
    var number: Int

    /// Fifty tokens over the whole range, the ends included.
    var token: UInt64 { number % 5 == 0 ? UInt64(number % 2) &* .max : UInt64(number % 50) &* 0x0505_0505_0505_0505 }
    var bytes: ByteBuffer { ByteBuffer(string: "key-\(number)") }

    static func < (left: ModelKey, right: ModelKey) -> Bool {
        (left.space.rawValue, left.number) < (right.space.rawValue, right.number)
    }
}

struct ModelValue: Hashable {
    var bytes: ByteBuffer
    var hash: UInt64
}

/// The plainly correct oracle.
typealias Model = [ModelKey: ModelValue]

/// One batch, for an engine and for the oracle.
struct ModelBatch {
    var operations: [(key: ModelKey, value: ModelValue?)] = []

    init(using generator: inout SeededGenerator, keys: Int = 120, largest: Int = 300) {
        for _ in 0...Int(generator.below(6)) {
            let space = Space.allCases[Int(generator.below(3))]
            let key = ModelKey(space: space, number: Int(generator.below(UInt64(keys))))
            if generator.chance(1, in: 4) {
                operations.append((key, nil))
            } else {
                // Now and then a value that travels as a piece of its own.
                let limit = generator.chance(1, in: 40) ? 20_000 : largest
                let count = Int(generator.below(UInt64(limit)))
                let byte = UInt8(truncatingIfNeeded: generator.next())
                let bytes = ByteBuffer(repeating: byte, count: count)
                operations.append((key, ModelValue(bytes: bytes, hash: generator.next())))
            }
        }
    }

    var batch: WriteBatch {
        var batch = WriteBatch()
        for (key, value) in operations {
            if let value {
                batch.put(key.space, token: key.token, key: key.bytes, value: value.bytes, hash: value.hash)
            } else {
                batch.drop(key.space, token: key.token, key: key.bytes)
            }
        }
        return batch
    }

    func applied(to model: Model) -> Model {
        var model = model
        for (key, value) in operations {
            model[key] = value
        }
        return model
    }
}

/// Everything in an engine, by scanning and reading, as a model.
func contents(of engine: any StorageEngine) throws -> Model {
    var model: Model = [:]
    for space in Space.allCases {
        var cursor: ScanCursor?
        while true {
            let entries = engine.scan(space, tokens: 0...(.max), after: cursor, limit: 7)
            let records = try engine.read(entries, in: space)
            for (entry, record) in zip(entries, records) {
                guard let record else { continue }
                let text = String(buffer: record.key)
                let number = try #require(Int(text.dropFirst("key-".count)), "key \(text)")
                let key = ModelKey(space: space, number: number)
                #expect(entry.hash == record.hash && entry.token == key.token && entry.sequence == record.sequence)
                #expect(model[key] == nil, "\(text) is there twice")
                model[key] = ModelValue(bytes: record.value, hash: record.hash)
            }
            guard let last = entries.last, entries.count == 7 else { break }
            cursor = last.cursor
        }
    }
    return model
}

/// Checks every way of reading against the oracle.
func expectEqual(_ engine: any StorageEngine, _ model: Model, keys: Int = 120, _ comment: Comment) throws {
    let found = try contents(of: engine)
    #expect(found == model, comment)
    var wrong: [ModelKey] = []
    for space in Space.allCases {
        for number in 0..<keys {
            let key = ModelKey(space: space, number: number)
            let record = try engine.get(space, token: key.token, key: key.bytes)
            let cached = try engine.getIfCached(space, token: key.token, key: key.bytes)
            let isEqual = record?.value == model[key]?.bytes && record?.hash == model[key]?.hash
            if !isEqual || cached != .wouldBlock && cached != (record.map { .found($0) } ?? .absent) {
                wrong.append(key)
            }
        }
        let usage = engine.usage(of: space, tokens: 0...(.max))
        let low = engine.usage(of: space, tokens: 0...(1 << 63))
        let high = engine.usage(of: space, tokens: (1 << 63) + 1...(.max))
        #expect(usage.records == model.keys.count { $0.space == space }, comment)
        #expect(low.records + high.records == usage.records && low.bytes + high.bytes == usage.bytes, comment)
    }
    #expect(wrong.isEmpty, comment)
}

/// An engine on a virtual disk, driven at random beside every state that it may have after a restart.
struct Harness {
    var generator: SeededGenerator
    let disk: VirtualFileSystem
    var engine: LogEngine
    let seed: UInt64
    /// The states since the last one that is certainly durable; the last is what the engine shows now.
    var states: [Model] = [[:]]
    /// A state that a restart may show although the engine does not, after an outcome that nobody knows.
    var alternative: Model?

    static func configuration(_ seed: UInt64) -> LogEngine.Configuration {
        var configuration = LogEngine.Configuration()
        configuration.segmentByteCount = 8 << 10
        configuration.preallocationByteCount = 4 << 10
        configuration.reservedByteCount = 0
        configuration.seed = seed
        return configuration
    }

    init(seed: UInt64) throws {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        disk = VirtualFileSystem()
        engine = try LogEngine(disk, directory: "node", configuration: Self.configuration(seed))
    }

    var comment: Comment { "seed \(seed), call \(disk.callCount)" }

    mutating func append() {
        let batch = ModelBatch(using: &generator)
        let isSynced = generator.chance(2, in: 3)
        let next = batch.applied(to: states[states.count - 1])
        do {
            try engine.append(batch.batch, durability: isSynced ? .synced : .buffered)
            alternative = nil
            states = isSynced ? [next] : states + [next]
        } catch {
            if error.isOutcomeUnknown { alternative = next }
        }
    }

    /// One random thing; failures are allowed and change nothing that the harness does not know of.
    mutating func step() {
        switch generator.below(20) {
        case 0..<14: append()
        case 14, 15, 16: _ = try? engine.compactStep(budget: 4 << 10)
        case 17:
            if (try? engine.sync()) != nil { states.removeFirst(states.count - 1) }
        case 18:
            if (try? engine.checkpoint()) != nil { states.removeFirst(states.count - 1) }
        default:
            var budget = 40
            while budget > 0, (try? engine.compactStep(budget: 8 << 10))?.hasMore == true { budget -= 1 }
        }
    }

    /// Opens the store again and finds out in which of the possible states it is.
    mutating func reopen(_ possible: [Model]) throws {
        engine = try LogEngine(disk, directory: "node", configuration: Self.configuration(seed))
        let found = try contents(of: engine)
        guard let index = possible.lastIndex(of: found) else {
            Issue.record("\(comment): none of \(possible.count) states; \(Self.difference(found, possible))")
            throw StorageFailure.closed
        }
        states = [possible[index]]
        alternative = nil
        try expectEqual(engine, found, comment)
    }

    /// In how many keys each possible state differs, and the keys by which the nearest does.
    static func difference(_ found: Model, _ possible: [Model]) -> String {
        let differing = possible.map { state in
            Set(found.keys).union(state.keys).filter { found[$0] != state[$0] }.sorted()
        }
        let nearest = differing.min { $0.count < $1.count } ?? []
        return "differing keys \(differing.map(\.count)), \(nearest.map { "\($0.space) \($0.number)" })"
    }

    /// The process ends without a word; the system keeps what it has.
    mutating func kill() throws {
        disk.endProcess()
        let last = states[states.count - 1]
        try reopen(alternative.map { [last, $0] } ?? [last])
    }

    /// The power goes.
    mutating func crash() throws {
        disk.crash(using: &generator)
        try reopen(alternative.map { states + [$0] } ?? states)
    }

    mutating func close() throws {
        try engine.close()
        try reopen([states[states.count - 1]])
        #expect(engine.recovery.wasClean, comment)
    }
}
