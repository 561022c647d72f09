import Logging
import Machine
import NIOCore
import NIOPosix
import RPC
import Wire

/// A load generator with its connections: makes load by a plan, and says what came of it.
///
/// ```swift
/// let run = try await LoadRun.open(plan, logger: logger)
/// _ = await run.writeAllKeys()
/// let result = await run.measure()
/// await run.close()
/// ```
package final class LoadRun: Sendable {
    private let plan: LoadPlan
    private let group: MultiThreadedEventLoopGroup
    private let workers: [NIOLoopBound<LoadWorker>]

    /// The time between a phase's order and its first request, so that all loops begin together.
    private static let headStart: Duration = .milliseconds(10)

    /// Requests in flight on each connection while all keys are written: what an open loop may have is too much at once.
    private static let writingInFlight = 16

    private init(_ plan: LoadPlan, group: MultiThreadedEventLoopGroup, workers: [NIOLoopBound<LoadWorker>]) {
        self.plan = plan
        self.group = group
        self.workers = workers
    }

    /// Connects to every target. Fails with the first connection that fails.
    package static func open(_ plan: LoadPlan, logger: Logger) async throws(LoadFailure) -> LoadRun {
        if let failure = plan.failure { throw failure }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.threads)
        var workers: [NIOLoopBound<LoadWorker>] = []
        for (index, loop) in group.makeIterator().enumerated() {
            let worker = try? await loop.submit {
                NIOLoopBound(LoadWorker(plan, index: index, eventLoop: loop), eventLoop: loop)
            }.get()
            workers += worker.map { [$0] } ?? []
        }
        let run = LoadRun(plan, group: group, workers: workers)
        do {
            let hello = try Hello(role: .client, clusterName: "")
            for worker in workers {
                try await worker.eventLoop.flatSubmit { worker.value.connect(as: hello, logger: logger) }.get()
            }
        } catch {
            await run.close()
            throw error as? LoadFailure ?? .connect("\(error)")
        }
        return run
    }

    /// Writes each of the plan's keys once, as fast as answers come.
    package func writeAllKeys() async -> LoadResult {
        let plan = plan
        return await run { index in
            LoadWorker.Phase(
                keys: .each(first: index, stride: plan.threads, end: plan.keys), mix: .putOnly,
                pace: .closed(inFlight: min(plan.pace.inFlightLimit, Self.writingInFlight)), warmup: .zero,
                duration: nil)
        }
    }

    /// Makes the plan's load for its time.
    package func measure() async -> LoadResult {
        let plan = plan
        return await run { _ in
            LoadWorker.Phase(
                keys: .random(count: plan.keys), mix: plan.mix, pace: plan.pace, warmup: plan.warmup,
                duration: plan.duration)
        }
    }

    /// Ends the present phase now: what was measured until here is its result.
    package func stop() {
        for worker in workers {
            worker.eventLoop.execute { worker.value.stop() }
        }
    }

    /// What the present phase has counted so far.
    package func progress() async -> LoadProgress {
        var sum = LoadProgress()
        for worker in workers {
            guard let progress = try? await worker.eventLoop.submit({ worker.value.progress }).get() else { continue }
            sum.add(progress)
        }
        return sum
    }

    /// Closes the connections and the loops. The last call.
    package func close() async {
        for worker in workers {
            try? await worker.eventLoop.submit { worker.value.close() }.get()
        }
        try? await group.shutdownGracefully()
    }

    private func run(_ phase: (Int) -> LoadWorker.Phase) async -> LoadResult {
        let now = Instant(nanoseconds: Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds))
        let start = now.advanced(by: Self.headStart)
        var outcomes: [EventLoopFuture<LoadWorker.Outcome>] = []
        for (index, worker) in workers.enumerated() {
            let phase = phase(index)
            let finished = worker.eventLoop.makePromise(of: LoadWorker.Outcome.self)
            outcomes.append(finished.futureResult)
            worker.eventLoop.execute { worker.value.run(phase, from: start, finished) }
        }
        var result = LoadResult()
        for outcome in outcomes {
            // The promise is only ever succeeded.
            guard let outcome = try? await outcome.get() else { continue }
            result.add(outcome)
        }
        return result
    }
}
