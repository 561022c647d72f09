import Causality
import Foundation
import Logging
import Machine
import Node
import Ring
import Storage
import Synchronization
import Testing

@testable import Server

/// A disk whose syncs wait until they are let go.
private final class HaltingFileSystem: FileSystem {
    let disk = VirtualFileSystem()
    let gate = Gate()

    /// A door that threads wait at while it is shut.
    final class Gate: Sendable {
        // Sendable without a check: a condition is made for several threads, and is locked around what it guards.
        private final class State: @unchecked Sendable {
            let condition = NSCondition()
            var isShut = false
            var waiting = 0
        }

        private let state = State()

        func shut() { change { $0.isShut = true } }
        func open() { change { $0.isShut = false } }

        func pass() {
            change { state in
                state.waiting += 1
                state.condition.broadcast()
                while state.isShut { state.condition.wait() }
                state.waiting -= 1
            }
        }

        func waitForSomebody() {
            change { state in
                while state.waiting == 0 { state.condition.wait() }
            }
        }

        private func change(_ body: (State) -> Void) {
            state.condition.withLock {
                body(state)
                state.condition.broadcast()
            }
        }
    }

    private final class File: StorageFile {
        let file: any StorageFile
        let gate: Gate

        init(_ file: any StorageFile, _ gate: Gate) {
            self.file = file
            self.gate = gate
        }

        func byteCount() throws(StorageFailure) -> Int { try file.byteCount() }
        func preallocate(_ byteCount: Int) throws(StorageFailure) { try file.preallocate(byteCount) }
        func write(_ pieces: [ByteBuffer], at offset: Int) throws(StorageFailure) {
            try file.write(pieces, at: offset)
        }
        func read(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer {
            gate.pass()
            return try file.read(byteCount, at: offset)
        }
        func readIfCached(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer? { nil }
        func dataSync() throws(StorageFailure) {
            gate.pass()
            try file.dataSync()
        }
    }

    func openFile(_ path: String) throws(StorageFailure) -> any StorageFile { File(try disk.openFile(path), gate) }
    func createFile(_ path: String) throws(StorageFailure) -> any StorageFile { File(try disk.createFile(path), gate) }
    func createDirectory(_ path: String) throws(StorageFailure) { try disk.createDirectory(path) }
    func list(_ directory: String) throws(StorageFailure) -> [String] { try disk.list(directory) }
    func rename(_ path: String, to newPath: String) throws(StorageFailure) { try disk.rename(path, to: newPath) }
    func link(_ path: String, to newPath: String) throws(StorageFailure) { try disk.link(path, to: newPath) }
    func unlink(_ path: String) throws(StorageFailure) { try disk.unlink(path) }
    func syncDirectory(_ path: String) throws(StorageFailure) { try disk.syncDirectory(path) }
    func lock(_ directory: String) throws(StorageFailure) -> any DirectoryLock { try disk.lock(directory) }
    func freeSpace(_ directory: String) throws(StorageFailure) -> Int { try disk.freeSpace(directory) }
}

/// Writes down what a shard would hear.
private final class Asker: StoreAsker {
    struct Heard: Sendable {
        var refused: [CallID: StoreRefusal] = [:]
        var marked: [MarkedRange] = []
        var committed: [CallID: StorageFailure?] = [:]
        var order: [CallID] = []
    }

    let heard = Mutex(Heard())

    func prepared(_ results: [(CallID, PreparedOperation)]) {
        heard.withLock { heard in
            for (call, result) in results {
                switch result {
                case .refused(let refusal): heard.refused[call] = refusal
                case .marked(let range): heard.marked.append(range)
                case .accepted, .coordinated: break
                }
            }
        }
    }

    func committed(_ calls: [CallID], _ failure: StorageFailure?) {
        heard.withLock { heard in
            for call in calls {
                heard.committed[call] = .some(failure)
                heard.order.append(call)
            }
        }
    }
}

@Suite("What waits for the disk", .serialized, .timeLimit(.minutes(1)))
struct StorageRunnerTests {
    private static let node = NodeID(high: 1, low: 2)
    private static let owner = NodeID(high: 3, low: 4)

