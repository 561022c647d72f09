import Machine
import Storage
import Testing

@Suite("The log engine against a dictionary")
struct LogEngineModelTests {
    @Test(
        "a long run of writes, compaction, checkpoints and restarts equals the dictionary",
        arguments: 1...2 as ClosedRange<UInt64>)
    func longRun(seed: UInt64) throws {
        var harness = try Harness(seed: seed)
        for round in 0..<600 {
            harness.step()
            if round % 50 == 0 {
                try expectEqual(harness.engine, harness.states[harness.states.count - 1], harness.comment)
            }
            if round % 97 == 0 { try harness.close() }
            if round % 61 == 0 { try harness.kill() }
        }
        #expect(harness.engine.statistics.corruptRecords == 0)
        #expect(!harness.engine.recovery.isDamaged)
    }

    @Test(
        "after a power cut everything synced is there, and buffered batches whole or not at all",
        arguments: 1...12 as ClosedRange<UInt64>)
    func crashes(seed: UInt64) throws {
        var harness = try Harness(seed: seed)
        for _ in 0..<12 {
            for _ in 0...Int(harness.generator.below(40)) {
                harness.step()
            }
            try harness.crash()
            #expect(!harness.engine.recovery.isDamaged, harness.comment)
        }
    }

    @Test(
        "a failure at every call in turn leaves the store with or without the batch, and consistent",
        arguments: zip(
            [FileSystemFault.error(code: 5), .error(code: 5), .full, .partial(100)], [false, true, false, true]))
    func everyCall(fault: FileSystemFault, isCrash: Bool) throws {
        var failed = true
        var index = 0
        while failed, index < 1200 {
            var harness = try Harness(seed: 77)
            let start = harness.disk.callCount
            let target = start + index
            harness.disk.setFaults { $0.index == target ? fault : nil }
            for _ in 0..<24 {
                harness.step()
            }
            failed = harness.disk.callCount > target
            harness.disk.setFaults(nil)
            let now = harness.states[harness.states.count - 1]
            #expect(try contents(of: harness.engine) == now, "call \(index), \(fault)")
            if isCrash { try harness.crash() } else { try harness.kill() }
            for _ in 0..<5 {
                harness.step()
            }
            try harness.close()
            index += 1
        }
        #expect(index > 60 && index < 1200)
    }

    @Test("a failure at every call of a start loses nothing for the start after it", arguments: [true, false])
    func everyCallOfAStart(isClosed: Bool) throws {
        var failed = true
        var index = 0
        while failed, index < 600 {
            var harness = try Harness(seed: 91)
            for _ in 0..<40 {
                harness.step()
            }
            harness.disk.endProcess()
            let target = harness.disk.callCount + index
            harness.disk.setFaults { $0.index == target ? .error(code: 5) : nil }
            let engine = try? LogEngine(harness.disk, directory: "node", configuration: Harness.configuration(91))
            failed = harness.disk.callCount > target
            harness.disk.setFaults(nil)
            while (try? engine?.compactStep(budget: 64 << 10))?.hasMore == true {}
            if isClosed { try engine?.close() }
            try harness.kill()
            index += 1
        }
        #expect(index > 20 && index < 600)
    }
}
