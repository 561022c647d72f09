public import Gossip
public import Handoff
public import Machine
public import Ring
import Wire

/// What a control plane is told at its start.
public struct ControlConfiguration: Sendable {
    /// The cluster's name.
    public var cluster: String
    /// What was fixed at the cluster's birth.
    public var ring: RingConfiguration
    /// The gossip's timing.
    public var gossip = GossipConfiguration()
    /// How this node takes over its share.
    public var acquisition = AcquisitionConfiguration()
    /// How this node delivers hints.
    public var hints = TransferConfiguration(concurrency: 2)
    /// How this node sends home what it does not own.
    public var homecoming = TransferConfiguration()
    /// How many members hear of a change at once; the others hear it from them.
    public var exchangeFanout = 3
    /// How long an exchange of memberships may take.
    public var exchangeTimeout: Duration = .seconds(5)
    /// How long a node that starts waits for a word of others, to hear whether it has gone back in time, before it
    /// coordinates writes without, as another actor. Zero: it waits for nobody, and trusts its disk.
    public var settleTimeout: Duration = .seconds(2)
    /// The least time between two contradictions of what others hold to be this node's word.
    public var contradictionInterval: Duration = .seconds(10)
    /// How long until a file that could not be written is tried again.
    public var persistRetry: Duration = .seconds(1)

    /// A configuration of a cluster.
    public init(cluster: String, ring: RingConfiguration) {
        self.cluster = cluster
        self.ring = ring
    }
}

/// What one node knows of its cluster, and does about it beside requests: gossip, membership, ring, data on its way.
///
/// ```
///   gossip ── who can be reached ──┐
///                                  ├──► view ──► shards
///   membership ──► ring ───────────┘      └────► acquisition, hints, homecoming
///        ▲                                              │
///        └──────────── claim, relinquish, up ───────────┘
/// ```
/// The membership is a CRDT that members exchange: at once with a few when it changes, with whoever shows another digest
/// in a probe, with whoever disagrees about a partition, and with each push-pull. So all see the same in the end, and since
/// the ring is a function of it, all have the same ring.
///
/// Nothing goes by a membership that is not on disk: no shard, no answer to a pull, no other member. A node that forgot what
/// it has said, or whom it has let read its copy, would acknowledge what nobody finds.
public struct ControlPlane: StateMachine, ~Copyable {
    let configuration: ControlConfiguration
    let own: NodeID
    var generator: SeededGenerator
    var gossip: Gossip
    var gossipEffects = Effects<GossipEffect>()
    var acquisition: Acquisition
    var acquisitionEffects = Effects<Acquisition.Effect>()
    var hints: HintDelivery
    var hintEffects = Effects<HintDelivery.Effect>()
    var homecoming: Homecoming
    var homecomingEffects = Effects<Homecoming.Effect>()

    /// Everyone's records as this node knows them, and has them on disk.
    public internal(set) var membership: Membership
    /// The same with what it has heard and said since, which waits for the disk.
    var upcoming: Membership
    /// What is being written down.
    var persisting: (membership: Membership, isTold: Bool)?
    /// Whether a peer has heard this node's own word of this start, and whether the disk knows that.
    var isTold = false
    var isToldOnDisk = false
    /// When a file that could not be written is tried again: the membership, and the incarnation.
    var persistAgainAt: Instant?
    var incarnationToPersist: UInt64?
    /// The view that was published last.
    public internal(set) var view: ClusterView
    /// The same, as the machines for data on its way see it.
    var current: HandoffView
    /// The view that every shard goes by: what another node is served by.
    var adopted: HandoffView
    /// Views that the shards have been told and have not confirmed; a handful at most.
    var published: [HandoffView] = []
    var unreachable: Set<NodeID> = []
    /// Exchanges under way, and when they are given up; as many as there are members.
    var exchanges: [(node: NodeID, deadline: Instant)] = []
    var hasStarted = false
    /// Until when the node waits for a word of others before it coordinates writes; `nil` when it has waited.
    var settlesAt: Instant?
    /// Who has had its say meanwhile; only looked up.
    var heard: Set<NodeID> = []
    /// It has waited, and coordinates when its shards go by what it heard.
    var isSettling = false
    var hasGoneBackInTime = false
    /// What others hold to be this node's word, though it did not say so, and when it may contradict that.
    var foreignWord: Member?
    var contradictsAt = Instant.zero

    /// The control plane of the node `own`, whose record is in `membership`.
    public init(
        own: NodeID, membership: Membership, restoredIncarnation: UInt64, configuration: ControlConfiguration,
        seed: UInt64
    ) {
        self.own = own
        self.configuration = configuration
        self.membership = membership
        upcoming = membership
        var generator = SeededGenerator(seed: seed)
        let record = membership[own]
        guard let address = record.flatMap({ GossipAddress(host: $0.host, port: $0.port) }) else {
            preconditionFailure("the node's own record is not in the membership, or its address is none for gossip")
        }
        gossip = Gossip(
            id: own, address: address,
            cluster: ClusterTag(name: configuration.cluster, birth: configuration.ring.birth),
            restoredIncarnation: restoredIncarnation, configuration: configuration.gossip, seed: generator.next())
        let partitions = configuration.ring.partitions
        acquisition = Acquisition(
            partitionCount: partitions, configuration: configuration.acquisition, seed: generator.next())
        hints = HintDelivery(configuration: configuration.hints, seed: generator.next())
        homecoming = Homecoming(
            partitionCount: partitions, configuration: configuration.homecoming, seed: generator.next())
        let ring = Ring(membership, configuration: configuration.ring)
        view = ClusterView(ring: ring, own: own, unreachable: [])
        current = HandoffView(ring: ring, own: own) { _ in true }
        adopted = current
        self.generator = generator
    }