    private func runner(
        on fileSystem: HaltingFileSystem, upkeep: StoreUpkeep = StoreUpkeep(at: Clock.now())
    ) throws -> StorageRunner {
        try fileSystem.createDirectory("data")
        let ring = try #require(RingConfiguration(partitions: 32, replicas: 3))
        let identity = try IdentityFile.create(
            NodeIdentity(node: Self.node, cluster: "virtual", partitions: 32, replicas: 3, birth: 7), in: "data",
            on: fileSystem)
        var configuration = LogEngine.Configuration()
        configuration.reservedByteCount = 0
        configuration.preallocationByteCount = 1 << 16
        let engine = try LogEngine(fileSystem, directory: "data/store", configuration: configuration)
        let store = try ObjectStore(
            engine: engine, identity: identity,
            configuration: ObjectStore.Configuration(partitionShift: 59))
        var logger = Logger(label: "storage")
        logger.logLevel = .critical
        return StorageRunner(
            store: store, identity: identity, engine: engine,
            membershipFile: MembershipFile(in: "data", on: fileSystem),
            ring: ring, upkeep: upkeep, logger: logger)
    }

    private func write(_ number: Int, bytes: Int = 1) -> StorageRunner.Operation {
        StorageRunner.Operation(
            call: CallID(rawValue: UInt64(number) + 1),
            operation: .coordinate(
                CoordinatedWrite(
                    token: UInt64(number), key: ByteBuffer(string: "key\(number)"),
                    content: .value(ByteBuffer(repeating: 1, count: bytes), contentType: ""),
                    seeing: .everythingHere)))
    }

    private func hint(_ number: Int) -> StorageRunner.Operation {
        StorageRunner.Operation(
            call: CallID(rawValue: UInt64(number) + 1),
            operation: .hint(owner: Self.owner, token: UInt64(number), key: ByteBuffer(string: "key\(number)")))
    }

    /// Waits until all that was submitted before is done.
    private func settle(_ storage: StorageRunner) async -> StorageAnswer {
        await withCheckedContinuation { done in
            storage.submit(.merge([])) { done.resume(returning: $0) }
        }
    }

    @Test("While the disk stands still as much waits as may wait, and what is beyond is refused at once")
    func standstill() async throws {
        let fileSystem = HaltingFileSystem()
        let storage = try runner(on: fileSystem)
        let asker = Asker()
        fileSystem.gate.shut()
        let limit = StoreAdmission.operationLimit
        #expect(storage.submit((0..<limit).map { write($0) }, from: asker).isEmpty)
        fileSystem.gate.waitForSomebody()
        let refused = storage.submit([write(limit), write(limit + 1)], from: asker)
        #expect(refused.map(\.0.rawValue) == [UInt64(limit) + 1, UInt64(limit) + 2])
        #expect(refused.allSatisfy { $0.1 == .notNow })
        // A write that is on its way leaves its hints all the same; beyond a reserve their ranges are marked instead.
        #expect(storage.submit([hint(limit + 2)], from: asker).isEmpty)
        let hints = (1...StoreAdmission.hintReserve + 1).map { hint(limit + 2 + $0) }
        #expect(storage.submit(hints, from: asker).count == 2)

        fileSystem.gate.open()
        #expect(await settle(storage) == .done)
        asker.heard.withLock { heard in
            #expect(heard.committed.count == limit + StoreAdmission.hintReserve)
            #expect(heard.committed.values.allSatisfy { $0 == nil })
            let written = (0..<limit).map { UInt64($0) + 1 }
            let hinted = (0..<StoreAdmission.hintReserve).map { UInt64(limit + 3 + $0) }
            #expect(heard.order.map(\.rawValue) == written + hinted)
            #expect(heard.marked.map(\.owner) == [Self.owner])
        }
        #expect(storage.submit([write(limit)], from: asker).isEmpty)
        await storage.close()
    }

