/// What a phase has come to.
package struct LoadResult: Sendable {
    /// The requests, and what became of them.
    package private(set) var tally = LoadTally()
    /// The time that counted, in nanoseconds: the longest among the loops.
    package private(set) var window: Int64 = 0
    /// CPU time of this process in that time, in nanoseconds; with nodes in this process theirs is in it.
    package private(set) var processTime: Int64 = 0
    /// CPU time of the generator's own threads in that time, in nanoseconds.
    package private(set) var generatorTime: Int64 = 0

    /// Nothing yet.
    package init() {}

    /// Answers in a second while it counted.
    package func rate(of operations: OperationTally) -> Double {
        window > 0 ? Double(operations.answeredInTime) / (Double(window) / 1e9) : 0
    }

    mutating func add(_ outcome: LoadWorker.Outcome) {
        tally.add(outcome.tally)
        window = max(window, outcome.window)
        // Each loop has seen the whole process.
        processTime = max(processTime, outcome.processTime)
        generatorTime += outcome.threadTime
    }
}

/// What a phase has counted at one moment.
package struct LoadProgress: Sendable {
    /// Answers.
    package private(set) var answered = 0
    /// Failures.
    package private(set) var failures = 0
    /// Requests that wait for their answers.
    package private(set) var inFlight = 0
    /// Latencies of all answers so far.
    package private(set) var latencies = LatencyHistogram()

    /// Nothing yet.
    package init() {}

    init(_ tally: LoadTally, inFlight: Int) {
        self.inFlight = inFlight
        failures = tally.failures
        latencies.add(tally.puts.latencies)
        latencies.add(tally.gets.latencies)
        answered = latencies.count
    }

    mutating func add(_ other: LoadProgress) {
        answered += other.answered
        failures += other.failures
        inFlight += other.inFlight
        latencies.add(other.latencies)
    }
}

/// Why a load cannot be made.
package enum LoadFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The plan is none.
    case plan(String)
    /// A connection to a target cannot be made.
    case connect(String)

    /// A sentence.
    package var description: String {
        switch self {
        case .plan(let text): text
        case .connect(let text): "no connection to \(text)"
        }
    }
}
