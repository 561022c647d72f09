import Causality
import Machine

/// What a put wants done next; the parts are in the order in which they are to be carried out.
public struct PutStep: Hashable, Sendable {
    /// Replicas to send the object to.
    public var send: PositionSet = []
    /// Fallbacks to send it to, each in the place of an owner.
    public var sendToFallbacks: PositionSet = []
    /// Owners and holders for which this node is to keep a durable hint.
    public var hint: PositionSet = []
    /// The client's answer, once.
    public var reply: PutOutcome?
    /// Nothing more is expected: the coordination can be forgotten.
    public var isFinished = false

    /// A step with nothing to do.
    public init(
        send: PositionSet = [], sendToFallbacks: PositionSet = [], hint: PositionSet = [], reply: PutOutcome? = nil,
        isFinished: Bool = false
    ) {
        self.send = send
        self.sendToFallbacks = sendToFallbacks
        self.hint = hint
        self.reply = reply
        self.isFinished = isFinished
    }

    /// Whether there is nothing to do.
    public var isEmpty: Bool {
        send.isEmpty && sendToFallbacks.isEmpty && hint.isEmpty && reply == nil && !isFinished
    }
}

/// How a put ends for its client.
public enum PutOutcome: Hashable, Sendable {
    /// The acknowledgements that were asked for are there.
    case written
    /// Too few replicas can be reached. Before the write was stored anywhere that is certain; later it is not.
    case unavailable(required: Int, available: Int, RequestFailure.Outcome)
    /// The deadline came first; the write may have happened, or may yet.
    case timeout(required: Int, available: Int)
}

/// One put at its coordinator: the local store makes the dot, the others merge the object, and the client has its answer
/// at W.
///
/// ```
///  begin ──► storing here ──prepared──► waiting ──W──► answered ──everyone has answered, or the deadline──► finished
///    │                                     │                                                        ▲
///    └─ too few can be reached: refused    └── too few are left, or the deadline: outcome unknown ──┘
/// ```
/// Rules (DESIGN 6):
/// - an owner that cannot be reached, refuses, or is silent beyond patience is stood in for by the next fallback (unless
///   strict), whose acknowledgement counts in its place, but not towards PW;
/// - every owner or holder that has not acknowledged when the put is forgotten, suspected or not, is left a durable hint here, unless a
///   fallback stands in for it: what a fallback keeps goes home to every owner by itself;
/// - acknowledgements are counted among holders and among owners (see ``QuorumRequirement``).
public struct PutCoordination: Sendable {
    private var map: ReplicaMap
    private let requirement: QuorumRequirement
    private let isSloppy: Bool
    /// Where the coordinator itself stands; a fallback, where no owner could be reached.
    private let own: Int

    private var isPrepared = false
    private var hasReplied = false
    private var sent: PositionSet = []
    private var acknowledged: PositionSet = []
    private var durable: PositionSet = []
    private var failed: PositionSet = []

    /// The owners or holders that are stood in for, and by which fallback, which may be the coordinator; at most one pair
    /// for each replica.
    private var standIns: [(replica: Int, fallback: Int)] = []

    /// A put over these replicas with these counts, coordinated at position `own`.
    public init(map: ReplicaMap, requirement: QuorumRequirement, isSloppy: Bool, own: Int) {
        self.map = map
        self.requirement = requirement
        self.isSloppy = isSloppy
        self.own = own
    }

    private var outstanding: PositionSet { sent - acknowledged - failed }

    /// The owners that have not acknowledged; while there is no object, those that cannot be reached.
    public var missing: PositionSet { map.owners - (isPrepared ? acknowledged : map.reachable) }

    /// Whether the client has its answer.
    public var isAnswered: Bool { hasReplied }

    /// Whether the object exists: before that nothing has been written anywhere.
    public var hasObject: Bool { isPrepared }

    /// Refuses at once what cannot succeed; otherwise the local store is asked to make the dot and the object.
    public mutating func begin() -> PutStep {
        let reachable = map.reachable | PositionSet(own)
        // As many as there will be fallbacks for, in the order in which they will be stood in for.
        var represented = map.replicas & reachable
        var standingIn = isSloppy ? (map.fallbacks & reachable).count : 0
        for position in map.replicas - reachable where standingIn > 0 {
            represented.insert(position)
            standingIn -= 1
        }
        let primaries = (reachable & map.owners).count
        if let (required, available) = shortfall(represented, primaries: primaries, durable: represented.count) {
            hasReplied = true
            return PutStep(
                reply: .unavailable(required: required, available: available, .notApplied), isFinished: true)
        }
        sent.insert(own)
        return PutStep()
    }

    /// The local store has made the object (on disk or not yet): it goes to all the others.
    public mutating func prepared() -> PutStep {
        guard !isPrepared else { return PutStep() }
        isPrepared = true
        var step = PutStep(send: (map.replicas & map.reachable) - PositionSet(own))
        sent = sent | step.send
        failed = map.replicas - map.reachable - PositionSet(own)
        for position in failed {
            step.sendToFallbacks = step.sendToFallbacks | standIn(for: position)
        }
        return merge(step, advance())
    }

