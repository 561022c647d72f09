public import Coordinator
public import Gossip
public import Machine
public import Wire

/// What happens to a whole node.
public enum NodeEvent: Sendable {
    /// Take part, starting from these addresses; none: be the first, or go on with the members that are known.
    case start(seeds: [GossipAddress])
    /// A client of this node wants a request served; the number comes back with the answer.
    indirect case request(Request, client: UInt64)
    /// A datagram of the gossip came.
    case datagram(ByteBuffer, from: GossipAddress)
    /// A node asks something over a connection that it opened. The number is the harness's own and comes back with the
    /// answer; questions of one connection are served by one shard.
    case asked(Frame, by: NodeID, connection: UInt32)
    /// A node has answered a ``NodeEffect/ask(_:of:lane:)``; the lane is the question's.
    case answered(Frame, by: NodeID, lane: Int)
    /// The peer at an address has answered a ``NodeEffect/pushPull(_:with:)``.
    case pushPullAnswered(Frame)
    /// A question could not be sent: certainly nothing came of it.
    case notSent(Frame, to: NodeID, lane: Int)
    /// The connections to a node are open (again).
    case reached(NodeID)
    /// The connections to a node are lost, and with them all answers that it owes.
    case lost(NodeID)
}

/// What a whole node wants of its network, its clients and its harness.
public enum NodeEffect: Sendable {
    /// Send a datagram; it may be lost.
    case send(ByteBuffer, to: GossipAddress)
    /// Ask a node. Lanes are connections: one for each shard, the last for whole partitions and memberships.
    case ask(Frame, of: NodeID, lane: Int)
    /// Carry the gossip's state to an address and bring the peer's back; it may fail without a word.
    case pushPull(Frame, with: GossipAddress)
    /// Answer over the connection that a question came over.
    case answer(Frame, connection: UInt32)
    /// Answer a client.
    case reply(Response, client: UInt64)
    /// Something to know: for logs, metrics and traces.
    case observe(NodeObservation)
}

/// What there is to know of a whole node.
public enum NodeObservation: Sendable {
    /// Of the control plane.
    case control(ControlObservation)
    /// Of a request shard.
    case shard(ShardObservation)
    /// Bytes of a peer are no message; they count as no answer.
    case unreadable(String)
    /// The node's own files could not be written; the next change tries again.
    case notWritten(String)
}