    /// The node's own record.
    public var ownRecord: Member? { membership[own] }

    /// How far this node is with what it takes over.
    public var acquisitionProgress: Acquisition.Progress { acquisition.progress }

    /// Partitions of which there are copies here that are to go home.
    public var strayPartitions: PartitionSet { homecoming.pending }

    /// Owners for whom hints are kept here.
    public var hintedOwners: [NodeID] { hints.pending }

    /// What the gossip says of a member.
    public func gossipStatus(of node: NodeID) -> GossipMember.Status? {
        gossip.member(node)?.status
    }

    /// The newest incarnation of a member that the gossip has heard of, or has said of this node.
    public func incarnation(of node: NodeID) -> UInt64? {
        node == own ? gossip.own.incarnation : gossip.member(node)?.incarnation
    }

    /// The earliest deadline of all machines here, as the last event left them: it is asked for more often than it changes.
    public private(set) var nextDeadline: Instant?

    private var earliestDeadline: Instant? {
        var earliest = Instant.distantFuture
        func consider(_ deadline: Instant?) {
            if let deadline, deadline < earliest {
                earliest = deadline
            }
        }
        for index in exchanges.indices {
            consider(exchanges[index].deadline)
        }
        consider(gossip.nextDeadline)
        consider(acquisition.nextDeadline)
        consider(hints.nextDeadline)
        consider(homecoming.nextDeadline)
        consider(persistAgainAt)
        consider(settlesAt)
        if foreignWord != nil {
            consider(contradictsAt)
        }
        return earliest == .distantFuture ? nil : earliest
    }

    /// Takes one event; O(partitions × members) where it changes the ring.
    public mutating func receive(
        _ event: consuming ControlEvent, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        defer { nextDeadline = earliestDeadline }
        switch consume event {
        case .start(let seeds):
            start(seeds: seeds, at: now, into: &effects)
        case .datagram(let datagram, let address):
            tell(.received(datagram, from: address), at: now, into: &effects)
        case .pushPullRequested(let state, let id):
            tell(.pushPullRequested(state, id), at: now, into: &effects)
        case .pushPullAnswered(let state):
            tell(.pushPullAnswered(state), at: now, into: &effects)
        case .incarnationPersisted(let incarnation):
            tell(.incarnationPersisted(incarnation), at: now, into: &effects)
        case .incarnationNotPersisted(let incarnation):
            incarnationToPersist = incarnation
            persistLater(at: now, into: &effects)
        case .membershipPersisted:
            membershipPersisted(at: now, into: &effects)
        case .membershipNotPersisted:
            persisting = nil
            persistLater(at: now, into: &effects)
        case .exchangeRequested(let exchange, let caller):
            take(exchange, from: nil, at: now, into: &effects)
            effects.emit(.answerExchange(ownExchange, caller))
        case .exchangeAnswered(let exchange, let node):
            exchanges.removeAll { $0.node == node }
            take(exchange, from: node, at: now, into: &effects)
        case .exchangeFailed(let node):
            exchanges.removeAll { $0.node == node }
        case .synchronise(let node):
            exchange(with: node, at: now, into: &effects)
        case .viewAdopted(let epoch):
            adopt(epoch, at: now, into: &effects)
        case .leftOver(let leftOver):
            note(leftOver, at: now, into: &effects)
        case .inventory(let inventory):
            tellHomecoming(.inventory(inventory.partitions), at: now, into: &effects)
            tellHints(
                .inventory(owners: inventory.hintedOwners, marks: inventory.marks), at: now, into: &effects)
        case .handoffRequested(let request, let node, let caller):
            serve(request, from: node, caller, at: now, into: &effects)
        case .handoffAnswered(let ticket, let response, let byteCount):
            answered(ticket, response, byteCount: byteCount, at: now, into: &effects)
        case .handoffFailed(let ticket):
            failed(ticket, at: now, into: &effects)
        case .stored(let ticket, let answer):
            stored(ticket, answer, at: now, into: &effects)
        case .pause(let isPaused):
            tellHints(isPaused ? .pause : .resume, at: now, into: &effects)
            tellHomecoming(isPaused ? .pause : .resume, at: now, into: &effects)
        }
    }

    /// Lets every machine act on what is due.
    public mutating func expire(at now: Instant, into effects: inout Effects<ControlEffect>) {
        defer { nextDeadline = earliestDeadline }
        exchanges.removeAll { $0.deadline <= now }
        if let again = persistAgainAt, again <= now {
            persistAgain(into: &effects)
        }
        if let end = settlesAt, end <= now {
            settleUnheard(at: now, into: &effects)
        }
        contradictIfDue(at: now, into: &effects)
        gossip.expire(at: now, into: &gossipEffects)
        carryOutGossip(at: now, into: &effects)
        acquisition.expire(at: now, into: &acquisitionEffects)
        carryOutAcquisition(at: now, into: &effects)
        hints.expire(at: now, into: &hintEffects)
        carryOutHints(at: now, into: &effects)
        homecoming.expire(at: now, into: &homecomingEffects)
        carryOutHomecoming(at: now, into: &effects)
    }
}
