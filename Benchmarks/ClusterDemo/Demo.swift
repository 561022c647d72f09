import Coordinator
import Foundation
import Machine
import NIOCore
import Node
import RPC

/// The whole story: a cluster is loaded while a node dies, comes back and another joins; then every byte is read back.
@MainActor
final class Demo {
    private let records: Records
    private let eventLoop: any EventLoop
    private let questions: Questions
    private let console = Console()
    private var nodes: [NodeProcess] = []
    private var report: Report
    /// The pass under way, which must end before its event loop does.
    private var current: NIOLoopBound<Pass>?

    init(_ options: Options, folder: String, eventLoop: any EventLoop) throws {
        self.eventLoop = eventLoop
        questions = Questions(eventLoop: eventLoop)
        records = try Records(file: options.words, limit: options.records)
        guard records.count >= min(options.records, 100_000) else {
            throw DemoFailure(
                "\(options.words) has \(records.count.grouped) different lines, and \(min(options.records, 100_000).grouped) are needed"
            )
        }
        report = Report(records: records.count)
        nodes = try Ports.free(4, from: options.port).enumerated().map { index, port in
            NodeProcess(name: "node\(index + 1)", port: port, executable: options.node, folder: folder)
        }
    }

    /// Runs all phases; whether nothing was lost and nothing wrong.
    func run() async throws -> Bool {
        let start = ContinuousClock.now
        console.say("\(records.count.grouped) records: the lines of \(records.name), each third value binary")
        try await startCluster()
        let before = try await questions.ring(nodes[0].endpoint)
        try await load()
        try await settle("until no hint or transfer is pending")
        report.moved = try await questions.ring(nodes[0].endpoint).moved(since: before)
        report.partitions = before.partitions
        try await readBack()
        report.stopTroubles = await stop()
        report.time = start.duration(to: .now)
        report.print()
        return report.isGood
    }

    /// Stops whatever runs; what went wrong with that.
    func stop() async -> [String] {
        var troubles: [String] = []
        if let current {
            try? await end(current)
        }
        for node in nodes.reversed() {
            if let trouble = await node.stop() {
                troubles.append(trouble)
            }
        }
        return troubles
    }

    // MARK: - Phases

    private func startCluster() async throws {
        let start = ContinuousClock.now
        for node in nodes[..<3] {
            try node.start(seed: node === nodes[0] ? nil : nodes[0].endpoint)
            try await node.waitUntilReady(limit: .seconds(60))
            console.say("\(node.name) is ready at \(node.endpoint), process \(node.processID)")
        }
        try await rest(members: 3, limit: .seconds(60), expectsKeys: false)
        report.note("start three nodes", start)
    }

    /// Writes everything, and lets things happen meanwhile. Each step begins when so much is acknowledged, and what comes
    /// after it is held back until then, so that every run writes before, while and after.
    private func load() async throws {
        let start = ContinuousClock.now
        let pass = try await begin(.write, on: nodes[..<3], allowance: share(65))
        console.say(
            "load through three nodes, \(3 * Pass.lanesForEachNode) connections, \(Lane.window) requests in flight on each"
        )
        try await advance(pass, to: share(40), "load", since: start)
        await nodes[1].kill()
        console.say("\(nodes[1].name) killed with -9; the load goes on without it")
        try await advance(pass, to: share(65), "load", since: start)
        try nodes[1].start(seed: nodes[0].endpoint)
        try await allow(pass, share(80))
        try await nodes[1].waitUntilReady(limit: .seconds(60))
        console.say("\(nodes[1].name) is back on its data")
        try await advance(pass, to: share(80), "load", since: start)
        try nodes[3].start(seed: nodes[0].endpoint)
        try await allow(pass, records.count)
        console.say("\(nodes[3].name) joins; the load goes on meanwhile")
        let tally = try await advance(pass, to: records.count, "load", since: start)
        try await end(pass)
        report.load = tally
        report.note("load, with all that", start)
        let joining = ContinuousClock.now
        try await nodes[3].waitUntilReady(limit: .seconds(300))
        console.say("\(nodes[3].name) is ready at \(nodes[3].endpoint)")
        report.note("the rest of the join", joining)
    }

