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

    @Option(help: "The most seeds for each bug.")
    var seeds = 200

    @Option(help: "The first seed.")
    var firstSeed: UInt64 = 1

    @Option(help: "How often a bug has to be found until the next has its turn.")
    var times = 8

    @Option(help: "Runs at a time, one thread each.")
    var jobs = 1

    @Flag(help: "Only with the faults that seeds draw, and not with those that bring a bug about.")
    var plain = false

    @Flag(help: "Only with the faults that bring a bug about, where it has any.")
    var own = false

    @Option(
        help: "Only with these classes of faults, in place of those that bring a bug about: names as in kill,pause.")
    var faults: String?

    @Option(help: "Simulated seconds of load and faults, with --faults.")
    var seconds = 60

    @Option(help: "Write one seed that finds each bug to this file; lines of bugs that are not tried stay.")
    var record: String?

    @Option(
        help: "Run the seeds of this file, with their bug and without: 1 where one is not found, or found without it.")
    var check: String?

    func validate() throws {
        guard PlantedBug.isPossible else {
            throw ValidationError("this build plants nothing. Build it with:\n  \(Self.build)")
        }
        guard bug.map({ PlantedBug(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("--bug: any of \(PlantedBug.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard seeds > 0, times > 0 else { throw ValidationError("--seeds, --times: above 0") }
        guard faults.map({ FaultOptions.kinds(named: $0) != nil }) ?? true else {
            throw ValidationError("--faults: any of \(FaultKind.allCases.map(\.rawValue).joined(separator: ","))")
        }
        guard (1...1_000_000).contains(seconds) else { throw ValidationError("--seconds: 1 to 1000000") }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        let bugs = bug.flatMap { PlantedBug(rawValue: $0) }.map { [$0] } ?? PlantedBug.allCases
        if let check {
            let verdicts = PlantedCheck(try readSeeds(check)).verdicts(of: bugs)
            for verdict in verdicts {
                print(verdict)
            }
            guard verdicts.allSatisfy(\.isFound) else { throw ExitCode.failure }
            return
        }
        print(PlantedResult.head)
        var recorded = try record.map { access($0, F_OK) == 0 ? try readSeeds($0) : [] } ?? []
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
        if let record {
            try write(recorded, to: record)
        }
        guard survivors == 0 else {
            print("\(survivors) of \(bugs.count) bugs were not found")
            throw ExitCode.failure
        }
    }

    /// What a bug is tried under; `nil` is what the seeds draw.
    private func circumstances(of bug: PlantedBug) -> [PlantedBug.Circumstances?] {
        if let kinds = faults.flatMap({ FaultOptions.kinds(named: $0) }) {
            return [PlantedBug.Circumstances(faults: kinds, seconds: seconds)]
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

    private func readSeeds(_ path: String) throws -> [PlantedSeed] {
        guard let file = fopen(path, "r") else { throw ValidationError("\(path) cannot be read") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        do {
            return try PlantedSeed.read(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ValidationError("\(path): a line that is none: \(error.text)")
        }
    }

    private func write(_ seeds: [PlantedSeed], to path: String) throws {
        guard let file = fopen(path, "w") else { throw ValidationError("\(path) cannot be written") }
        defer { fclose(file) }
        fputs(PlantedSeed.text(of: seeds), file)
    }
}
