public import Machine
public import Wire

/// Hears what happens between one event loop and the other nodes; called on that loop only, and never from within a call
/// to ``PeerConnections``.
public protocol PeerConnectionsDelegate: AnyObject {
    /// A peer sent a frame: in the main the reply to one of ours.
    func peers(_ peers: PeerConnections, received frame: Frame, from peer: NodeID)
    /// All frames of this read from a peer were handed over: the place to flush.
    func peersReadComplete(_ peers: PeerConnections, from peer: NodeID)
    /// The connection to a peer is open.
    func peers(_ peers: PeerConnections, reached peer: NodeID)
    /// A connection to a peer was lost, or could not be made. What waited there, and the replies to what had gone out,
    /// do not come; whether the peer acted on it is unknown.
    func peers(_ peers: PeerConnections, lost peer: NodeID, reason: ConnectionCloseReason)
    /// A peer takes, or does not take, bytes without keeping them back.
    func peers(_ peers: PeerConnections, writabilityOf peer: NodeID, changedTo isWritable: Bool)
}

extension PeerConnectionsDelegate {
    /// Does nothing.
    public func peersReadComplete(_ peers: PeerConnections, from peer: NodeID) {}
    /// Does nothing.
    public func peers(_ peers: PeerConnections, reached peer: NodeID) {}
    /// Does nothing.
    public func peers(_ peers: PeerConnections, writabilityOf peer: NodeID, changedTo isWritable: Bool) {}
}

/// What became of a frame for a peer.
public enum PeerSendOutcome: Equatable, Sendable {
    /// It goes with the next flush, or as soon as the connection is open.
    case queued
    /// As many bytes wait for this peer as may wait.
    case busy
    /// It is longer than a frame may be: it never fits.
    case tooLarge(limit: Int)
    /// The peer was lost for this reason, and is tried again by itself: nothing is queued meanwhile.
    case unreachable(ConnectionCloseReason)
    /// No address is known for this peer.
    case unknownPeer
}
