import Machine
import Storage
import Synchronization
import Testing

@Suite("The log engine under damage, full disks and load")
struct LogEngineTests {
    private let directory = "node"

    private func open(_ disk: VirtualFileSystem, reserved: Int = 0) throws -> LogEngine {
        var configuration = Harness.configuration(1)
        configuration.reservedByteCount = reserved
        return try LogEngine(disk, directory: directory, configuration: configuration)
    }

    private func put(_ engine: LogEngine, _ number: Int, _ byte: UInt8, count: Int = 100) throws {
        var batch = WriteBatch()
        let key = ModelKey(space: .objects, number: number)
        batch.put(
            .objects, token: UInt64(number) << 32, key: key.bytes, value: ByteBuffer(repeating: byte, count: count),
            hash: UInt64(byte))
        try engine.append(batch, durability: .synced)
    }

    private func get(_ engine: LogEngine, _ number: Int) throws -> UInt8? {
        let key = ModelKey(space: .objects, number: number)
        let record = try engine.get(.objects, token: UInt64(number) << 32, key: key.bytes)
        return record?.value.readableBytesView.first
    }

    @Test("space stays within twice what is live while everything is overwritten again and again")
    func amplification() throws {
        let disk = VirtualFileSystem()
        let engine = try open(disk)
        var generator = SeededGenerator(seed: 12)
        var worst = 0.0
        for round in 0..<6000 {
            try put(engine, Int(generator.below(300)), UInt8(truncatingIfNeeded: round))
            while try engine.compactStep(budget: 4 << 10).hasMore {}
            if round > 600 { worst = max(worst, engine.statistics.spaceAmplification) }
        }
        #expect(worst <= 2, "\(worst)")
        #expect(engine.statistics.records == 300)
    }

    @Test("drops leave nothing behind once what they hide has gone")
    func drops() throws {
        let disk = VirtualFileSystem()
        let engine = try open(disk)
        for number in 0..<4000 {
            try put(engine, number % 50, 1)
            var batch = WriteBatch()
            let key = ModelKey(space: .objects, number: number % 50)
            batch.drop(.objects, token: UInt64(number % 50) << 32, key: key.bytes)
            try engine.append(batch, durability: .synced)
            while try engine.compactStep(budget: 16 << 10).hasMore {}
        }
        #expect(engine.statistics.records == 0)
        #expect(engine.statistics.logBytes < 40 << 10, "\(engine.statistics)")
    }

    @Test("a rotten byte anywhere is never served, never a trap, and costs at most its own records")
    func rot() throws {
        var generator = SeededGenerator(seed: 21)
        for round in 0..<60 {
            let disk = VirtualFileSystem()
            var engine = try open(disk)
            for number in 0..<120 {
                try put(engine, number, UInt8(number))
            }
            let names = try disk.list(directory)
            let name = directory + "/" + names[Int(generator.below(UInt64(names.count)))]
            let count = try #require(disk.contents(of: name)).readableBytes
            let isRestarted = round % 3 != 0
            if round % 3 == 1 { try engine.close() }
            disk.flipBits(UInt8(1 + generator.below(255)), in: name, at: Int(generator.below(UInt64(count))))
            if isRestarted {
                if round % 3 == 2 { disk.endProcess() }
                engine = try open(disk)
            }
            var lost = 0
            for number in 0..<120 {
                let found = try get(engine, number)
                #expect(found == nil || found == UInt8(number), "round \(round)")
                if found == nil { lost += 1 }
            }
            #expect(lost <= 1, "round \(round): \(lost) lost by one byte of \(name), \(engine.recovery)")
            // The store goes on, and cleans up.
            for number in 0..<120 {
                try put(engine, number, 200)
            }
            while try engine.compactStep(budget: 64 << 10).hasMore {}
            #expect(try (0..<120).allSatisfy { try get(engine, $0) == 200 }, "round \(round)")
        }
    }

