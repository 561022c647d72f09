public import Machine
public import Wire

/// Hears what happens on a connection; called on the connection's event loop only.
///
/// A connection holds its delegate until it has called ``connectionClosed(_:reason:)``, the last call of all. No call is
/// made from within a call to the connection, so that a delegate is never re-entered.
public protocol RPCConnectionDelegate: AnyObject {
    /// The handshake is done. Not called for a connection that fails before.
    func connectionOpened(_ connection: RPCConnection)

    /// A frame came, of a message's kind. Its payload is a slice of the receive buffer.
    func connection(_ connection: RPCConnection, received frame: Frame)

    /// All frames of this read were handed over: the place to flush every connection that was written to. This
    /// connection is flushed by itself.
    func connectionReadComplete(_ connection: RPCConnection)

    /// The connection takes (or does not take) bytes without keeping them back. It still queues, up to its limit.
    func connection(_ connection: RPCConnection, writabilityChanged isWritable: Bool)

    /// The end, once, of every connection: also of one that was never open.
    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason)
}

extension RPCConnectionDelegate {
    /// Does nothing.
    public func connectionOpened(_ connection: RPCConnection) {}
    /// Does nothing.
    public func connectionReadComplete(_ connection: RPCConnection) {}
    /// Does nothing.
    public func connection(_ connection: RPCConnection, writabilityChanged isWritable: Bool) {}
}

/// The other end of an open connection, by its own word in the handshake.
public struct RemoteEnd: Hashable, Sendable {
    /// A peer or a client.
    public let role: ConnectionRole
    /// Its identity; zero for a client.
    public let nodeID: NodeID
    /// The protocol version that both ends speak.
    public let version: UInt16
    /// The features that both ends have.
    public let features: ProtocolFeatures
    /// The address as the socket knows it, for logs.
    public let address: String
}

extension RemoteEnd: CustomStringConvertible {
    /// `peer 0f… at 10.0.0.7:7400`.
    public var description: String { "\(role) \(nodeID) at \(address)" }
}

/// What became of a frame that was to be sent.
@frozen
public enum SendOutcome: Hashable, Sendable {
    /// It goes with the next flush, unless the connection ends before.
    case queued
    /// As many bytes wait as may wait.
    case busy
    /// It is longer than a frame may be: it never fits.
    case tooLarge(limit: Int)
    /// The connection has ended.
    case closed
}
