import Machine
import Simulator
import Testing

@testable import Causality

/// Replicas that forget: what the rule of fresh epochs is for, and what happens without it.
@Suite struct AmnesiaTests {
    enum Rule {
        /// One epoch for good.
        case none
        /// The rule at writes that the node coordinates only; a replicated store into nothing takes the epoch that the
        /// object remembers of the node.
        case coordinated
        /// ``KeyEpoch``.
        case everyStore
    }

    /// One replica: its record in memory and as it was last synced.
    struct Node {
        struct Record {
            var copy = CausalWorld.Copy()
            var epoch: UInt64
        }

        let id: NodeID
        var record: Record?
        var durable: Record?
        var durableBound: UInt64 = 1
        var floor: UInt64 = 1
        var epochs = EpochAllocator(blockSize: 4)

        var copy: CausalWorld.Copy { record?.copy ?? CausalWorld.Copy() }

        /// Whatever was not synced is gone.
        mutating func crash() {
            record = durable
            epochs = EpochAllocator(resumingAt: durableBound, blockSize: 4)
            floor = epochs.firstOfThisRun
        }

        mutating func freshEpoch(_ incoming: CausalContext) -> UInt64 {
            if let bound = epochs.reservation() {
                durableBound = bound
                epochs.reserved(upTo: bound)
            }
            return epochs.allocate(of: id, unknownTo: incoming) ?? 0
        }

        /// The epoch of the record after a store.
        mutating func epoch(_ rule: Rule, incoming: CausalContext, isCoordinated: Bool) -> UInt64 {
            let local = record.map { (context: $0.copy.object.context, epoch: $0.epoch) }
            switch rule {
            case .none:
                return 1
            case .coordinated where !isCoordinated:
                let remembered = incoming.vector.entries.last { $0.actor.node == id }
                return local?.epoch ?? remembered?.actor.epoch ?? 0
            case .coordinated, .everyStore:
                switch KeyEpoch.forStore(by: id, over: local, floor: floor, incoming: incoming) {
                case .keep(let epoch): return epoch
                case .fresh: return freshEpoch(incoming)
                }
            }
        }
    }

    /// What came of a run.
    struct Outcome {
        /// Events that some copy still had, that nothing replaced, and that are gone all the same.
        var lost = 0
        /// Events that are there though something replaced them.
        var risen = 0
        var reissued = 0

        var isSound: Bool { lost == 0 && risen == 0 && reissued == 0 }
    }

    static func run(seed: UInt64, rule: Rule) -> Outcome {
        var generator = SeededGenerator(seed: seed)
        var world = CausalWorld(copies: 0, clients: 3)
        var nodes = (1...3).map { Node(id: NodeID(high: 0, low: UInt64($0))) }

        for _ in 0..<(12 + generator.below(24)) {
            let number = Int(generator.below(3))
            let client = Int(generator.below(3))
            switch generator.below(16) {
            case 0, 1, 2:
                world.read(client, from: nodes[number].copy)
            case 3, 4, 5, 6, 7:
                let seeing = CausalWorld.Seeing.allCases[Int(generator.below(3))]
                let incoming = seeing == .held ? world.clients[client].context : CausalContext()
                let epoch = nodes[number].epoch(rule, incoming: incoming, isCoordinated: true)
                var copy = nodes[number].copy
                world.write(
                    client, to: &copy, as: ActorID(node: nodes[number].id, epoch: epoch), seeing: seeing,
                    isDelete: generator.chance(1, in: 6))
                nodes[number].record = Node.Record(copy: copy, epoch: epoch)
            case 8, 9, 10, 11:
                let source = nodes[Int(generator.below(3))].copy
                guard !source.object.isEmpty else { continue }
                let epoch = nodes[number].epoch(rule, incoming: source.object.context, isCoordinated: false)
                var copy = nodes[number].copy
                copy.object.merge(source.object)
                copy.known |= source.known
                nodes[number].record = Node.Record(copy: copy, epoch: epoch)
            case 12, 13:
                nodes[number].durable = nodes[number].record
            case 14:
                nodes[number].crash()
            default:
                // The record alone, unnoticed: a lost index entry, a sector that reads as nothing.
                nodes[number].record = nil
                nodes[number].durable = nil
            }
        }

        var all = CausalWorld.Copy()
        for node in nodes.shuffled(using: &generator) {
            all.object.merge(node.copy.object)
            all.known |= node.copy.known
        }
        let read = world.live(all.object)
        let expected = world.history.live(all.known)
        return Outcome(
            lost: (expected & ~read).nonzeroBitCount, risen: (read & ~expected).nonzeroBitCount,
            reissued: world.reissued.count)
    }

    @Test(arguments: 0..<4)
    func `with a fresh epoch at every store that needs one, nothing is lost and no dot is issued twice`(
        batch: Int
    ) throws {
        for run in 0..<(runs(20_000) / 4) {
            let seed = UInt64(batch) << 32 | UInt64(run)
            let outcome = Self.run(seed: seed, rule: .everyStore)
            try #require(outcome.isSound, "seed \(seed): \(outcome)")
        }
    }

    @Test func `without epochs the same runs lose writes that a replica had`() {
        let outcomes = (0..<2_000).map { Self.run(seed: $0, rule: .none) }
        #expect(outcomes.count { $0.lost > 0 } > 20)
        #expect(outcomes.count { $0.reissued > 0 } > 200)
    }

    @Test func `with fresh epochs at coordinated writes only, dots are still issued twice`() {
        let outcomes = (0..<5_000).map { Self.run(seed: $0, rule: .coordinated) }
        let without = (0..<5_000).count { Self.run(seed: $0, rule: .none).reissued > 0 }
        let reissuing = outcomes.count { $0.reissued > 0 }
        #expect(reissuing > 0)
        #expect(reissuing < without)
    }
}
