import Causality
import Machine

/// Random runs of two or three replicas of one key and one to three clients, against causal histories, in which there are
/// neither dots nor vectors.
package enum CausalRun {
    /// The replicas as actors.
    package static let replicas = (1...3).map { ActorID(node: NodeID(high: $0, low: 0), epoch: 1) }

    /// Goes through 8 to 23 random steps and then lets all copies meet, each in an order of its own; tells what was not as
    /// the history says, or `nil`. How many replicas and clients there are goes with the seed.
    package static func failure(seed: UInt64) -> String? {
        var generator = SeededGenerator(seed: seed)
        var world = CausalWorld(copies: 2 + Int(seed % 2), clients: 1 + Int(seed / 2 % 3))
        for number in 0..<Int(8 + generator.below(16)) {
            let (copy, failure) = step(&world, &generator)
            if let failure = failure ?? world.difference(world.copies[copy]) {
                return "seed \(seed), step \(number): \(failure)"
            }
        }
        let met = world.copies
        let all = met.reduce(0) { $0 | $1.known }
        for copy in met.indices {
            for source in met.indices.shuffled(using: &generator) {
                world.merge(met[source], into: copy)
            }
            if let failure = world.difference(world.copies[copy]) {
                return "seed \(seed), at the end: \(failure)"
            }
            if world.copies[copy].known != all || world.copies[copy] != world.copies[0] {
                return "seed \(seed), at the end: copies \(copy) and 0 differ"
            }
        }
        return world.reissued.isEmpty ? nil : "seed \(seed): issued twice: \(world.reissued)"
    }

    /// One random step: the copy that it changed, and what was wrong with it.
    package static func step(
        _ world: inout CausalWorld, _ generator: inout SeededGenerator
    ) -> (copy: Int, failure: String?) {
        let copy = Int(generator.below(UInt64(world.copies.count)))
        let client = Int(generator.below(UInt64(world.clients.count)))
        switch generator.below(8) {
        case 0, 1:
            world.read(client, from: world.copies[copy])
        case 2:
            // A quorum read: the merge of two copies, which stays nowhere.
            let other = world.copies[Int(generator.below(UInt64(world.copies.count)))]
            var both = world.copies[copy]
            both.object.merge(other.object)
            both.known |= other.known
            world.read(client, from: both)
        case 3, 4, 5:
            let seeing = CausalWorld.Seeing.allCases[min(2, Int(generator.below(5)) / 2)]
            var written = world.copies[copy]
            world.write(
                client, to: &written, as: replicas[copy], seeing: seeing, isDelete: generator.chance(1, in: 4),
                isHeard: generator.chance(7, in: 8))
            world.copies[copy] = written
        default:
            let source = Int(generator.below(UInt64(world.copies.count)))
            let before = world.copies[copy].object
            let isCovered = before.covers(world.copies[source].object)
            world.merge(source, into: copy)
            if isCovered != (world.copies[copy].object == before) {
                return (copy, "a merge changed what covers it, or the reverse")
            }
        }
        return (copy, nil)
    }

    /// Two clients write in turn, each with the context of its own last write: how many siblings are left of `count` writes.
    package static func siblings(afterInterleaving count: Int) -> Int {
        var object = Object()
        var contexts = [CausalContext(), CausalContext()]
        for turn in 0..<count {
            let seen = WriteContext.seen(contexts[turn % 2])
            let dot = object.write(
                .value(ByteBuffer(integer: UInt64(turn)), contentType: ""), timestamp: .zero, seeing: seen,
                as: replicas[0])
            contexts[turn % 2] = seen.following(dot)
        }
        return object.siblings.count
    }

    /// The same with one vector for all siblings of an object, as stores before dotted vectors had it: a write replaces what is
    /// there only if its context covers the whole vector.
    package static func siblingsOfPerServerVectors(afterInterleaving count: Int) -> Int {
        var (counter, siblings) = (0, 0)
        var contexts = [0, 0]
        for turn in 0..<count {
            siblings = contexts[turn % 2] >= counter ? 1 : siblings + 1
            counter += 1
            contexts[turn % 2] = counter
        }
        return siblings
    }
}