    @Test("a record whose value is rotten is named, and hides the older one that it replaced")
    func lostRecord() throws {
        let disk = VirtualFileSystem()
        var engine = try open(disk)
        try put(engine, 1, 10)
        try put(engine, 1, 20)
        for number in 2..<100 {
            try put(engine, number, 5)
        }
        let name = directory + "/segment-0000000001.log"
        let bytes = try #require(disk.contents(of: name)).readableBytesView
        let place = try #require(
            bytes.indices.first { bytes[$0..<min($0 + 50, bytes.endIndex)].allSatisfy { $0 == 20 } })
        disk.flipBits(1, in: name, at: place + 10)
        disk.endProcess()
        engine = try open(disk)
        #expect(engine.recovery.isDamaged)
        #expect(engine.recovery.lost.map(\.key) == [ModelKey(space: .objects, number: 1).bytes])
        #expect(try get(engine, 1) == nil)
        #expect(try get(engine, 2) == 5)
    }

    @Test("a lost manifest is made anew from the segments, and the report says so")
    func manifestLost() throws {
        let disk = VirtualFileSystem()
        var engine = try open(disk)
        for number in 0..<100 {
            try put(engine, number, 5)
        }
        disk.endProcess()
        disk.flipBits(255, in: directory + "/MANIFEST", at: 30)
        engine = try open(disk)
        #expect(engine.recovery.manifestLost && engine.recovery.isDamaged)
        #expect(try (0..<100).allSatisfy { try get(engine, $0) == 5 })
    }

    @Test("an unreadable stretch fails its reads and costs nothing else, and compaction leaves it alone")
    func unreadable() throws {
        let disk = VirtualFileSystem()
        let engine = try open(disk)
        for number in 0..<100 {
            try put(engine, number, 5)
        }
        let name = directory + "/segment-0000000001.log"
        disk.setUnreadable(300..<301, in: name)
        for number in 50..<100 {
            for _ in 0..<4 { try put(engine, number, 6) }
        }
        while try engine.compactStep(budget: 64 << 10).hasMore {}
        var failures = 0
        for number in 0..<100 {
            do {
                #expect(try get(engine, number) == (number < 50 ? 5 : 6))
            } catch {
                failures += 1
            }
        }
        #expect(failures == 1)
    }

    @Test(
        "an older record of a key that a start cannot read goes with the newer one, and does not come back",
        arguments: [false, true])
    func twins(isDropped: Bool) throws {
        let disk = VirtualFileSystem()
        var engine = try open(disk)
        try put(engine, 1, 5)
        for number in 2..<80 {
            try put(engine, number, 5, count: 1000)
        }
        try put(engine, 1, 6)
        disk.endProcess()
        // The first segment is read whole, and then looked at again when a later one has a record of the token.
        let isBehindFirst = Mutex(false)
        disk.setFaults { call in
            guard call.operation == .read else { return nil }
            let isFirst = call.path.hasSuffix("0000000001.log")
            return isBehindFirst.withLock { isBehindFirst in
                isBehindFirst = isBehindFirst || call.path.hasSuffix("0000000002.log")
                return isFirst && isBehindFirst ? .error(code: FileSystemFault.inputOutputCode) : nil
            }
        }
        engine = try open(disk)
        disk.setFaults(nil)
        let token = UInt64(1) << 32
        #expect(engine.scan(.objects, tokens: token...token, after: nil, limit: 9).count == 2, "nobody knows yet")
        #expect(try get(engine, 1) == 6)

        let key = ModelKey(space: .objects, number: 1).bytes
        let newest = try #require(try engine.get(.objects, token: token, key: key)?.sequence)
        var batch = WriteBatch()
        if isDropped {
            batch.drop(.objects, token: token, key: key, replacing: newest)
        } else {
            batch.put(
                .objects, token: token, key: key, value: ByteBuffer(repeating: 7, count: 9), hash: 7, replacing: newest)
        }
        try engine.append(batch, durability: .synced)
        for _ in 0..<2 {
            #expect(try get(engine, 1) == (isDropped ? nil : 7))
            #expect(engine.scan(.objects, tokens: token...token, after: nil, limit: 9).count == (isDropped ? 0 : 1))
            disk.endProcess()
            engine = try open(disk)
        }
    }

    @Test("a disk that reads nothing loses nothing: reads fail until it works again")
    func deaf() throws {
        let disk = VirtualFileSystem()
        let engine = try open(disk)
        for number in 0..<20 {
            try put(engine, number, 5)
        }
        disk.setFaults { $0.operation == .read ? .error(code: FileSystemFault.inputOutputCode) : nil }
        #expect(throws: StorageFailure.self) { try get(engine, 3) }
        while (try? engine.compactStep(budget: 64 << 10).hasMore) == true {}
        disk.setFaults(nil)
        #expect(try (0..<20).allSatisfy { try get(engine, $0) == 5 })
        #expect(engine.statistics.corruptRecords == 0)
    }

    @Test("a full disk fails writes, keeps reads, and lets compaction use the reserve")
    func full() throws {
        let disk = VirtualFileSystem(capacity: 200 << 10)
        let engine = try open(disk, reserved: 40 << 10)
        var last = 0
        #expect(throws: StorageFailure.full) {
            for round in 1...100_000 {
                try put(engine, round % 20, UInt8(truncatingIfNeeded: round))
                last = round
            }
        }
        #expect(!engine.statistics.isReadOnly && last > 300)
        for round in last - 19...last {
            #expect(try get(engine, round % 20) == UInt8(truncatingIfNeeded: round))
        }
        while try engine.compactStep(budget: 64 << 10).hasMore {}
        try put(engine, 1, 77)
        #expect(try get(engine, 1) == 77)
        #expect(disk.usedBytes < 100 << 10)
    }

    @Test("a sync that lies loses batches whole, and nothing more")
    func lyingSync() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var harness = try Harness(seed: seed)
            harness.disk.setFaults { $0.operation == .dataSync && $0.path.hasSuffix(".log") ? .lie : nil }
            for _ in 0..<60 {
                harness.step()
            }
            harness.disk.crash(using: &harness.generator)
            harness.disk.setFaults(nil)
            let engine = try LogEngine(harness.disk, directory: "node", configuration: Harness.configuration(seed))
            _ = try contents(of: engine)
            try put(engine, 1, 9)
            #expect(try get(engine, 1) == 9, "seed \(seed)")
        }
    }

    @Test("a misdirected write is damage, and is never read as another record")
    func misdirected() throws {
        for index in 0..<80 {
            var harness = try Harness(seed: 31)
            let target = harness.disk.callCount + index
            harness.disk.setFaults { $0.index == target && $0.operation == .write ? .misdirected(by: -512) : nil }
            for _ in 0..<40 {
                harness.step()
            }
            harness.disk.setFaults(nil)
            let model = harness.states[harness.states.count - 1]
            func check(_ engine: LogEngine) throws {
                for space in Space.allCases {
                    for number in 0..<120 {
                        let key = ModelKey(space: space, number: number)
                        guard let record = try engine.get(space, token: key.token, key: key.bytes) else { continue }
                        #expect(record.key == key.bytes)
                        if engine === harness.engine { #expect(model[key]?.bytes == record.value, "call \(index)") }
                    }
                }
            }
            try check(harness.engine)
            harness.disk.endProcess()
            try check(LogEngine(harness.disk, directory: "node", configuration: Harness.configuration(31)))
        }
    }

    @Test("a snapshot opens as a store of its own, and stays as it was")
    func snapshot() throws {
        var harness = try Harness(seed: 40)
        for _ in 0..<80 {
            harness.step()
        }
        let then = harness.states[harness.states.count - 1]
        try harness.engine.snapshot(into: "copy")
        #expect(throws: StorageFailure.alreadyExists("copy")) { try harness.engine.snapshot(into: "copy") }
        for _ in 0..<80 {
            harness.step()
        }
        let copy = try LogEngine(harness.disk, directory: "copy", configuration: Harness.configuration(2))
        try expectEqual(copy, then, "the copy")
        try expectEqual(harness.engine, harness.states[harness.states.count - 1], "the original")
    }

    @Test("a directory that is open is refused, and what would touch the disk says so")
    func refusals() throws {
        let disk = VirtualFileSystem()
        let engine = try open(disk)
        #expect(throws: StorageFailure.locked(directory)) { try open(disk) }
        try put(engine, 1, 4)
        disk.setCached(false)
        let key = ModelKey(space: .objects, number: 1)
        #expect(try engine.getIfCached(.objects, token: 1 << 32, key: key.bytes) == .wouldBlock)
        #expect(try engine.getIfCached(.objects, token: 2 << 32, key: key.bytes) == .absent)
    }

    @Test("what is buffered when a sync fails is written anew before anything else is durable")
    func failedSync() throws {
        for seed in 1...8 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let disk = VirtualFileSystem()
            var engine = try open(disk)
            try put(engine, 0, 1)
            for number in 1..<6 {
                try buffer(engine, number, 2)
            }
            disk.setFaults { $0.operation == .dataSync && $0.path.hasSuffix(".log") ? .error(code: 5) : nil }
            #expect(throws: StorageFailure.outcomeUnknown(code: 5)) { try engine.sync() }
            disk.setFaults(nil)
            #expect(try get(engine, 3) == 2)
            try put(engine, 9, 3)
            disk.crash(using: &generator)
            engine = try open(disk)
            #expect(try (1..<6).allSatisfy { try get(engine, $0) == 2 }, "seed \(seed)")
            #expect(try get(engine, 0) == 1 && get(engine, 9) == 3)
        }
    }

    @Test("a segment goes only when what replaced its records is on the disk")
    func replacedDurably() throws {
        for seed in 1...8 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let disk = VirtualFileSystem()
            var engine = try open(disk)
            // 42 records fill a segment; 42 buffered ones replace every one of them, so that nothing has to be copied.
            for number in 0..<42 {
                try put(engine, number, 1)
            }
            for number in 0..<42 {
                try buffer(engine, number, 2)
            }
            #expect(engine.statistics.segments == 2)
            while try engine.compactStep(budget: 64 << 10).hasMore {}
            #expect(engine.statistics.segments == 1)
            disk.crash(using: &generator)
            engine = try open(disk)
            for number in 0..<42 {
                let found = try get(engine, number)
                #expect(found == 1 || found == 2, "seed \(seed), key \(number)")
            }
        }
    }

    @Test("readers on other threads see each key's newest value or a newer one, whatever compaction does")
    func concurrency() async throws {
        let disk = VirtualFileSystem()
        let engine = try open(disk)
        for number in 0..<40 {
            try put(engine, number, 1)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in 0..<3 {
                group.addTask {
                    var seen = [UInt8](repeating: 0, count: 40)
                    var generator = SeededGenerator(seed: UInt64(reader))
                    for _ in 0..<3000 {
                        let number = Int(generator.below(40))
                        let found = try #require(try get(engine, number))
                        #expect(found >= seen[number])
                        seen[number] = found
                    }
                }
            }
            group.addTask {
                for round in 2..<60 {
                    for number in 0..<40 {
                        try put(engine, number, UInt8(round))
                    }
                    try engine.compactStep(budget: 16 << 10)
                }
            }
            try await group.waitForAll()
        }
        #expect(engine.statistics.corruptRecords == 0)
    }

    private func buffer(_ engine: LogEngine, _ number: Int, _ byte: UInt8) throws {
        var batch = WriteBatch()
        let key = ModelKey(space: .objects, number: number)
        batch.put(
            .objects, token: UInt64(number) << 32, key: key.bytes, value: ByteBuffer(repeating: byte, count: 100),
            hash: UInt64(byte))
        try engine.append(batch, durability: .buffered)
    }
}
