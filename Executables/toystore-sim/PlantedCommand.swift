import ArgumentParser
import Machine
import Simulator

#if canImport(Glibc)
import Glibc
#endif

/// Plants known bugs, and sees whether the simulator finds them.
struct PlantedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "planted",
        abstract: "Plants known bugs, and says in how many seeds each is found and by which rule.",
        discussion: """
            Needs a build that can plant them:
              \(build)
            """)

    private static let build =
        "swift build -c release --traits PlantedBugs --scratch-path .build/planted --product toystore-sim"

    @Option(help: "One bug; all of them without it.")
    var bug: String?

    @Option(parsing: .unconditional, help: "The most seeds for each bug.")
    var seeds = 200

    @Option(parsing: .unconditional, help: "The first seed.", transform: Values.seed)
    var firstSeed: UInt64 = 1

    @Option(parsing: .unconditional, help: "How often a bug has to be found until the next has its turn.")
    var times = 8

    @Option(parsing: .unconditional, help: "Runs at a time, one thread each.")
    var jobs = 1

    @Flag(help: "Only with the faults that seeds draw, and not with those that bring a bug about.")
    var plain = false

    @Flag(help: "Only with the faults that bring a bug about, where it has any.")
    var own = false

    @Option(
        help: "Only with these classes of faults, in place of those that bring a bug about: names as in kill,pause.",
        transform: Values.faults)
    var faults: [FaultKind]?

    @Option(parsing: .unconditional, help: "Simulated seconds of load and faults, with --faults.")
    var seconds = 60

    @Option(help: "Write one seed that finds each bug to this file; lines of bugs that are not tried stay.")
    var record: String?

    @Option(
        help: "Run the seeds of this file, with their bug and without: 1 where one is not found, or found without it.")
    var check: String?

    func validate() throws {
        if let bug, PlantedBug(rawValue: bug) == nil {
            let names = PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--bug: no bug is called «\(bug)»; it takes any of \(names)")
        }
        guard PlantedBug.isPossible else {
            throw ValidationError("this build plants nothing. Build one that does with:\n  \(Self.build)")
        }
        guard seeds > 0, times > 0 else { throw ValidationError("--seeds, --times: above 0") }
        guard (1...1_000_000).contains(seconds) else { throw ValidationError("--seconds: 1 to 1000000") }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        let bugs = bug.flatMap { PlantedBug(rawValue: $0) }.map { [$0] } ?? PlantedBug.allCases
        if let check {
            let verdicts = PlantedCheck(try readSeeds(NamedFile(path: check, argument: "--check"))).verdicts(of: bugs)
            for verdict in verdicts {
                print(verdict)
            }
            guard verdicts.allSatisfy(\.isFound) else { throw ExitCode.failure }
            return
        }
        let record = record.map { NamedFile(path: $0, argument: "--record") }
        try record?.checkThatItCanBeWritten()
        var recorded = try record.map { access($0.path, F_OK) == 0 ? try readSeeds($0) : [] } ?? []
        print(PlantedResult.head)
        var survivors = 0
        for bug in bugs {
            var results: [PlantedResult] = []
            for circumstances in circumstances(of: bug) {
                results.append(await result(of: bug, circumstances))
            }
            survivors += results.allSatisfy(\.found.isEmpty) ? 1 : 0
            if record != nil, let seed = results.reversed().lazy.compactMap({ $0.seed() }).first {
                recorded.removeAll { $0.bug == bug }
                recorded.append(seed)
            }
        }
        try record?.write(PlantedSeed.text(of: recorded))
        guard survivors == 0 else {
            print("\(survivors) of \(bugs.count) bugs were not found")
            throw ExitCode.failure
        }
    }

    /// What a bug is tried under; `nil` is what the seeds draw.
    private func circumstances(of bug: PlantedBug) -> [PlantedBug.Circumstances?] {
        if let faults {
            return [PlantedBug.Circumstances(faults: faults, seconds: seconds)]
        }
        guard let circumstances = bug.circumstances else { return [nil] }
        return (own ? [] : [nil]) + (plain ? [] : [circumstances])
    }

    /// Plants a bug, tries seeds with it on as many threads as there are jobs, and prints what came of it.
    private func result(of bug: PlantedBug, _ circumstances: PlantedBug.Circumstances?) async -> PlantedResult {
        PlantedBug.plant(bug)
        let trial = PlantedTrial(bug, circumstances, firstSeed: firstSeed, seedLimit: seeds, wanted: times)
        await withTaskGroup { group in
            for _ in 0..<jobs {
                group.addTask { trial.work() }
            }
        }
        PlantedBug.plant(nil)
        print(trial.result.row)
        fflush(nil)
        return trial.result
    }

    private func readSeeds(_ file: NamedFile) throws -> [PlantedSeed] {
        let text = try file.lines().joined()
        do {
            return try PlantedSeed.read(text)
        } catch {
            throw ValidationError("\(file.path): a line that is none: \(error.text)")
        }
    }
}
