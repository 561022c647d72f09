import Logging
import Machine
import NIOCore
import RPC
import Wire

/// The generator on one event loop: its connections, its share of the schedule, its tally.
///
/// Nothing on the way of a request is a task, lock or promise: an answer is counted where it is read, and in a closed loop
/// the next request goes out with it.
final class LoadWorker {
    /// What the worker does at a time.
    private enum Activity {
        case idle
        /// Each connection is to have so many requests in flight.
        case closed(inFlight: Int)
        case open(OpenSchedule)
        /// No new requests: the last answers are waited for.
        case draining
    }

    /// One piece of work, from its first request to its last answer.
    struct Phase: Sendable {
        /// Which keys, in which order.
        var keys: RequestMaker.Keys
        var mix: OperationMix
        var pace: LoadPlan.Pace
        var warmup: Duration
        /// The time that counts; `nil`: until the keys are through.
        var duration: Duration?
    }

    /// What the worker has measured.
    struct Outcome: Sendable {
        var tally = LoadTally()
        /// The time that counted, in nanoseconds.
        var window: Int64 = 0
        /// CPU time of the worker's thread in that time, in nanoseconds.
        var threadTime: Int64 = 0
        /// CPU time of the whole process in that time, in nanoseconds.
        var processTime: Int64 = 0
    }

    let eventLoop: any EventLoop
    var requests: RequestMaker

    private let plan: LoadPlan
    private let index: Int
    private var connections: [LoadConnection] = []
    /// Where the search for a connection with room begins.
    private var turn = 0

    private var activity = Activity.idle
    private var outcome = Outcome()
    /// Requests that begin in this time count.
    private var counted = Instant.zero..<Instant.zero
    private var isCounting = false
    private var countingSince = Instant.zero
    private var startTimes: (process: Int64, thread: Int64) = (0, 0)
    private var generator: SeededGenerator
    private var finished: EventLoopPromise<Outcome>?
    private var pumpTimer: Scheduled<Void>?
    private var phaseTimers: [Scheduled<Void>] = []

    /// How long an open loop without room waits before it looks again, if no answer comes before.
    private static let retryPause = TimeAmount.milliseconds(1)

    init(_ plan: LoadPlan, index: Int, eventLoop: any EventLoop) {
        self.plan = plan
        self.index = index
        self.eventLoop = eventLoop
        generator = SeededGenerator(seed: plan.seed &+ UInt64(index))
        requests = RequestMaker(plan, keys: .random(count: 1), mix: plan.mix, generator: generator)
    }

