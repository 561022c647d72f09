import Causality
import Coordinator
import Hashing
public import Machine
import Ring
import Storage

/// The requests of one event loop: it serves clients as gateway and as coordinator, and other nodes as replica.
///
/// A request is one piece of work in one table. Its machine (``GetCoordination``, ``PutCoordination``) thinks in positions;
/// the shard knows which node stands at a position, asks it or the local store, and brings the answer back. Nothing here
/// waits, and nothing is shared with other shards but the immutable view.
///
/// | table | work | ends |
/// |---|---|---|
/// | gets | reads that this node answers | when every asked replica has answered, at the latest at the deadline |
/// | puts | writes that this node coordinates | likewise |
/// | forwards | writes that another node coordinates for this one's clients | with its answer, at the latest at the deadline |
/// | replicas | reads and stores for other nodes | when the local store has answered |
///
/// Where a replica disagrees about the partition (`wrongEpoch`), the work is marked, the control plane compares
/// memberships, and the work begins again when another view comes, under its first deadline.
public struct RequestShard: StateMachine {
    let configuration: ShardConfiguration
    var view: ClusterView
    var down = DownNodes()
    /// How long reads wait for those whom they asked before they ask the others.
    var hedge: HedgeDelay
    var gets: WorkTable<GetWork>
    var puts: WorkTable<PutWork>
    var forwards: WorkTable<ForwardWork>
    var replicas: SlotTable<ReplicaWork>

    /// A shard that sees the cluster as `view`.
    public init(configuration: ShardConfiguration, view: ClusterView) {
        self.configuration = configuration
        self.view = view
        hedge = HedgeDelay(within: configuration.hedgeDelay)
        gets = WorkTable(capacity: configuration.requestLimit)
        puts = WorkTable(capacity: configuration.requestLimit)
        forwards = WorkTable(capacity: configuration.requestLimit)
        replicas = SlotTable(capacity: min(configuration.replicaLimit, CallID.slotLimit))
    }

    /// Pieces of work in hand.
    public var workCount: Int { gets.count + puts.count + forwards.count + replicas.count }

    /// The earliest deadline of all work; O(1).
    public var nextDeadline: Instant? {
        var next = gets.nextAlarm
        if let alarm = puts.nextAlarm, next.map({ alarm < $0 }) ?? true {
            next = alarm
        }
        if let alarm = forwards.nextAlarm, next.map({ alarm < $0 }) ?? true {
            next = alarm
        }
        return next
    }

    /// Takes one event; O(replicas), but for a lost node or another view: O(work).
    public mutating func receive(
        _ event: consuming ShardEvent, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch consume event {
        case .request(let request, let caller):
            begin(request, from: caller, at: now, into: &effects)
        case .asked(let request, let caller):
            serve(request, for: caller, at: now, into: &effects)
        case .answered(let call, let response):
            answered(call, response, at: now, into: &effects)
        case .notSent(let call):
            failed(call, wasSent: false, at: now, into: &effects)
        case .reached(let node):
            down.remove(node)
        case .lost(let node):
            lost(node, at: now, into: &effects)
        case .loaded(let call, let result):
            loaded(call, result, at: now, into: &effects)
        case .prepared(let call, let operation):
            prepared(call, operation, at: now, into: &effects)
        case .committed(let call, let failure):
            committed(call, failure, at: now, into: &effects)
        case .viewChanged(let view):
            change(to: view, at: now, into: &effects)
        }
    }

    /// Ends what has reached its deadline, hedges reads that take long, and looks for fallbacks where replicas are silent.
    public mutating func expire(at now: Instant, into effects: inout Effects<ShardEffect>) {
        while let slot = gets.popAlarm(at: now) {
            expireGet(slot, at: now, into: &effects)
        }
        while let slot = puts.popAlarm(at: now) {
            expirePut(slot, at: now, into: &effects)
        }
        while let slot = forwards.popAlarm(at: now) {
            expireForward(slot, at: now, into: &effects)
        }
    }

    /// When work that met another view is tried again if no other view comes before: after as long again as it has taken so
    /// far, so that a disagreement that lasts costs each request a handful of tries.
    func retryTime(of began: Instant, before deadline: Instant, now: Instant) -> Instant {
        min(deadline, now.advanced(byNanoseconds: max(configuration.retryDelay, began.nanoseconds(to: now))))
    }

