import Causality
import Coordinator
import Gossip
import Handoff
public import Machine
public import Ring
public import Storage
public import Wire

/// A whole node without a thread: a control plane, request shards and an object store tied together.
///
/// The machines and codecs are those that run in production. What the production shell does on threads is done here in one
/// order that depends on nothing but the events, so that a simulator or a test can replay a run:
///
/// ```
///   network ──► frames, datagrams ──► control plane ◄──── views, left-overs ────► shards ◄── requests ── clients
///                                          │                                        │
///                                          └──────► tasks ──► store ◄── operations ─┘
///                                                               ▲
///                                                            commit()
/// ```
/// - Effects of one event are carried out before the next: those within the node as further events, first come, first
///   served; those outward through `effects`.
/// - An operation joins the store's batch at once, and is told as stored by ``commit(at:into:)``. A harness that drops the
///   node before that has crashed it before the sync.
/// - Reads for whole partitions are done by ``commit(at:into:)`` as well, behind everything that was asked for before.
///
/// Used by one thread at a time. It reads no clock: `now` comes with each event, and ``wall`` is set beside it.
public final class Node: StateMachine {
    /// Who the node is.
    public let id: NodeID
    /// Wall time in milliseconds since 1970, as far as the harness lets the node know it: for timestamps and expiry.
    public var wall: UInt64 = 0

    let configuration: NodeConfiguration
    let identity: IdentityFile
    let membershipFile: MembershipFile
    let engine: any StorageEngine
    let store: ObjectStore
    var control: ControlPlane
    var controlEffects = Effects<ControlEffect>()
    var shards: [RequestShard]
    var shardEffects = Effects<ShardEffect>()
    /// Events within the node that have not had their turn, and those that have it now.
    var inbox = Effects<InnerEvent>()
    var turns = Effects<InnerEvent>(capacity: 1)
    /// What the next commit will tell, in the order in which it was asked for.
    var uncommitted: [Uncommitted] = []
    var calls = WorkTable<ControlCall>(capacity: Node.callLimit)
    var pushPulls = SlotTable<ControlCaller>(capacity: Node.callLimit)

    /// The most questions of the control plane in flight, and the most push-pulls of others in work.
    static let callLimit = 1 << 14

    /// An event from one part of the node to another.
    enum InnerEvent {
        case shard(Int, ShardEvent)
        case control(ControlEvent)
    }

    /// Something that waits for the commit.
    enum Uncommitted {
        case operation(shard: Int, CallID)
        case task(StorageTask, ControlTicket, isRefused: Bool)
    }

    /// The node at home in a directory, on the engine that has its objects.
    public init(
        home: NodeHome, engine: any StorageEngine, configuration: NodeConfiguration, seed: UInt64
    ) throws(StorageFailure) {
        let identity = home.identity.identity
        let ring = configuration.control.ring
        id = identity.node
        self.configuration = configuration
        self.identity = home.identity
        self.engine = engine
        membershipFile = home.membershipFile
        store = try ObjectStore(
            engine: engine, identity: home.identity,
            configuration: ObjectStore.Configuration(
                durability: configuration.durability, limits: configuration.limits, hintLimit: configuration.hintLimit,
                partitionShift: UInt64(64 - ring.partitionBits),
                holdsBackWrites: true))
        control = ControlPlane(
            own: identity.node, membership: home.membership,
            restoredIncarnation: PlantedBug.incarnationIsForgotten.isPlanted ? 0 : identity.incarnation,
            configuration: configuration.control, seed: seed)
        let view = control.view
        shards = (0..<max(configuration.shards, 1)).map { _ in
            RequestShard(configuration: configuration.shard, view: view)
        }
        let inventory = try StoreInventory.of(store, ring)
        inbox.emit(.control(.inventory(inventory)))
    }

    // MARK: - What a harness may look at

    /// The view that was published last.
    public var view: ClusterView { control.view }

    /// What a node that is about to join is told, and what others compare theirs with.
    public var exchange: MembershipExchange {
        MembershipExchange(configuration: configuration.control.ring, membership: control.membership)
    }

    /// The newest incarnation of a member that this node has heard of, or has said of itself.
    public func incarnation(of member: NodeID) -> UInt64? { control.incarnation(of: member) }

    /// Reads of the store, as far as it is committed.
    public var reader: ObjectReader { store.reader }

    /// Whether ``commit(at:into:)`` has anything to do.
    public var hasUncommitted: Bool { !uncommitted.isEmpty }

    /// Partitions of which there are copies here that are to go home, or to the other owners.
    public var strayPartitions: PartitionSet { control.strayPartitions }

    /// Owners for whom there are hints here, or ranges to send.
    public var hintedOwners: [NodeID] { control.hintedOwners }

    /// Requests, questions and whole partitions in work; 0 in a node at rest.
    public var workCount: Int {
        shards.reduce(calls.count + uncommitted.count + control.strayPartitions.count + control.hintedOwners.count) {
            $0 + $1.workCount
        }
    }

    /// The earliest deadline of any of the machines.
    public var nextDeadline: Instant? {
        // Asked after every event.
        var earliest = Self.earliest(of: shards)
        if let deadline = control.nextDeadline {
            earliest = min(earliest, deadline)
        }
        if let alarm = calls.nextAlarm {
            earliest = min(earliest, alarm)
        }
        return earliest == .distantFuture ? nil : earliest
    }

    /// Apart, since what is read through a class is copied first, and a shard is large.
    private static func earliest(of shards: [RequestShard]) -> Instant {
        var earliest = Instant.distantFuture
        for index in shards.indices {
            if let deadline = shards[index].nextDeadline {
                earliest = min(earliest, deadline)
            }
        }
        return earliest
    }

