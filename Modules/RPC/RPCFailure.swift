/// Why a call has no answer.
public enum RPCFailure: Error, Equatable, Sendable {
    /// The deadline passed. Whether the other end acted is unknown.
    case deadlineExceeded
    /// The calling task was cancelled. Whether the other end acted is unknown.
    case cancelled
    /// As many calls, or bytes, wait as may wait. Nothing was sent.
    case busy
    /// The request is longer than a frame may be. Nothing was sent.
    case tooLarge(limit: Int)
    /// The connection ended before the answer came, for this reason. Whether the other end acted is unknown.
    case connectionLost(ConnectionCloseReason)
    /// The connection had ended, or was never made, for this reason. Nothing was sent.
    case notConnected(ConnectionCloseReason)
}

extension RPCFailure {
    /// Whether it is certain that the other end did not act on the call.
    public var isNotSent: Bool {
        switch self {
        case .busy, .tooLarge, .notConnected: true
        case .deadlineExceeded, .cancelled, .connectionLost: false
        }
    }
}

extension RPCFailure: CustomStringConvertible {
    /// A sentence for a log or a user.
    public var description: String {
        switch self {
        case .deadlineExceeded: "no answer within the deadline"
        case .cancelled: "the call was cancelled"
        case .busy: "too many calls wait on this connection"
        case .tooLarge(let limit): "the request is over the limit of \(limit) bytes for a frame"
        case .connectionLost(let reason): "the connection was lost before the answer: \(reason)"
        case .notConnected(let reason): "not connected: \(reason)"
        }
    }
}