    private func settle(_ what: String) async throws {
        let start = ContinuousClock.now
        console.say("wait \(what)")
        try await rest(members: 4, limit: .seconds(300), expectsKeys: true)
        report.note("wait \(what)", start)
    }

    private func readBack() async throws {
        let before = try await questions.cluster(nodes[0].endpoint).copies
        for size in [QuorumSize.all, .count(2), .one] {
            let start = ContinuousClock.now
            let name = "R=\(size == .one ? "1" : size.description)"
            console.say("read every record through every node, \(name)")
            let pass = try await begin(.read(size), on: nodes[...], allowance: records.count)
            let tally = try await advance(pass, to: records.count * nodes.count, name, since: start)
            try await end(pass)
            report.reads.append((name, tally))
            report.note("read \(name)", start)
            if size == .all {
                // Repairs go out behind the answers.
                try await settle("for the repairs")
            }
        }
        report.copies = try await questions.cluster(nodes[0].endpoint).copies
        report.repaired = report.copies - before
    }

    private func share(_ percent: Int) -> Int { records.count * percent / 100 }

    // MARK: - Passes, which live on the event loop

    private func begin(
        _ action: Pass.Action, on nodes: ArraySlice<NodeProcess>, allowance: Int
    ) async throws -> NIOLoopBound<Pass> {
        let endpoints = nodes.map(\.endpoint)
        let pass = try await eventLoop.submit { [eventLoop, records] in
            let pass = try Pass(action, records: records, allowance: allowance, eventLoop: eventLoop)
            endpoints.forEach(pass.add)
            return NIOLoopBound(pass, eventLoop: eventLoop)
        }.get()
        current = pass
        return pass
    }

    private func allow(_ pass: NIOLoopBound<Pass>, _ allowance: Int) async throws {
        try await eventLoop.submit { pass.value.allowance = allowance }.get()
    }

    private func end(_ pass: NIOLoopBound<Pass>) async throws {
        current = nil
        try await eventLoop.submit { pass.value.finish() }.get()
    }

    /// Waits until `goal` operations are done. Fails when nothing has been answered for a minute.
    @discardableResult
    private func advance(
        _ pass: NIOLoopBound<Pass>, to goal: Int, _ what: String, since start: ContinuousClock.Instant
    ) async throws -> Tally {
        let total = what == "load" ? records.count : goal
        var lastDone = -1
        var lastChange = ContinuousClock.now
        while true {
            let tally = try await eventLoop.submit { pass.value.tally }.get()
            console.progress(what, tally.done, of: total, since: start)
            if tally.done >= goal { return tally }
            if tally.done != lastDone {
                (lastDone, lastChange) = (tally.done, .now)
            } else if lastChange.duration(to: .now) > .seconds(60) {
                throw DemoFailure(
                    "\(what): nothing was answered for a minute, with \(tally.done.grouped) of \(total.grouped) done; the last trouble: \(tally.lastTrouble)"
                )
            }
            if let fallen = nodes.first(where: { $0.hasFallen }) {
                throw DemoFailure("\(fallen.name) ended by itself:\n\(fallen.lastLines)")
            }
            // The bar moves ten times a second: as often as anyone looks.
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Waits until every node says twice in a row that nothing moves and nobody waits for anything.
    private func rest(members count: Int, limit: Duration, expectsKeys: Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        var calm = 0
        while calm < 2 {
            var unrest: String?
            for node in nodes[..<count] where unrest == nil {
                do {
                    unrest = try await questions.cluster(node.endpoint)
                        .unrest(members: count, expectsKeys: expectsKeys)
                } catch let failure as RPCFailure {
                    unrest = "\(node.name): \(failure)"
                }
            }
            calm = unrest == nil ? calm + 1 : 0
            if let unrest, ContinuousClock.now > deadline {
                throw DemoFailure("the cluster does not come to rest within \(limit.components.seconds) s: \(unrest)")
            }
            // Rest is a state of other processes, which tell it to nobody: it is asked for.
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