    // MARK: - Events

    /// Takes one event, and all that follows from it within the node.
    public func receive(_ event: consuming NodeEvent, at now: Instant, into effects: inout Effects<NodeEffect>) {
        switch consume event {
        case .start(let seeds):
            // Before the inventory, which waits since the node was made.
            control.receive(.start(seeds: seeds), at: now, into: &controlEffects)
            carryOutControl(at: now, into: &effects)
        case .request(let request, let client):
            let index = Int(client % UInt64(shards.count))
            turn(ofShard: index, .request(request, from: .client(client)), at: now, into: &effects)
        case .datagram(let bytes, let address):
            take(bytes, from: address, at: now, into: &effects)
        case .asked(let frame, let node, let connection):
            take(frame, of: node, over: connection, at: now, into: &effects)
        case .answered(let frame, let node, let lane):
            take(answer: frame, of: node, lane: lane, at: now, into: &effects)
        case .pushPullAnswered(let frame):
            takePushPull(answer: frame, into: &effects)
        case .notSent(let frame, _, let lane):
            if lane < shards.count {
                turn(ofShard: lane, .notSent(CallID(rawValue: frame.requestID)), at: now, into: &effects)
            } else if let call = calls.remove(SlotID(rawValue: frame.requestID)) {
                fail(call)
            }
        case .reached(let node):
            for index in shards.indices {
                inbox.emit(.shard(index, .reached(node)))
            }
        case .lost(let node):
            for index in shards.indices {
                inbox.emit(.shard(index, .lost(node)))
            }
            for slot in calls.ids where calls[slot]?.node == node {
                if let call = calls.remove(slot) {
                    fail(call)
                }
            }
        }
        settle(at: now, into: &effects)
    }

    /// Acts on everything that was due at `now` or before, in every machine.
    public func expire(at now: Instant, into effects: inout Effects<NodeEffect>) {
        while let slot = calls.popAlarm(at: now) {
            if let call = calls.remove(slot) {
                fail(call)
            }
        }
        control.expire(at: now, into: &controlEffects)
        carryOutControl(at: now, into: &effects)
        for index in shards.indices {
            shards[index].expire(at: now, into: &shardEffects)
            carryOutShard(index, into: &effects)
        }
        settle(at: now, into: &effects)
    }

    /// Stores what was prepared since the last time as one batch, and tells everyone who waits for it; the failure, where
    /// it may not have been stored.
    @discardableResult
    public func commit(at now: Instant, into effects: inout Effects<NodeEffect>) -> StorageFailure? {
        let waiting = uncommitted
        uncommitted.removeAll(keepingCapacity: true)
        var failure: StorageFailure?
        do throws(StorageFailure) {
            try store.commit()
        } catch {
            failure = error
            for range in store.takeRangesOfLostHints() {
                inbox.emit(.control(.leftOver(.range(range))))
            }
        }
        // Where nothing was read, all are told at once: what follows from one has its turn behind the others all the same.
        let isDirect =
            inbox.isEmpty
            && waiting.allSatisfy {
                if case .operation = $0 { true } else { false }
            }
        for item in waiting {
            switch item {
            case .operation(let shard, let call) where isDirect:
                shards[shard].receive(.committed(call, failure), at: now, into: &shardEffects)
                carryOutShard(shard, into: &effects)
            case .operation(let shard, let call):
                inbox.emit(.shard(shard, .committed(call, failure)))
            case .task(let task, let ticket, let isRefused):
                let answer: StorageAnswer =
                    if task.operations == nil {
                        task.read(from: store.reader, ring: configuration.control.ring)
                    } else {
                        failure == nil && !isRefused || PlantedBug.failedDeliveryIsConfirmed.isPlanted ? .done : .failed
                    }
                inbox.emit(.control(.stored(ticket, answer)))
            }
        }
        settle(at: now, into: &effects)
        return failure
    }

    /// Reclaims space in the log by reading about so many bytes; call it again while there is more to do.
    @discardableResult
    public func compact(budget: Int) throws(StorageFailure) -> CompactionProgress {
        try engine.compactStep(budget: budget)
    }

    /// Makes everything durable and ends the store: a clean stop. The node is not to be used any more.
    public func close() throws(StorageFailure) {
        try store.commit()
        try engine.close()
    }

    // MARK: - Within

    /// Gives an event to a shard: at once, where nothing waits for its turn, since an event is large to keep and to move.
    func turn(
        ofShard index: Int, _ event: consuming ShardEvent, at now: Instant, into effects: inout Effects<NodeEffect>
    ) {
        guard inbox.isEmpty else {
            inbox.emit(.shard(index, event))
            return
        }
        shards[index].receive(event, at: now, into: &shardEffects)
        carryOutShard(index, into: &effects)
    }

    /// Gives every event within the node its turn.
    private func settle(at now: Instant, into effects: inout Effects<NodeEffect>) {
        while !inbox.isEmpty {
            // What follows from these comes behind all of them.
            swap(&inbox, &turns)
            turns.drain { takeTurn($0, at: now, into: &effects) }
        }
    }

    private func takeTurn(
        _ event: consuming InnerEvent, at now: Instant, into effects: inout Effects<NodeEffect>
    ) {
        switch consume event {
        case .shard(let index, let event):
            shards[index].receive(event, at: now, into: &shardEffects)
            carryOutShard(index, into: &effects)
        case .control(let event):
            control.receive(event, at: now, into: &controlEffects)
            carryOutControl(at: now, into: &effects)
        }
    }
}
