public import Causality
public import Machine

/// The answer to a ``Request``: one for each, by its deadline.
public enum Response: Equatable, Sendable {
    /// The merged object of a read. It may have nothing but tombstones, or values that have expired.
    case found(Object)
    /// R holders have never heard of the key: a definite answer.
    case absent
    /// The write has its acknowledgements; its dot, and where that was asked for the object as its coordinator has it.
    case written(dot: Dot, object: Object?)
    /// There is no such answer, and why.
    case failed(RequestFailure)
}

/// Why a request has no answer, and what is known of its effect.
public enum RequestFailure: Error, Hashable, Sendable {
    /// Whether a write that was answered with an error may have happened all the same.
    public enum Outcome: UInt8, Hashable, Sendable {
        /// Nothing was written, now or later.
        case notApplied
        /// It may have been written, or may yet be.
        case unknown
    }

    /// Not enough replicas can be reached: how many were needed, how many there are, and who is missing.
    case unavailable(required: Int, available: Int, missing: [NodeID], outcome: Outcome)
    /// The deadline came first.
    case timeout(required: Int, available: Int, outcome: Outcome)
    /// A queue is full: come back after so many milliseconds.
    case busy(retryAfterMilliseconds: Int)
    /// The value or key is over a limit, in bytes.
    case tooLarge(limit: Int)
    /// The write would leave more siblings than the limit: read, merge, and write with the context.
    case tooManySiblings(limit: Int)
    /// The precondition does not hold at the coordinating owner.
    case preconditionFailed
    /// The request has a value that it cannot have.
    case invalid(String)
    /// The node's storage refused: it is read-only, or its disk has failed.
    case storage(String, outcome: Outcome)

    /// What is known of a write's effect.
    public var outcome: Outcome {
        switch self {
        case .unavailable(_, _, _, let outcome), .timeout(_, _, let outcome), .storage(_, let outcome): outcome
        case .busy, .tooLarge, .tooManySiblings, .preconditionFailed, .invalid: .notApplied
        }
    }
}

extension RequestFailure: CustomStringConvertible {
    /// What happened, why, and what to do, in a sentence or two.
    public var description: String {
        switch self {
        case .unavailable(let required, let available, let missing, let outcome):
            "\(required) replicas are needed and \(available) can be reached"
                + (missing.isEmpty ? "" : "; missing: \(missing.map(\.description).joined(separator: ", "))")
                + Self.sentence(outcome)
        case .timeout(let required, let available, let outcome):
            "the deadline passed with \(available) of \(required) answers" + Self.sentence(outcome)
        case .busy(let milliseconds):
            "the node has more work than it takes on; try again in \(milliseconds) ms"
        case .tooLarge(let limit):
            "larger than the limit of \(limit) bytes"
        case .tooManySiblings(let limit):
            "the write would leave more than \(limit) siblings; read the key, merge, and write with the read's context"
        case .preconditionFailed:
            "the precondition does not hold: the key has changed, or is there, or is not"
        case .invalid(let what):
            what
        case .storage(let what, let outcome):
            "storage: \(what)" + Self.sentence(outcome)
        }
    }

    private static func sentence(_ outcome: Outcome) -> String {
        switch outcome {
        // So it is with every read: who writes looks at the outcome.
        case .notApplied: ""
        case .unknown: "; a write may or may not have taken effect"
        }
    }
}