    /// Goes on, over these replicas, with a write that the local store has made before: in place of ``begin()`` and
    /// ``prepared()``. Nothing is refused as not applied any more.
    public mutating func resume() -> PutStep {
        sent.insert(own)
        return prepared()
    }

    /// A replica, or the local store, has the object.
    public mutating func acknowledge(_ position: Int, isDurable: Bool) -> PutStep {
        guard sent.contains(position), !acknowledged.contains(position) else { return PutStep() }
        failed.remove(position)
        acknowledged.insert(position)
        if isDurable {
            durable.insert(position)
        }
        return advance()
    }

    /// A replica cannot be reached, or has refused.
    public mutating func fail(_ position: Int) -> PutStep {
        guard sent.contains(position), !acknowledged.contains(position), !failed.contains(position) else {
            return PutStep()
        }
        failed.insert(position)
        // A fallback that fails is itself stood in for, in the place of the same replica.
        let replica = standIns.first { $0.fallback == position }?.replica ?? position
        standIns.removeAll { $0.fallback == position }
        let step = PutStep(sendToFallbacks: standIn(for: replica))
        return merge(step, advance())
    }

    /// Replicas have been silent for too long: fallbacks stand in for them, and whoever answers first counts.
    public mutating func losePatience() -> PutStep {
        guard isPrepared, !hasReplied else { return PutStep() }
        var step = PutStep()
        for position in outstanding & map.replicas {
            step.sendToFallbacks = step.sendToFallbacks | standIn(for: position)
        }
        return merge(step, advance())
    }

    /// The deadline: whoever has not acknowledged by now is not waited for.
    public mutating func expire() -> PutStep {
        failed = failed | outstanding
        var step = PutStep()
        if !hasReplied {
            hasReplied = true
            step.reply = shortfall.map { .timeout(required: $0.required, available: $0.available) } ?? .written
        }
        step.hint = replicasToHint()
        step.isFinished = true
        return step
    }

    /// Names the fallbacks that can be reached, once they are wanted: mostly they are not, and finding them costs.
    public mutating func offer(fallbacks: PositionSet) {
        map.fallbacks = map.fallbacks | fallbacks
        map.reachable = map.reachable | fallbacks
    }

    /// The next fallback takes the place of a replica: first of all the coordinator, where it is one, for it has the object
    /// already.
    private mutating func standIn(for replica: Int) -> PositionSet {
        guard isSloppy, isPrepared, map.replicas.contains(replica), replica != own, !acknowledged.contains(replica),
            !standIns.contains(where: { $0.replica == replica })
        else { return [] }
        if map.fallbacks.contains(own), !failed.contains(own), !standIns.contains(where: { $0.fallback == own }) {
            standIns.append((replica, own))
            return []
        }
        guard let fallback = ((map.fallbacks & map.reachable) - sent).first else { return [] }
        sent.insert(fallback)
        standIns.append((replica, fallback))
        return PositionSet(fallback)
    }

    /// Whom the acknowledgements stand for: themselves, and those whom an acknowledging fallback stands in for.
    private var represented: PositionSet {
        var all = acknowledged
        for (replica, fallback) in standIns where acknowledged.contains(fallback) {
            all.insert(replica)
        }
        return all
    }

    private var shortfall: (required: Int, available: Int)? {
        shortfall(represented, primaries: (acknowledged & map.owners).count, durable: durable.count)
    }

    /// The first count that is not reached, and how far it is; `nil` where all are.
    private func shortfall(
        _ represented: PositionSet, primaries: Int, durable: Int
    ) -> (required: Int, available: Int)? {
        let counts = (owners: (represented & map.owners).count, holders: (represented & map.holders).count)
        if counts.owners < requirement.owners {
            return (requirement.owners, counts.owners)
        }
        if counts.holders < requirement.holders {
            return (requirement.holders, counts.holders)
        }
        if primaries < requirement.primaries {
            return (requirement.primaries, primaries)
        }
        return durable < requirement.durable ? (requirement.durable, durable) : nil
    }

    private mutating func advance() -> PutStep {
        var step = PutStep()
        guard isPrepared || failed.contains(own) else { return step }
        if !hasReplied {
            if let (required, available) = shortfall {
                if outstanding.isEmpty {
                    hasReplied = true
                    step.reply = .unavailable(required: required, available: available, .unknown)
                }
            } else {
                hasReplied = true
                step.reply = .written
            }
        }
        if hasReplied, outstanding.isEmpty {
            step.hint = replicasToHint()
            step.isFinished = true
        }
        return step
    }

    /// Owners without the object for whom nobody stands in, and holders, which may be owners again before they are relieved.
    /// A coordinator that is no owner leaves no hints: its own copy is a stray, and goes home to every owner.
    private func replicasToHint() -> PositionSet {
        guard isPrepared, map.owners.contains(own), !PlantedBug.missedWriteLeavesNoHint.isPlanted else { return [] }
        return map.replicas - represented - PositionSet(own)
    }

    private func merge(_ first: PutStep, _ second: PutStep) -> PutStep {
        PutStep(
            send: first.send | second.send, sendToFallbacks: first.sendToFallbacks | second.sendToFallbacks,
            hint: first.hint | second.hint, reply: first.reply ?? second.reply,
            isFinished: first.isFinished || second.isFinished)
    }
}
