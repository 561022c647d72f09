public import Causality
public import Coordinator
public import Machine
public import Storage

/// Who asked for something at this node, in the shell's own words: handed back with the answer.
public enum Caller: Hashable, Sendable {
    /// A client, through a door of this node: HTTP, or the process that it is part of.
    case client(UInt64)
    /// A node, or a client that speaks the nodes' protocol, over a connection that it opened, under its number for the call.
    case peer(connection: UInt32, requestID: UInt64)
}

/// What happens to a request shard.
public enum ShardEvent: Sendable {
    /// Somebody wants a request served, wherever the key lives.
    case request(Request, from: Caller)
    /// A node asks this one as a replica.
    case asked(ReplicaRequest, from: Caller)
    /// The answer to a ``ShardEffect/send(_:to:call:)``.
    case answered(CallID, ReplicaResponse)
    /// A question could not be sent: certainly nothing came of it.
    case notSent(CallID)
    /// The connection to a node is open (again).
    case reached(NodeID)
    /// The connection to a node was lost, and with it all answers that were due.
    case lost(NodeID)
    /// The answer to a ``ShardEffect/load(_:token:key:)``.
    case loaded(CallID, Result<Object?, StorageFailure>)
    /// The store has an operation in its batch, or has refused it.
    case prepared(CallID, PreparedOperation)
    /// The batch with an operation is stored, as durably as the node is set to; or that failed.
    case committed(CallID, StorageFailure?)
    /// Another ring, or other members that can be reached.
    case viewChanged(ClusterView)
}

/// What a request shard wants.
public enum ShardEffect: Sendable {
    /// Answer a request.
    case reply(Response, to: Caller)
    /// Answer a node that asked this one as a replica.
    case answer(ReplicaResponse, to: Caller)
    /// Ask a node.
    case send(ReplicaRequest, to: NodeID, call: CallID)
    /// Read the local copy.
    case load(CallID, token: UInt64, key: ByteBuffer)
    /// Let the store do something; it tells twice, as ``ShardEvent/prepared(_:_:)`` and ``ShardEvent/committed(_:_:)``.
    case store(CallID, StoreOperation)
    /// Compare memberships with this node: one of the two is behind.
    case synchronise(with: NodeID)
    /// Something was stored here that is not at home here, or an owner was left a hint.
    case leftOver(LeftOver)
    /// Something to count.
    case observe(ShardObservation)
}

/// What waits here to go elsewhere.
public enum LeftOver: Hashable, Sendable {
    /// A copy in a partition that this node does not own.
    case stray(token: UInt64)
    /// A hint for an owner.
    case hint(NodeID)
    /// A mark on a range that an owner lacks.
    case range(MarkedRange)
}

/// What there is to count in a shard.
public enum ShardObservation: Hashable, Sendable {
    /// A read had an answer, after so many nanoseconds.
    case readAnswered(nanoseconds: Int64)
    /// A write had an answer, after so many nanoseconds.
    case writeAnswered(nanoseconds: Int64)
    /// A request failed.
    case failed(RequestFailure)
    /// A read found so many stale replicas, and sent them what they lacked.
    case repaired(replicas: Int)
    /// A strict read waits until so many replicas more have what it is to answer.
    case wroteBack(replicas: Int)
    /// A read took longer than most, and asked all the others too.
    case hedged
    /// A fallback stood in for an owner.
    case stoodIn
    /// An owner has not acknowledged the write of this dot, and a hint is kept for it.
    case hinted(owner: NodeID, key: ByteBuffer, dot: Dot)
    /// A replica and this node disagreed about a partition.
    case disagreed
}
