import Coordinator
import Machine
import Testing

@testable import Simulator

/// The checker of registers with one writer against plain search, and against clusters that cannot be linearizable.
@Suite struct LinearityTests {
    private typealias Access = LinearityChecker.Access

    /// Whether some order of the accesses, each between its beginning and its end, explains all reads: plain search. A write
    /// without an end may be left out.
    private static func isLinearizable(_ accesses: [Access], _ value: Int = -1) -> Bool {
        guard accesses.contains(where: { $0.kind == .read || $0.ended < .max }) else { return true }
        let firstEnd = accesses.map(\.ended).min() ?? .max
        for (index, access) in accesses.enumerated() where access.began <= firstEnd {
            guard access.kind == .write || access.number == value else { continue }
            var rest = accesses
            rest.remove(at: index)
            if isLinearizable(rest, access.kind == .write ? max(value, access.number) : value) {
                return true
            }
        }
        return false
    }

    @Test func `it says what plain search says of thousands of small histories`() {
        var counts = [0, 0]
        for seed in 0..<3000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var accesses: [Access] = []
            var time: Int64 = 0
            for number in 0..<(1 + Int(generator.below(3))) {
                let began = time + 1 + Int64(generator.below(4))
                time = began + 1 + Int64(generator.below(6))
                let isUnknown = generator.chance(1, in: 4)
                accesses.append(Access(kind: .write, number: number, began: began, ended: isUnknown ? .max : time))
            }
            for _ in 0..<(1 + Int(generator.below(4))) {
                let began = Int64(generator.below(24))
                let number = Int(generator.below(4)) - 1
                let end = began + 1 + Int64(generator.below(8))
                accesses.append(Access(kind: .read, number: number, began: began, ended: end))
            }
            let found = LinearityChecker.check(accesses)
            let expected = Self.isLinearizable(accesses)
            #expect((found == nil) == expected, "seed \(seed): \(accesses) has \(String(describing: found))")
            counts[expected ? 1 : 0] += 1
        }
        #expect(counts.allSatisfy { $0 > 250 }, "\(counts)")
    }

    @Test func `each anomaly goes by its name`() {
        let first = Access(kind: .write, number: 0, began: 0, ended: 2)
        let second = Access(kind: .write, number: 1, began: 4, ended: .max)
        func read(_ number: Int, _ began: Int64) -> Access {
            Access(kind: .read, number: number, began: began, ended: began + 1)
        }
        #expect(LinearityChecker.check([first, second, read(0, 5), read(1, 7)]) == nil)
        #expect(LinearityChecker.check([first, second, read(-1, 3)]) == .behindAWrite(shown: -1, written: 0))
        #expect(LinearityChecker.check([first, second, read(1, 1)]) == .fromTheFuture(number: 1))
        #expect(LinearityChecker.check([first, second, read(1, 5), read(0, 7)]) == .behindARead(shown: 0, before: 1))
    }

    /// The first anomaly of a run whose registers with one writer are read and written in a way.
    private static func anomaly(
        read: QuorumSize, write: QuorumSize, isSloppy: Bool, partitionsEvery seconds: Double, seed: UInt64 = 2
    ) -> LinearityChecker.Anomaly? {
        var options = RunOptions(seed: seed)
        options.seconds = 10
        options.faults = []
        let simulation = Simulation(options) { load in
            load.singleRead = read
            load.singleWrite = write
            load.isSingleSloppy = isSloppy
            load.clients = 4
            load.keysOfEachKind = 1
            load.unreadKeys = 0
            load.pause = 300_000_000
        }
        var faults = FaultOptions()
        faults[.partition] = seconds
        faults[.delay] = 0.05
        simulation.injector = FaultInjector(faults, length: 10 * FaultInjector.second, hosts: 5, seed: seed)
        let outcome = simulation.run()
        #expect(outcome.violation == nil, "\(outcome.report)")
        return simulation.workload.history.keys.lazy.filter { $0.model == .single }.compactMap {
            LinearityChecker.check($0, simulation.workload.history.operations, simulation.workload.options)
        }.first
    }

    @Test func `it finds what reads and writes of one node do`() {
        #expect(Self.anomaly(read: .one, write: .one, isSloppy: false, partitionsEvery: 1) != nil)
    }

    @Test func `it finds what fallbacks do`() {
        let seeds = 2..<12 as Range<UInt64>
        #expect(
            seeds.contains { seed in
                Self.anomaly(read: .quorum, write: .quorum, isSloppy: true, partitionsEvery: 1, seed: seed) != nil
            })
    }

    @Test func `reads that ask all owners are linearizable`() {
        #expect(Self.anomaly(read: .all, write: .quorum, isSloppy: false, partitionsEvery: 3) == nil)
    }

    @Test(arguments: 2..<6 as Range<UInt64>)
    func `strict reads and writes of quorums are linearizable`(seed: UInt64) {
        #expect(
            Self.anomaly(read: .quorum, write: .quorum, isSloppy: false, partitionsEvery: 1, seed: seed) == nil)
    }
}
