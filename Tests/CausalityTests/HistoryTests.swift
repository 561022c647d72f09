import Machine
import Testing

@testable import Causality

/// Objects against causal histories, in which there are neither dots nor vectors.
@Suite struct HistoryTests {
    static let replicas = [actor("a"), actor("b"), actor("c")]

    /// One random step, and the number of the copy that it changed.
    static func step(_ world: inout World, _ generator: inout SeededGenerator) -> Int {
        let copy = Int(generator.below(UInt64(world.copies.count)))
        let client = Int(generator.below(UInt64(world.clients.count)))
        switch generator.below(8) {
        case 0, 1:
            world.read(client, from: world.copies[copy])
        case 2:
            // A quorum read: the merge of two copies, which stays nowhere.
            let other = world.copies[Int(generator.below(UInt64(world.copies.count)))]
            let both = World.Copy(
                object: world.copies[copy].object.merged(other.object), known: world.copies[copy].known | other.known)
            world.read(client, from: both)
        case 3, 4, 5:
            let seeing = World.Seeing.allCases[min(2, Int(generator.below(5)) / 2)]
            var written = world.copies[copy]
            world.write(
                client, to: &written, as: replicas[copy], seeing: seeing, isDelete: generator.chance(1, in: 4),
                isHeard: generator.chance(7, in: 8))
            world.copies[copy] = written
        default:
            let source = Int(generator.below(UInt64(world.copies.count)))
            let before = world.copies[copy].object
            let covered = before.covers(world.copies[source].object)
            world.merge(source, into: copy)
            #expect(covered == (world.copies[copy].object == before))
        }
        return copy
    }

    @Test(arguments: 0..<4)
    func `every copy reads what its history says, at every step and when all have met`(batch: Int) throws {
        for run in 0..<(runs(20_000) / 4) {
            let seed = UInt64(batch) << 32 | UInt64(run)
            var generator = SeededGenerator(seed: seed)
            var world = World(copies: 2 + run % 2, clients: 1 + run / 2 % 3)
            for number in 0..<Int(8 + generator.below(16)) {
                let copy = Self.step(&world, &generator)
                let difference = world.difference(world.copies[copy])
                try #require(difference == nil, "seed \(seed), step \(number)")
            }
            // All meet, each in an order of its own.
            let met = world.copies
            let all = met.reduce(0) { $0 | $1.known }
            for copy in met.indices {
                for source in met.indices.shuffled(using: &generator) {
                    world.copies[copy].object.merge(met[source].object)
                    world.copies[copy].known |= met[source].known
                }
                let difference = world.difference(world.copies[copy])
                try #require(difference == nil, "seed \(seed), at the end")
                try #require(world.copies[copy].known == all && world.copies[copy] == world.copies[0], "seed \(seed)")
            }
            try #require(world.reissued.isEmpty, "seed \(seed)")
        }
    }

    @Test func `every sequence of four steps of two copies and two clients reads what its history says`() throws {
        // Two reads for each client, four kinds of write to each copy, two merges: 14 steps.
        func visit(_ world: World, depth: Int, path: [Int]) throws {
            guard depth > 0 else { return }
            for choice in 0..<14 {
                var next = world
                switch choice {
                case 0..<4:
                    next.read(choice / 2, from: next.copies[choice % 2])
                case 4..<12:
                    let copy = choice % 2
                    let kind = (choice - 4) / 2
                    var written = next.copies[copy]
                    next.write(
                        kind % 2, to: &written, as: Self.replicas[copy],
                        seeing: kind < 2 ? .held : kind == 2 ? .nothing : .everythingHere, isDelete: kind == 0)
                    next.copies[copy] = written
                default:
                    next.merge(choice % 2, into: 1 - choice % 2)
                }
                for copy in next.copies where copy != world.copies[0] && copy != world.copies[1] {
                    let difference = next.difference(copy)
                    try #require(difference == nil, "steps \(path + [choice])")
                }
                try visit(next, depth: depth - 1, path: path + [choice])
            }
        }
        try visit(World(copies: 2, clients: 2), depth: runs(20_000) > 100_000 ? 5 : 4, path: [])
    }
}