    private var now: Instant {
        Instant(nanoseconds: Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds))
    }

    /// Opens this worker's share of the connections: every `threads`-th.
    func connect(as hello: Hello, logger: Logger) -> EventLoopFuture<Void> {
        var openings: [EventLoopFuture<Void>] = []
        for number in stride(from: index, to: plan.connections, by: plan.threads) {
            let connection = LoadConnection(
                to: plan.targets[number % plan.targets.count], as: hello, inFlightLimit: plan.pace.inFlightLimit,
                worker: self, logger: logger)
            connections.append(connection)
            let opening = eventLoop.makePromise(of: Void.self)
            openings.append(opening.futureResult)
            connection.open(opening)
        }
        return EventLoopFuture.andAllSucceed(openings, on: eventLoop)
    }

    func close() {
        finish()
        for connection in connections {
            connection.close()
        }
    }

    // MARK: - A phase

    /// Begins a phase at `start`; `finished` is kept after its last answer.
    func run(_ phase: Phase, from start: Instant, _ finished: EventLoopPromise<Outcome>) {
        self.finished = finished
        outcome = Outcome()
        requests = RequestMaker(plan, keys: phase.keys, mix: phase.mix, generator: generator.split())
        let begin = start.advanced(by: phase.warmup)
        counted = begin..<(phase.duration.map { begin.advanced(by: $0) } ?? .distantFuture)
        at(start) {
            switch phase.pace {
            case .closed(let inFlight):
                self.activity = .closed(inFlight: inFlight)
                for connection in self.connections {
                    self.fill(connection)
                    connection.flush()
                }
                // Nothing to send, so no answer either: more loops than keys.
                self.finishIfDone()
            case .open(let rate, _):
                self.activity = .open(
                    OpenSchedule(from: start, rate: rate, offset: self.index, stride: self.plan.threads))
                self.pump()
            }
        }
        at(counted.lowerBound) { self.beginCounting() }
        if phase.duration != nil {
            at(counted.upperBound) { self.stop() }
        }
    }

    /// No new requests from now on.
    func stop() {
        switch activity {
        case .open(let schedule):
            outcome.tally.unsent = max(
                0,
                schedule.remaining(before: min(counted.upperBound, now))
                    - schedule.remaining(before: counted.lowerBound))
        case .closed: break
        case .idle where finished != nil: break
        case .idle, .draining: return
        }
        endCounting()
        activity = .draining
        cancelTimers()
        guard !finishIfDone() else { return }
        at(now.advanced(by: plan.drain)) { self.finish() }
    }

    private func beginCounting() {
        isCounting = true
        countingSince = now
        startTimes = (ProcessorTime.ofProcess(), ProcessorTime.ofThread())
    }

    private func endCounting() {
        guard isCounting else { return }
        isCounting = false
        let end = now
        counted = counted.lowerBound..<max(min(end, counted.upperBound), counted.lowerBound)
        outcome.window = countingSince.nanoseconds(to: end)
        outcome.processTime = ProcessorTime.ofProcess() - startTimes.process
        outcome.threadTime = ProcessorTime.ofThread() - startTimes.thread
    }

    @discardableResult
    private func finishIfDone() -> Bool {
        switch activity {
        case .draining: break
        case .closed where !requests.draw(): break
        case .idle, .closed, .open: return false
        }
        guard connections.allSatisfy({ $0.inFlightCount == 0 }) else { return false }
        finish()
        return true
    }

    /// Gives up what is still in flight, and hands over what was measured.
    private func finish() {
        guard let finished else { return }
        self.finished = nil
        endCounting()
        for connection in connections {
            connection.abandon()
        }
        activity = .idle
        cancelTimers()
        finished.succeed(outcome)
    }

    private func at(_ instant: Instant, _ body: @escaping () -> Void) {
        phaseTimers.append(
            eventLoop.assumeIsolated().scheduleTask(
                deadline: .uptimeNanoseconds(UInt64(max(instant.nanoseconds, 0))), body))
    }

    private func cancelTimers() {
        for timer in phaseTimers {
            timer.cancel()
        }
        phaseTimers = []
        pumpTimer?.cancel()
        pumpTimer = nil
    }

    // MARK: - Requests and answers

    /// Sends as many requests as a closed loop has room for.
    func fill(_ connection: LoadConnection) {
        guard case .closed(let limit) = activity else { return }
        var start = now
        // The timer that ends the phase may be late.
        while start < counted.upperBound, connection.inFlightCount < limit, connection.send(from: start) {
            start = now
        }
    }

    /// Counts what came of a request, where it began in the time that counts.
    func ended(_ request: LoadConnection.InFlight, _ answer: AnswerKind) {
        if case .failed(let failure) = answer {
            guard counted.contains(request.start) else { return }
            return request.isPut ? outcome.tally.puts.count(failure) : outcome.tally.gets.count(failure)
        }
        let isInWindow = counted.contains(request.start)
        let latency = isInWindow ? request.start.nanoseconds(to: now) : 0
        if request.isPut {
            Self.count(latency, isInWindow: isInWindow, isCounting: isCounting, in: &outcome.tally.puts)
        } else {
            Self.count(latency, isInWindow: isInWindow, isCounting: isCounting, in: &outcome.tally.gets)
            outcome.tally.absent += answer == .absent && isInWindow ? 1 : 0
        }
    }

    private static func count(
        _ latency: Int64, isInWindow: Bool, isCounting: Bool, in tally: inout OperationTally
    ) {
        if isCounting {
            tally.answeredInTime += 1
        }
        if isInWindow {
            tally.latencies.record(nanoseconds: latency)
        }
    }

    /// All answers of one read were counted.
    func readComplete() {
        switch activity {
        case .open: pump()
        case .closed, .draining: finishIfDone()
        case .idle: break
        }
    }

    /// Sends what is due by the schedule, as far as there is room, and sets the timer for the next.
    private func pump() {
        guard case .open(var schedule) = activity else { return }
        let now = now
        var hasRoom = true
        while hasRoom, schedule.next <= now, schedule.next < counted.upperBound {
            hasRoom = send(from: schedule.next)
            if hasRoom {
                schedule.advance()
            }
        }
        activity = .open(schedule)
        for connection in connections {
            connection.flush()
        }
        // A timer that is set goes off no later than the next request is due.
        guard pumpTimer == nil, schedule.next < counted.upperBound else { return }
        let due = NIODeadline.uptimeNanoseconds(UInt64(max(schedule.next.nanoseconds, 0)))
        pumpTimer = eventLoop.assumeIsolated().scheduleTask(deadline: hasRoom ? due : .now() + Self.retryPause) {
            self.pumpTimer = nil
            self.pump()
        }
    }

    /// Sends the next request on the next connection in turn that has room.
    private func send(from start: Instant) -> Bool {
        for _ in connections.indices {
            turn = turn + 1 < connections.count ? turn + 1 : 0
            if connections[turn].send(from: start) { return true }
        }
        return false
    }

    /// What was counted so far.
    var progress: LoadProgress {
        LoadProgress(outcome.tally, inFlight: connections.reduce(0) { $0 + $1.inFlightCount })
    }
}
