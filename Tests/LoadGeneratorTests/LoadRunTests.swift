import Coordinator
import LoadGenerator
import NIOCore
import RPC
import Testing

@Suite("A load", .timeLimit(.minutes(1)))
struct LoadRunTests {
    @Test("Every key is written once beforehand, on several loops", arguments: [1, 3])
    func writingAllKeys(threads: Int) async throws {
        try await withLoad(.proper) {
            $0.threads = threads
            $0.keys = 500
            // What may be in flight while all keys are written is less.
            $0.pace = .open(rate: 1000, limit: 4096)
        } _: { run, node in
            let result = await run.writeAllKeys()
            #expect(result.tally.puts.latencies.count == 500)
            #expect(result.tally.failures == 0 && node.largestBatch <= 16)
            #expect(node.writes.count == 500 && node.writes.values.allSatisfy { $0 == 1 })
        }
    }

    @Test("A closed loop counts every request that it makes")
    func closedLoop() async throws {
        try await withLoad(.proper) {
            $0.keys = 10
            $0.duration = .milliseconds(600)
            $0.pace = .closed(inFlight: 4)
        } _: { run, node in
            let result = await run.measure()
            let (puts, gets) = (result.tally.puts.latencies.count, result.tally.gets.latencies.count)
            #expect(puts > 0 && gets > 0 && puts + gets == node.requests)
            #expect(result.tally.absent == gets)
            #expect(result.tally.failures == 0 && result.tally.unsent == 0)
            #expect(result.window > 0)
            #expect(result.processTime >= result.generatorTime && result.generatorTime > 0)
            #expect(result.tally.answeredInTime <= puts + gets)
            #expect(result.tally.answeredInTime >= puts + gets - 12)
        }
    }

    @Test("An open loop makes as many requests as its rate says")
    func openLoop() async throws {
        try await withLoad(.proper) {
            $0.threads = 2
            $0.pace = .open(rate: 1000, limit: 1000)
        } _: { run, node in
            let tally = await run.measure().tally
            #expect(tally.puts.latencies.count + tally.gets.latencies.count + tally.unsent == 200)
            #expect(node.requests == 200 - tally.unsent)
        }
    }

    // What is left out where latency counts from the sending: four requests would be slow, and the rest would look fast.
    @Test("Where a node stalls an open loop, all who would have waited are counted as waiting")
    func coordinatedOmission() async throws {
        try await withLoad(.stalling(.milliseconds(400))) {
            $0.connections = 1
            $0.duration = .milliseconds(600)
            $0.mix = .putOnly
            $0.pace = .open(rate: 500, limit: 4)
        } _: { run, _ in
            let tally = await run.measure().tally
            #expect(tally.puts.latencies.count + tally.unsent == 300)
            // Of 300 requests the 200 of the stall wait for its end: a third of all for 200 ms or more.
            #expect(tally.puts.latencies.percentile(70) >= 190_000)
            #expect(tally.puts.latencies.percentile(99) >= 390_000)
        }
    }

    @Test("What an open loop has no room for is said, and what is never answered")
    func noRoom() async throws {
        try await withLoad(.silent) {
            $0.mix = .getOnly
            $0.duration = .milliseconds(600)
            $0.pace = .open(rate: 1000, limit: 5)
            $0.drain = .milliseconds(20)
        } _: { run, node in
            let tally = await run.measure().tally
            #expect(node.requests == 15)
            #expect(tally.gets.failures(.unanswered) == 15)
            #expect(tally.unsent == 585)
            #expect(tally.gets.latencies.count == 0)
        }
    }

    @Test(
        "Failures are counted by kind, and not as fast answers",
        arguments: [
            (RequestFailure.busy(retryAfterMilliseconds: 5), LoadFailureKind.busy),
            (.timeout(required: 2, available: 1, outcome: .unknown), .timeout),
            (.unavailable(required: 2, available: 1, missing: [], outcome: .notApplied), .unavailable),
            (.storage("full", outcome: .unknown), .storage), (.tooLarge(limit: 1), .refused),
        ])
    func failures(failure: RequestFailure, kind: LoadFailureKind) async throws {
        try await withLoad(.failing(failure)) {
            $0.duration = .milliseconds(50)
        } _: { run, node in
            let tally = await run.measure().tally
            #expect(tally.failures == node.requests && node.requests > 0)
            #expect(tally.puts.failures(kind) + tally.gets.failures(kind) == tally.failures)
            #expect(tally.puts.latencies.count + tally.gets.latencies.count == 0)
        }
    }

    @Test("What is no answer is a failure")
    func babble() async throws {
        try await withLoad(.babbling) {
            $0.duration = .milliseconds(50)
        } _: { run, node in
            let tally = await run.measure().tally
            #expect(tally.puts.failures(.malformed) + tally.gets.failures(.malformed) == node.requests)
        }
    }

    @Test("A connection that is lost takes its requests with it, and comes back")
    func lostConnection() async throws {
        try await withLoad(.hangingUp(after: 20)) {
            $0.connections = 1
            $0.keys = 200
            $0.pace = .closed(inFlight: 4)
        } _: { run, node in
            let tally = await run.writeAllKeys().tally
            #expect((1...4).contains(tally.puts.failures(.connectionLost)))
            #expect(tally.puts.latencies.count + tally.failures == 200)
        }
    }

    @Test("A load that is stopped says what it has measured until then")
    func stopping() async throws {
        try await withLoad(.proper) {
            $0.duration = .seconds(3600)
        } _: { run, _ in
            async let result = run.measure()
            var progress = LoadProgress()
            while progress.answered == 0 {
                progress = await run.progress()
            }
            run.stop()
            #expect(await result.tally.puts.latencies.count + result.tally.gets.latencies.count >= progress.answered)
        }
    }

    @Test("Nobody at the target, and a plan that is none, are typed failures")
    func refusals() async throws {
        let node = try await FakeNode(.proper)
        let endpoint = node.endpoint
        await node.stop()
        await #expect(throws: LoadFailure.self) {
            try await LoadRun.open(LoadPlan(targets: [endpoint]), logger: FakeNode.logger)
        }
        #expect(LoadPlan(targets: []).failure != nil)
        for change: (inout LoadPlan) -> Void in [
            { $0.connections = 0 }, { $0.threads = 13 }, { $0.keys = 0 }, { $0.keys = LoadPlan.keyLimit + 1 },
            { $0.valueByteCount = -1 }, { $0.pace = .closed(inFlight: 0) }, { $0.pace = .open(rate: 0, limit: 1) },
            { $0.duration = .zero }, { $0.warmup = .seconds(-1) },
        ] {
            var plan = LoadPlan(targets: [endpoint])
            #expect(plan.failure == nil)
            change(&plan)
            #expect(plan.failure != nil)
        }
    }
}
