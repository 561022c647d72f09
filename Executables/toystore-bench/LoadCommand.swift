import ArgumentParser
import Coordinator
import Foundation
import LoadGenerator
import Logging
import RPC
import Server

/// Puts and gets on a cluster.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put and get on a cluster, and say how many a second, how fast, and at what cost (the default).",
        discussion: """
            Without --target, nodes are started in this process, with their data in temporary folders. \
            Closed loop: each answer is followed by the next request. With --rate, open loop: requests begin by the \
            clock, and latency counts from the instant at which a request should have begun, so that a cluster that \
            stalls is not asked less and does not look better for it. Ctrl-C ends the measurement early.
            """)

    @Option(help: ArgumentHelp("A node of a running cluster; may be repeated.", valueName: "host:port"))
    var target: [TargetArgument] = []

    @OptionGroup(title: "Load") var load: LoadOptions
    @OptionGroup(title: "Nodes in this process") var nodes: NodeOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if let failure = plan(targets: [TargetArgument(argument: "localhost")].compactMap { $0?.endpoint }).failure {
            throw ValidationError(failure.description)
        }
        guard (1...64).contains(nodes.count) else { throw ValidationError("--nodes must be 1 to 64") }
        guard (1...64).contains(nodes.loops ?? 1) else { throw ValidationError("--loops must be 1 to 64") }
        guard target.isEmpty || !nodes.isGiven else {
            throw ValidationError(
                "--nodes, --engine, --durability, --no-hedging, --loops and --data-dir are for nodes in this process: leave --target out"
            )
        }
    }

    func plan(targets: [RPCEndpoint]) -> LoadPlan {
        var plan = LoadPlan(targets: targets)
        plan.connections = load.connections
        plan.threads = load.threads
        plan.pace =
            load.rate.map { .open(rate: $0, limit: load.inFlight ?? 4096) } ?? .closed(inFlight: load.inFlight ?? 16)
        plan.mix = load.mix
        plan.keys = load.keys
        plan.valueByteCount = load.valueSize
        plan.options = Coordinator.RequestOptions(read: load.r, write: load.w)
        plan.warmup = load.warmup.duration
        plan.duration = load.duration.duration
        plan.seed = load.seed
        return plan
    }

    func run() async throws {
        var logger = Logger(label: "toystore-bench", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        let cluster =
            target.isEmpty ? try await OwnCluster.start(nodes, valueByteCount: load.valueSize, logger: logger) : nil
        do {
            let report = try await measure(cluster, logger: logger)
            await cluster?.stop()
            print(output.json ? try report.json : report.text, terminator: "")
        } catch {
            await cluster?.stop()
            throw error
        }
    }

    /// Makes the load on the cluster and writes the histograms.
    func measure(_ cluster: OwnCluster?, logger: Logger) async throws -> LoadReport {
        let plan = plan(targets: cluster?.endpoints ?? target.map(\.endpoint))
        let run = try await LoadRun.open(plan, logger: logger)
        let interruption = Interruption { run.stop() }
        defer { interruption.end() }
        let progress = ProgressLine(run)
        var unwritten = 0
        if plan.mix.gets > 0, !load.noPreload {
            unwritten = await progress.during("writing \(plan.keys) keys") { await run.writeAllKeys() }.tally.failures
        }
        var result = LoadResult()
        if !interruption.hasHappened {
            result = await progress.during("measuring") { await run.measure() }
        }
        await run.close()
        if let file = output.histogram {
            try Self.writeHistograms(of: result.tally, to: file)
        }
        return LoadReport(
            result, plan: plan,
            cluster: cluster?.description ?? target.map { "\($0.endpoint)" }.joined(separator: ", "),
            isOwnCluster: cluster != nil, unwrittenKeys: unwritten)
    }

    /// One file for each operation that there was: puts and gets apart are `name.put.ext` and `name.get.ext`.
    static func writeHistograms(of tally: LoadTally, to path: String) throws {
        let both = [("put", tally.puts.latencies), ("get", tally.gets.latencies)].filter { $0.1.count > 0 }
        let file = URL(fileURLWithPath: path)
        for (name, latencies) in both {
            var place = file
            if both.count > 1 {
                let base = file.deletingPathExtension().appendingPathExtension(name)
                place = file.pathExtension.isEmpty ? base : base.appendingPathExtension(file.pathExtension)
            }
            try latencies.percentileDistribution.write(to: place, atomically: true, encoding: .utf8)
        }
    }
}

/// What is asked.
struct LoadOptions: ParsableArguments {
    @Option(help: "How long to measure.") var duration = TimeArgument(.seconds(10))
    @Option(help: "How long the load runs before anything is counted.") var warmup = TimeArgument(.seconds(2))
    @Option(help: "Connections, dealt out to the nodes in turn.") var connections = 12
    @Option(help: "Requests in flight on each connection; with --rate the most there may be. (default: 16; 4096)")
    var inFlight: Int?
    @Option(help: "Open loop: so many requests begin each second.") var rate: Int?
    @Option(help: ArgumentHelp("put, get, or the shares of puts and gets.", valueName: "put|get|P/G"))
    var mix = OperationMix.even
    @Option(help: "Bytes of a value.") var valueSize = 100
    @Option(help: "Keys, each as likely as the others.") var keys = 100_000
    @Option(
        help: ArgumentHelp(
            "Replicas that a get asks for: a number, quorum, all, one. (default: the node's)", valueName: "r"))
    var r: QuorumSize?
    @Option(help: ArgumentHelp("Replicas that a put asks for. (default: the node's)", valueName: "w")) var w:
        QuorumSize?
    @Option(help: "Event loops that make the load.") var threads = 1
    @Option(help: "The source of keys and mix.") var seed: UInt64 = 1
    @Flag(help: "Do not write every key once before gets are measured.") var noPreload = false
}

/// The nodes that are started in this process.
struct NodeOptions: ParsableArguments {
    @Option(help: "How many. (default: 3)") var nodes: Int?
    @Option(help: "What keeps the data: log or memory. (default: log)") var engine: ServerConfiguration.Engine?
    @Option(help: "What an acknowledgement promises: sync, interval or none. (default: sync)")
    var durability: ServerConfiguration.Durability?
    @Flag(help: "Gets ask all replicas at once.") var noHedging = false
    @Option(help: "Event loops of each node. (default: the cores shared out, at least 1)") var loops: Int?
    @Option(help: ArgumentHelp("The folder for their temporary folders. (default: the system's)", valueName: "dir"))
    var dataDir: String?

    /// Whether anything is said about them.
    var isGiven: Bool {
        nodes != nil || engine != nil || durability != nil || noHedging || loops != nil || dataDir != nil
    }
    /// How many there are.
    var count: Int { nodes ?? 3 }
}

/// Where the result goes.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the result as JSON.") var json = false
    @Option(
        help: ArgumentHelp(
            "Write the latencies as an HdrHistogram percentile distribution, in milliseconds.", valueName: "file"))
    var histogram: String?
}
