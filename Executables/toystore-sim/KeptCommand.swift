import ArgumentParser
import Simulator

/// Runs that once broke a rule.
struct KeptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kept",
        abstract: "Runs the seeds of a list, each of which once broke a rule: they have to pass.",
        discussion: """
            A line of the list is the options of a run, and behind a | what was wrong: «--seed 42 --seconds 60 | …». \
            `soak --failures` writes such lines. Empty lines and those that begin with # are passed over. Ends with 1 where a run \
            breaks a rule.
            """)

    @Argument(help: "The file with the list: Tests/Simulation/kept-seeds.txt, or what `soak --failures` has written.")
    var list: String

    @Option(parsing: .unconditional, help: "Runs at a time, one thread each.")
    var jobs = 1

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs: 1 to 256") }
    }

    func run() async throws {
        let runs = try Self.runs(of: list)
        guard !runs.isEmpty else { throw ValidationError("\(list) has no line with a seed") }
        let failed = await withTaskGroup(of: [String].self) { group in
            for job in 0..<jobs {
                group.addTask {
                    stride(from: job, to: runs.count, by: jobs).compactMap { index in
                        let outcome = Simulation(runs[index].options).run()
                        return outcome.violation.map { _ in "\(runs[index].story)\n\(outcome.report)" }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        for report in failed {
            print(report)
        }
        print("\(runs.count - failed.count) of \(runs.count) kept seeds passed")
        if !failed.isEmpty {
            throw ExitCode.failure
        }
    }

    private static func runs(of path: String) throws -> [(options: RunOptions, story: String)] {
        var runs: [(options: RunOptions, story: String)] = []
        for (index, text) in try NamedFile(path: path, argument: "<list>").lines().enumerated() {
            let parts = text.split(separator: "|", maxSplits: 1)
            let words = parts.first?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            do {
                let run = try RunCommand.parse(words)
                runs.append((run.world.options(seed: run.seed), "line \(index + 1):\(parts.dropFirst().joined())"))
            } catch {
                throw ValidationError("\(path), line \(index + 1): \(RunCommand.message(for: error))")
            }
        }
        return runs
    }
}
