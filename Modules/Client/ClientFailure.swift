public import Coordinator
public import Machine
public import RPC

/// Why a request has no answer.
public enum ClientFailure: Error, Equatable, Sendable {
    /// The cluster answered that it cannot, and why.
    case failed(RequestFailure)
    /// No node could be reached in time; nothing was sent.
    case unreachable([UnreachableNode])
    /// The request was sent to this node, and no answer came.
    case noAnswer(from: RPCEndpoint, RPCFailure)
    /// The node answered with what is no answer: it speaks another version of the protocol, or has a fault.
    case malformedAnswer(from: RPCEndpoint, DecodingFailure)
    /// As many requests, or bytes, wait in this client as may wait; nothing was sent.
    case busy
    /// The request is longer than a frame may be, in bytes; nothing was sent.
    case tooLarge(limit: Int)
    /// The calling task was cancelled; `isSent` is whether the request was on its way by then.
    case cancelled(isSent: Bool)
    /// The client was closed; nothing was sent.
    case closed
    /// A value that no request can have; nothing was sent.
    case invalid(String)

    /// What is known of a write's effect.
    public var outcome: RequestFailure.Outcome {
        switch self {
        case .failed(let failure): failure.outcome
        case .noAnswer, .malformedAnswer, .cancelled(isSent: true): .unknown
        case .unreachable, .busy, .tooLarge, .cancelled(isSent: false), .closed, .invalid: .notApplied
        }
    }
}

/// A node that could not be reached, and why.
public struct UnreachableNode: Equatable, Sendable {
    /// Where it was looked for.
    public let endpoint: RPCEndpoint
    /// Why there is no connection; `nil` where there was no more time for one.
    public let reason: ConnectionCloseReason?

    /// A node that could not be reached, for this reason.
    public init(endpoint: RPCEndpoint, reason: ConnectionCloseReason?) {
        self.endpoint = endpoint
        self.reason = reason
    }
}

extension ClientFailure: CustomStringConvertible {
    /// What happened and why, in a sentence or two.
    public var description: String {
        switch self {
        case .failed(let failure):
            failure.description
        case .unreachable(let nodes) where nodes.isEmpty:
            "the deadline passed before a node could be reached"
        case .unreachable(let nodes):
            "no node could be reached: "
                + nodes.map { node in
                    "\(node.endpoint) (\(node.reason?.description ?? "no connection in time"))"
                }.joined(separator: ", ")
        case .noAnswer(let endpoint, let failure):
            "\(endpoint) was asked and did not answer: \(failure); if it was a write, it may or may not have taken effect"
        case .malformedAnswer(let endpoint, let failure):
            "\(endpoint) answered with what is no answer: \(failure); if it was a write, it may or may not have taken effect"
        case .busy:
            "too many requests wait in this client"
        case .tooLarge(let limit):
            "the request is larger than the limit of \(limit) bytes for a message"
        case .cancelled(let isSent):
            "the request was cancelled" + (isSent ? "; if it was a write, it may or may not have taken effect" : "")
        case .closed:
            "the client was closed"
        case .invalid(let what):
            what
        }
    }
}
