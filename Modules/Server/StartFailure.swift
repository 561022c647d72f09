/// Why a node does not start: what happened, and what to do.
public enum StartFailure: Error, Hashable, Sendable {
    /// A port cannot be listened on.
    case port(String)
    /// The data directory cannot be used.
    case dataDirectory(String)
    /// The cluster that answers is not the one that this node belongs to, or wants to join.
    case wrongCluster(String)
    /// A setting that cannot be.
    case configuration(String)
    /// The start was interrupted.
    case cancelled
}

extension StartFailure: CustomStringConvertible {
    /// A sentence or two.
    public var description: String {
        switch self {
        case .port(let text), .dataDirectory(let text), .wrongCluster(let text), .configuration(let text): text
        case .cancelled: "the start was interrupted"
        }
    }
}
