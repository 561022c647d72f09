public import Gossip
public import Handoff
public import Machine
public import Ring
public import Wire

/// A question of another node's control plane to this one, in the shell's own words: handed back with the answer.
public struct ControlCaller: Hashable, Sendable {
    /// The connection that it came over.
    public let connection: UInt32
    /// The peer's number for the call.
    public let requestID: UInt64

    /// A caller of these parts.
    public init(connection: UInt32, requestID: UInt64) {
        self.connection = connection
        self.requestID = requestID
    }
}

/// Names a wish of one of the control plane's machines, so that the answer finds its way.
public struct ControlTicket: Hashable, Sendable {
    /// Which of the machines.
    public enum Origin: Hashable, Sendable {
        /// Pulls what this node should own.
        case acquisition
        /// Delivers hints.
        case hints
        /// Sends home what this node does not own.
        case homecoming
        /// Serves another node.
        case caller(ControlCaller, NodeID)
    }

    /// Which of the machines.
    public let origin: Origin
    /// The machine's own name for it.
    public let ticket: HandoffTicket

    /// A ticket of these parts.
    public init(origin: Origin, ticket: HandoffTicket) {
        self.origin = origin
        self.ticket = ticket
    }
}

/// What happens to a control plane.
public enum ControlEvent: Sendable {
    /// Take part in the gossip, starting from these addresses and from the members that are known.
    case start(seeds: [GossipAddress])
    /// A datagram came.
    case datagram(GossipDatagram, from: GossipAddress)
    /// A peer's gossip wants a push-pull.
    case pushPullRequested(GossipState, PushPullID)
    /// A peer's gossip has answered one of ours.
    case pushPullAnswered(GossipState)
    /// An incarnation is on disk.
    case incarnationPersisted(UInt64)
    /// An incarnation may not be on disk.
    case incarnationNotPersisted(UInt64)
    /// The membership of the last ``ControlEffect/persistMembership(_:isTold:)`` is on disk.
    case membershipPersisted
    /// The membership of the last ``ControlEffect/persistMembership(_:isTold:)`` may not be on disk.
    case membershipNotPersisted
    /// A node has sent its membership, and waits for ours.
    case exchangeRequested(MembershipExchange, ControlCaller)
    /// A node has answered with its membership.
    case exchangeAnswered(MembershipExchange, from: NodeID)
    /// A node could not be asked for its membership.
    case exchangeFailed(with: NodeID)
    /// A shard met a node that sees a partition differently.
    case synchronise(with: NodeID)
    /// Every shard goes by the ring of this epoch, and what they accepted before is in the store's queue.
    case viewAdopted(RingEpoch)
    /// A shard has stored what is to go elsewhere.
    case leftOver(LeftOver)
    /// What the store had when the node started.
    case inventory(StoreInventory)
    /// A node asks about whole partitions.
    case handoffRequested(HandoffRequest, from: NodeID, ControlCaller)
    /// A node has answered about whole partitions; `byteCount` is the size of the answer.
    case handoffAnswered(ControlTicket, HandoffResponse, byteCount: Int)
    /// A node could not be asked about whole partitions.
    case handoffFailed(ControlTicket)
    /// The store has done what ``ControlEffect/storage(_:_:)`` asked for.
    case stored(ControlTicket, StorageAnswer)
    /// Foreground work comes first; or no more.
    case pause(Bool)
}

/// What a control plane wants.
public enum ControlEffect: Sendable {
    /// Send a datagram; it may be lost.
    case send(GossipDatagram, to: GossipAddress)
    /// Carry the gossip's state to an address, and bring the peer's back.
    case pushPull(GossipState, to: GossipAddress)
    /// Answer a peer's push-pull.
    case answerPushPull(PushPullID, GossipState)
    /// Refuse a peer's push-pull.
    case refusePushPull(PushPullID, GossipRefusal)
    /// Write down the node's incarnation, and say whether it is on disk.
    case persistIncarnation(UInt64)
    /// Write down the membership, and whether a peer has heard this node's own word of this start, and say whether it is
    /// on disk; one at a time.
    case persistMembership(Membership, isTold: Bool)
    /// Make dots as this actor from now on.
    case takeActor(NodeID)
    /// Coordinate writes from now on: as far as can be known the node has not gone back in time, or it has another actor.
    case acceptWrites
    /// Send the membership to a node, and bring its own back.
    case exchange(MembershipExchange, with: NodeID)
    /// Answer a node's membership with ours.
    case answerExchange(MembershipExchange, ControlCaller)
    /// Let every shard go by this view, then say that they do.
    case publish(ClusterView)
    /// Ask a node about whole partitions.
    case handoff(HandoffRequest, to: NodeID, ControlTicket)
    /// Answer a node about whole partitions.
    case answerHandoff(HandoffResponse, ControlCaller)
    /// Let the store do something, behind everything that it was asked for before.
    case storage(StorageTask, ControlTicket)
    /// Something to know: for logs and metrics.
    case observe(ControlObservation)
}

/// What there is to know of a control plane.
public enum ControlObservation: Sendable {
    /// What the gossip has to tell.
    case gossip(GossipObservation)
    /// This node serves its share now.
    case up
    /// These partitions are complete here.
    case acquired(partitions: Int)
    /// These partitions are in their owners' hands.
    case relinquished(partitions: Int)
    /// The ring has changed: how many members it has.
    case ringChanged(epoch: RingEpoch, members: Int)
    /// A node of another cluster of this name, or with other numbers of partitions or replicas, sent its membership.
    case foreignExchange(RingConfiguration)
    /// Somebody knows a later word of this node than it does itself: its disk has gone back in time, or another node runs
    /// on a copy of it. It makes dots as another actor now, and pulls everything again.
    case wentBackInTime
    /// The node's own files could not be written; it tries again.
    case notPersisted
}
