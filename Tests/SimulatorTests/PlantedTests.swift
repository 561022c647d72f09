import Foundation
import Machine
import Simulator
import Testing

/// The bugs that can be planted, the seeds that find them, and their table agree.
@Suite struct PlantedTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func `each bug has one seed that finds it, in the order of the bugs`() throws {
        let text = try Self.text(of: "Tests/Planted/seeds.txt")
        let seeds = try PlantedSeed.read(text)
        #expect(seeds.map(\.bug) == PlantedBug.allCases)
        #expect(PlantedSeed.text(of: seeds) == text, "the file is as it is written")
    }

    @Test func `each bug has one row in the documentation, and no other has`() throws {
        let text = try Self.text(of: "Modules/Simulator/Simulator.docc/PlantedBugs.md")
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let names = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(names == PlantedBug.allCases.map(\.rawValue))
    }

    @Test func `a line is read as it was written, and a line that is none is not`() throws {
        let line =
            "commitDoesNotSync\tenoughCopies\t--seed 7 --nodes 5 --seconds 30 --faults kill,powerCut --omit kill:2"
        let seed = try #require(PlantedSeed(line))
        #expect(seed.description == line)
        #expect(seed.options.faults == [.kill, .powerCut])
        #expect(PlantedSeed("nobodysBug\tenoughCopies\t--seed 7") == nil)
        #expect(PlantedSeed("commitDoesNotSync\tnoRule\t--seed 7") == nil)
        #expect(PlantedSeed("commitDoesNotSync\tenoughCopies\t--seed") == nil)
        #expect(PlantedSeed("commitDoesNotSync\tenoughCopies\t--weather fine") == nil)
    }

    #if !PlantedBugs
    @Test func `nothing is planted, and nothing can be`() {
        #expect(!PlantedBug.isPossible)
        for bug in PlantedBug.allCases {
            PlantedBug.plant(bug)
            #expect(!bug.isPlanted)
        }
    }

    @Test func `a bug that is not found, or has no seed, is said to survive`() throws {
        let seed = try #require(
            PlantedSeed("commitDoesNotSync\tenoughCopies\t--seed 1 --nodes 3 --seconds 1 --faults none"))
        let verdicts = PlantedCheck([seed]).verdicts(of: [.commitDoesNotSync, .dotsWithoutEpochs])
        #expect(
            verdicts == [.notFound(.commitDoesNotSync, by: .enoughCopies, but: nil), .noSeed(.dotsWithoutEpochs)])
        #expect(!verdicts.contains { $0.isFound })
    }
    #endif
}
