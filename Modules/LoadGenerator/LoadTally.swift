import Coordinator

/// Why a request has no answer that counts.
package enum LoadFailureKind: String, CaseIterable, Codable, Sendable {
    /// Too few replicas can be reached.
    case unavailable
    /// The node's own deadline passed.
    case timeout
    /// The node has more work than it takes on.
    case busy
    /// The node's storage refused.
    case storage
    /// The node refused the request as it is.
    case refused
    /// The connection ended before the answer.
    case connectionLost
    /// The answer had not come when the waiting ended.
    case unanswered
    /// What came is no answer.
    case malformed

    init(_ failure: RequestFailure) {
        self =
            switch failure {
            case .unavailable: .unavailable
            case .timeout: .timeout
            case .busy: .busy
            case .storage: .storage
            case .tooLarge, .tooManySiblings, .preconditionFailed, .invalid: .refused
            }
    }

    /// The place of the kind among all, for a table of counts.
    var index: Int {
        switch self {
        case .unavailable: 0
        case .timeout: 1
        case .busy: 2
        case .storage: 3
        case .refused: 4
        case .connectionLost: 5
        case .unanswered: 6
        case .malformed: 7
        }
    }
}

/// What became of the requests of one kind.
package struct OperationTally: Sendable {
    /// The latencies of those that were answered.
    package var latencies = LatencyHistogram()
    /// The answers that came while it counted: the throughput.
    package var answeredInTime = 0
    private var failureCounts = [Int](repeating: 0, count: LoadFailureKind.allCases.count)

    /// Nothing yet.
    package init() {}

    mutating func count(_ failure: LoadFailureKind) {
        failureCounts[failure.index] += 1
    }

    /// How many failed for this reason.
    package func failures(_ kind: LoadFailureKind) -> Int { failureCounts[kind.index] }

    /// How many failed.
    package var failures: Int { failureCounts.reduce(0, +) }

    mutating func add(_ other: OperationTally) {
        latencies.add(other.latencies)
        answeredInTime += other.answeredInTime
        for kind in failureCounts.indices {
            failureCounts[kind] += other.failureCounts[kind]
        }
    }
}

/// What became of all requests that began, or should have begun, while it counted.
package struct LoadTally: Sendable {
    /// The writes.
    package var puts = OperationTally()
    /// The reads.
    package var gets = OperationTally()
    /// The reads, among the answered ones, whose key was not there.
    package var absent = 0
    /// Requests of an open loop that should have begun and were not sent when the time was up: there was no room.
    package var unsent = 0

    /// Nothing yet.
    package init() {}

    /// How many failed.
    package var failures: Int { puts.failures + gets.failures }
    /// How many were answered while it counted.
    package var answeredInTime: Int { puts.answeredInTime + gets.answeredInTime }

    mutating func add(_ other: LoadTally) {
        puts.add(other.puts)
        gets.add(other.gets)
        absent += other.absent
        unsent += other.unsent
    }
}
