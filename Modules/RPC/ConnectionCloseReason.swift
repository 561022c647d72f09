public import Machine
public import Wire

/// Why a connection ended, or never came to be.
public enum ConnectionCloseReason: Error, Equatable, Sendable {
    /// This end closed it.
    case closedHere
    /// The other end closed it, or its process ended.
    case closedByRemote
    /// The operating system's word, put for people: connection refused, no way to the host, reset…
    case transport(String)
    /// No TCP connection within the connect timeout.
    case connectTimeout
    /// No handshake within the handshake timeout.
    case handshakeTimeout
    /// The other end does not want this one.
    case refusedByRemote(HandshakeRefusal)
    /// This end did not want the other.
    case refusedHere(HandshakeRefusal)
    /// Another node answers at the address: it was reused.
    case wrongNode(NodeID)
    /// The other end sent what is no frame.
    case malformed(DecodingFailure)
    /// No sign of life within the keepalive's limit: a half-open connection, a stopped process, a cut network.
    case unresponsive
}

extension ConnectionCloseReason: CustomStringConvertible {
    /// A sentence for a log or a user.
    public var description: String {
        switch self {
        case .closedHere: "closed at this end"
        case .closedByRemote: "closed by the other end"
        case .transport(let text): text
        case .connectTimeout: "no connection within the connect timeout"
        case .handshakeTimeout: "no handshake within the handshake timeout"
        case .refusedByRemote(let refusal): "the other end refused: \(refusal)"
        case .refusedHere(let refusal): "this end refused: \(refusal)"
        case .wrongNode(let id): "another node, \(id), answers at this address"
        case .malformed(let failure): "the other end sent what is no frame: \(failure)"
        case .unresponsive: "no sign of life"
        }
    }
}
