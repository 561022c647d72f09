import ArgumentParser
import Simulator

/// How many random runs an experiment makes.
struct RunCount: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help:
            "Random runs. Fewer are quicker, and miss the tolerances by chance. (default: as many as the tolerances need)"
    )
    var runs: Int?

    func validate() throws {
        guard (1...1_000_000_000).contains(runs ?? 1) else { throw ValidationError("--runs: 1 to 1000000000") }
    }
}

extension ExperimentReport {
    /// Prints the report, and fails where something was not reproduced.
    func conclude() throws {
        print(text)
        if !failures.isEmpty {
            throw ExitCode.failure
        }
    }
}

struct ReproduceCausality: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvv", abstract: "Versions and siblings against causal histories; the explosion of siblings.")
    @OptionGroup var count: RunCount

    func run() throws {
        try CausalityExperiment.run(runs: count.runs ?? 1_000_000).conclude()
    }
}

struct ReproducePlacement: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "placement",
        abstract: "Balance and movement of the ring, what is lost with members, and Dynamo's figure 8.")
    @OptionGroup var count: RunCount

    func run() throws {
        try PlacementExperiment.run(runs: count.runs ?? 400).conclude()
    }
}

struct ReproduceStaleness: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pbs", abstract: "How stale partial quorums are, under delays of production systems.")
    @OptionGroup var count: RunCount

    func run() throws {
        try StalenessExperiment.run(runs: count.runs ?? 400_000).conclude()
    }
}

struct ReproduceHedging: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hedging", abstract: "What asking the third replica only when that takes long does to the tail.")
    @OptionGroup var count: RunCount

    func run() throws {
        try HedgingExperiment.run(runs: count.runs ?? 1_000_000).conclude()
    }
}