    /// A request from a client, or a write that another node forwards.
    private mutating func begin(
        _ request: Request, from caller: Caller, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        guard (1...RequestLimits.keyBytes).contains(request.key.readableBytes) else {
            let failure: RequestFailure =
                request.key.readableBytes == 0
                ? .invalid("a key has at least one byte") : .tooLarge(limit: RequestLimits.keyBytes)
            effects.emit(.reply(.failed(failure), to: caller))
            return
        }
        let timeout = min(max(request.options.timeout ?? configuration.timeout, 1_000_000), configuration.timeoutLimit)
        let deadline = now.advanced(byNanoseconds: timeout)
        switch request {
        case .get(let get):
            beginGet(get, from: caller, began: now, deadline: deadline, at: now, into: &effects)
        case .put(let put):
            beginPut(put, from: caller, began: now, deadline: deadline, at: now, into: &effects)
        }
    }

    private mutating func answered(
        _ call: CallID, _ response: ReplicaResponse, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch call.table {
        case .gets: getAnswered(call, response, at: now, into: &effects)
        case .puts: putAnswered(call, response, at: now, into: &effects)
        case .forwards: forwardAnswered(call, response, at: now, into: &effects)
        case .replicas, nil: break
        }
    }

    private mutating func failed(
        _ call: CallID, wasSent: Bool, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch call.table {
        case .gets: getFailed(call.slot, call.position, at: now, into: &effects)
        case .puts: putFailed(call.slot, call.position, at: now, into: &effects)
        case .forwards: forwardFailed(call.slot, call.position, wasSent: wasSent, at: now, into: &effects)
        case .replicas, nil: break
        }
    }

    private mutating func loaded(
        _ call: CallID, _ result: Result<Object?, StorageFailure>, at now: Instant,
        into effects: inout Effects<ShardEffect>
    ) {
        switch call.table {
        case .gets:
            switch result {
            case .success(let object): getReceived(call, object, at: now, into: &effects)
            case .failure: getFailed(call.slot, call.position, at: now, into: &effects)
            }
        case .replicas:
            replicaLoaded(call.slot, result, into: &effects)
        case .puts, .forwards, nil:
            break
        }
    }

    private mutating func prepared(
        _ call: CallID, _ operation: PreparedOperation, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        if case .marked(let range) = operation {
            effects.emit(.leftOver(.range(range)))
            return
        }
        switch call.table {
        case .puts: putPrepared(call, operation, at: now, into: &effects)
        case .replicas: replicaPrepared(call.slot, operation, into: &effects)
        case .gets:
            if case .refused = operation {
                getRefused(call, at: now, into: &effects)
            }
        case .forwards, nil: break
        }
    }

    private mutating func committed(
        _ call: CallID, _ failure: StorageFailure?, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch call.table {
        case .puts: putCommitted(call, failure, at: now, into: &effects)
        case .replicas: replicaCommitted(call.slot, failure, into: &effects)
        case .gets: getCommitted(call, failure, at: now, into: &effects)
        case .forwards, nil: break
        }
    }

    /// The connection to a node is gone: everything that it owes an answer for has failed, and it is passed over until it is
    /// heard of again.
    private mutating func lost(_ node: NodeID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        down.insert(node)
        abandon({ $0.position(of: node).map { [$0] } ?? [] }, at: now, into: &effects)
    }

    private mutating func change(
        to view: ClusterView, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        self.view = view
        down = DownNodes()
        beginAgain(at: now, into: &effects)
        // Whoever cannot be reached any more is not waited for.
        abandon(
            { plan in
                (plan.map.replicas | plan.map.fallbacks).filter { position in
                    guard let index = view.ring.index(of: plan.node(at: position)) else { return true }
                    return !view.isReachable(index)
                }
            }, at: now, into: &effects)
    }

    /// Work that met a node with another view begins anew under this one.
    private mutating func beginAgain(at now: Instant, into effects: inout Effects<ShardEffect>) {
        for slot in gets.ids where gets[slot]?.isStale ?? false {
            beginGetAgain(slot, at: now, into: &effects)
        }
        for slot in puts.ids where puts[slot]?.isStale ?? false {
            beginPutAgain(slot, at: now, into: &effects)
        }
        for slot in forwards.ids where forwards[slot]?.isStale ?? false {
            beginForwardAgain(slot, at: now, into: &effects)
        }
    }

    private mutating func abandon(
        _ positions: (ReplicaPlan) -> [Int], at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        for slot in gets.ids {
            guard let plan = gets[slot]?.plan else { continue }
            for position in positions(plan) {
                getFailed(slot, position, at: now, into: &effects)
            }
        }
        for slot in puts.ids {
            guard let work = puts[slot] else { continue }
            for position in positions(work.plan) where position != work.own {
                putFailed(slot, position, at: now, into: &effects)
            }
        }
        for slot in forwards.ids {
            guard let work = forwards[slot], positions(work.plan).contains(work.current) else { continue }
            forwardFailed(slot, work.current, wasSent: true, at: now, into: &effects)
        }
    }
}
