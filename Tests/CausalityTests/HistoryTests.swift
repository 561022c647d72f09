import Machine
import Simulator
import Testing

@testable import Causality

/// Objects against causal histories, in which there are neither dots nor vectors.
@Suite struct HistoryTests {
    @Test(arguments: 0..<4)
    func `every copy reads what its history says, at every step and when all have met`(batch: Int) throws {
        for run in 0..<(runs(20_000) / 4) {
            let failure = CausalRun.failure(seed: UInt64(batch) << 32 | UInt64(run))
            try #require(failure == nil)
        }
    }

    @Test func `every sequence of four steps of two copies and two clients reads what its history says`() throws {
        // Two reads for each client, four kinds of write to each copy, two merges: 14 steps.
        func visit(_ world: CausalWorld, depth: Int, path: [Int]) throws {
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
                        kind % 2, to: &written, as: CausalRun.replicas[copy],
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
        try visit(CausalWorld(copies: 2, clients: 2), depth: runs(20_000) > 100_000 ? 5 : 4, path: [])
    }
}