    @Test("What waits is bounded in bytes as well, but for one operation that is larger than all, and for hints")
    func bytes() {
        var admission = StoreAdmission()
        let (large, hint) = (write(0).operation, hint(0).operation)
        let limit = StoreAdmission.byteLimit
        var taken = [2 * limit, 1].map { admission.admit(large, byteCount: $0) }
        taken.append(admission.admit(hint, byteCount: 1))
        #expect(taken == [true, false, true])
        admission.release(operations: 2, bytes: 2 * limit + 1)
        taken = [limit - 1, 2, 1].map { admission.admit(large, byteCount: $0) }
        #expect(taken == [true, false, true])
        admission.release(operations: 2, bytes: limit)

        let most = StoreAdmission.operationLimit + StoreAdmission.hintReserve
        taken = (0...most).map { _ in admission.admit(hint, byteCount: 1) }
        #expect(taken.firstIndex(of: false) == most)
    }

    @Test("A cut that fails says nothing of the cuts behind it, and leaves a mark for each range whose hints it lost")
    func failedCut() async throws {
        let fileSystem = HaltingFileSystem()
        let storage = try runner(on: fileSystem)
        // A segment is open from here on.
        #expect(storage.submit([write(100_000)], from: Asker()).isEmpty)
        #expect(await settle(storage) == .done)
        let asker = Asker()
        fileSystem.gate.shut()
        #expect(storage.submit([write(0)], from: asker).isEmpty)
        fileSystem.gate.waitForSomebody()
        let limit = StorageRunner.cutOperationLimit
        let operations = [hint(1)] + (2..<limit + 11).map { write($0) }
        #expect(storage.submit(operations, from: asker).isEmpty)
        let syncs = Mutex(0)
        fileSystem.disk.setFaults { call in
            guard call.operation == .dataSync, call.path.contains("segment") else { return nil }
            // The first belongs to the write that waits, the second to the first cut behind it.
            let number = syncs.withLock { count in
                count += 1
                return count
            }
            return number == 2 ? .error(code: FileSystemFault.inputOutputCode) : nil
        }
        fileSystem.gate.open()
        #expect(await settle(storage) == .done)
        asker.heard.withLock { heard in
            #expect(heard.committed.count == limit + 11)
            #expect(heard.committed[CallID(rawValue: 1)] == .some(nil))
            let failed = heard.committed.filter { $0.value != nil }.map { Int($0.key.rawValue) - 1 }
            #expect(failed.count == limit)
            #expect(failed.min() == 1 && failed.max() == limit)
            #expect(heard.marked.map(\.owner) == [Self.owner])
        }
        fileSystem.disk.setFaults(nil)
        await storage.close()
    }

    @Test("Reads beyond those that may wait fail at once, to be tried again")
    func reads() async throws {
        let fileSystem = HaltingFileSystem()
        let storage = try runner(on: fileSystem)
        let asker = Asker()
        #expect(storage.submit([write(0)], from: asker).isEmpty)
        #expect(await settle(storage) == .done)
        fileSystem.gate.shut()
        let limit = StorageRunner.readLimit
        let answers = Mutex((found: 0, busy: 0, other: 0))
        let done = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<limit + 5 {
            storage.read(token: 0, key: ByteBuffer(string: "key0")) { result in
                let count = answers.withLock { answers in
                    switch result {
                    case .success(.some): answers.found += 1
                    case .failure(.busy): answers.busy += 1
                    default: answers.other += 1
                    }
                    return answers.found
                }
                if count == limit { done.continuation.finish() }
            }
        }
        #expect(answers.withLock { $0 } == (0, 5, 0))
        fileSystem.gate.open()
        for await _ in done.stream {}
        #expect(answers.withLock { $0 } == (limit, 5, 0))
        await storage.close()
    }

    @Test("A disk that is full is known until it takes writes again, which it is asked now and then")
    func fullDisk() async throws {
        let fileSystem = HaltingFileSystem()
        let storage = try runner(on: fileSystem)
        let asker = Asker()
        fileSystem.disk.setFaults { call in
            call.path.contains("segment") && [.write, .create].contains(call.operation) ? .full : nil
        }
        for number in 0..<2 {
            #expect(storage.submit([write(number)], from: asker).isEmpty)
            _ = await settle(storage)
            #expect(storage.failing == .full)
        }
        // The first was lost with its batch, the second refused.
        #expect(asker.heard.withLock { $0.committed[CallID(rawValue: 1)] } == .some(.full))
        #expect(asker.heard.withLock { $0.refused[CallID(rawValue: 2)] } == .storage(.full))
        storage.tick()
        _ = await settle(storage)
        #expect(storage.failing == .full)

        fileSystem.disk.setFaults(nil)
        storage.tick()
        #expect(await settle(storage) == .done)
        #expect(storage.failing == nil)
        #expect(storage.submit([write(2)], from: asker).isEmpty)
        _ = await settle(storage)
        #expect(asker.heard.withLock { $0.committed[CallID(rawValue: 3)] } == .some(nil))
        await storage.close()
    }

    @Test("The index is written down beside the writes, and when the node is idle")
    func checkpoints() async throws {
        for isIdle in [false, true] {
            let fileSystem = HaltingFileSystem()
            var upkeep = StoreUpkeep(at: Clock.now())
            if isIdle {
                (upkeep.idleByteCount, upkeep.idleInterval) = (1000, .zero)
            } else {
                upkeep.checkpointByteCount = 1000
            }
            let storage = try runner(on: fileSystem, upkeep: upkeep)
            let isThere = { try fileSystem.list("data/store").contains { $0.hasPrefix("index-") } }
            _ = storage.submit([write(0)], from: Asker())
            storage.tick()
            _ = await settle(storage)
            #expect(try !isThere())
            _ = storage.submit([write(1, bytes: 2000)], from: Asker())
            // The second of these comes behind the upkeep of the first.
            _ = await settle(storage)
            if isIdle { storage.tick() }
            _ = await settle(storage)
            #expect(try isThere())
            await storage.close()
        }
    }

    @Test("Upkeep grows with what is written and with the index, and compaction gets its share")
    func upkeep() {
        let start = Instant(nanoseconds: 0)
        let later = start.advanced(by: .seconds(3600))
        var upkeep = StoreUpkeep(at: start)
        upkeep.wrote(1 << 19)
        #expect(upkeep.takeCompactionBudget() == 3 << 19)
        #expect(upkeep.takeCompactionBudget() == 0)
        #expect(!upkeep.isCheckpointDue(records: 0, isIdle: true, at: later))
        upkeep.wrote(1 << 19)
        #expect(upkeep.isCheckpointDue(records: 0, isIdle: true, at: later))
        #expect(!upkeep.isCheckpointDue(records: 0, isIdle: true, at: start))
        #expect(!upkeep.isCheckpointDue(records: 0, isIdle: false, at: later))
        #expect(!upkeep.isCheckpointDue(records: 10_000_000, isIdle: true, at: later))
        upkeep.wrote(256 << 20)
        #expect(upkeep.isCheckpointDue(records: 100_000, isIdle: false, at: start))
        #expect(!upkeep.isCheckpointDue(records: 10_000_000, isIdle: false, at: later))
        #expect(upkeep.takeCompactionBudget() == 64 << 20)
        upkeep.checkpointed(at: later)
        #expect(!upkeep.isCheckpointDue(records: 0, isIdle: true, at: later))
    }

    @Test("What comes after the store was closed is answered")
    func closed() async throws {
        let storage = try runner(on: HaltingFileSystem())
        let asker = Asker()
        await storage.close()
        #expect(storage.submit([write(0)], from: asker).map(\.1) == [.storage(.closed)])
        #expect(await settle(storage) == .failed)
        let result = await withCheckedContinuation { done in
            storage.read(token: 0, key: ByteBuffer(string: "key0")) { done.resume(returning: $0) }
        }
        #expect(result == .failure(.closed))
    }
}
