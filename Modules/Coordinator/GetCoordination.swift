public import Causality

/// What a get wants done next; the parts are in the order in which they are to be carried out.
public struct GetStep: Equatable, Sendable {
    /// Replicas to ask for their copy.
    public var ask: PositionSet = []
    /// The client's answer, once.
    public var reply: GetOutcome?
    /// Replicas whose copy is stale: to be sent the merged object.
    public var repair: PositionSet = []
    /// Nothing more is expected: the coordination can be forgotten.
    public var isFinished = false

    /// A step with nothing to do.
    public init(ask: PositionSet = [], reply: GetOutcome? = nil, repair: PositionSet = [], isFinished: Bool = false) {
        self.ask = ask
        self.reply = reply
        self.repair = repair
        self.isFinished = isFinished
    }
}

/// How a get ends for its client.
public enum GetOutcome: Equatable, Sendable {
    /// The merged copies.
    case found(Object)
    /// Enough holders have no copy.
    case absent
    /// Too few replicas can be reached.
    case unavailable(required: Int, available: Int)
    /// The deadline came first.
    case timeout(required: Int, available: Int)
}

/// One get: asks the holders, answers at R, merges, and repairs every stale replica that it saw.
///
/// ```
///  begin ──► waiting ──R answers──► answered ──everyone has answered, or the deadline──► finished
///               │                                                            ▲
///               └──too few are left, or the deadline──► refused ─────────────┘
/// ```
/// Rules (DESIGN 6):
/// - a value counts from anyone who was asked; "not found" needs R *holders*, so a fallback that has nothing proves nothing;
/// - owners that do not hold the partition yet are asked only where ``QuorumRequirement`` wants answers of owners as well;
/// - a fallback's empty answer counts beside a value only when no holder is still expected, so it never displaces one;
/// - a replica that cannot be reached, or is silent beyond patience, is stood in for by the next fallback (unless strict);
/// - an answer that comes after the reply still joins the merge and the repair.
///
/// A pure machine of words: positions, not nodes; it keeps no timer of its own.
public struct GetCoordination: Sendable {
    private var map: ReplicaMap
    private let requirement: QuorumRequirement
    private let isSloppy: Bool

    private var asked: PositionSet = []
    private var answered: PositionSet = []
    private var failed: PositionSet = []
    private var hasReplied = false

    /// Who has answered with which copy; at most as long as `asked`.
    private var copies: [(position: Int, object: Object?)] = []

    /// All copies so far, merged; `nil` while nobody had one.
    public private(set) var merged: Object?

    /// A get over these replicas with these counts; `isSloppy` lets fallbacks stand in.
    public init(map: ReplicaMap, requirement: QuorumRequirement, isSloppy: Bool) {
        self.map = map
        self.requirement = requirement
        self.isSloppy = isSloppy
    }

    private var outstanding: PositionSet { asked - answered - failed }

    /// The holders that have not answered; where nobody was asked, those that cannot be reached.
    public var missing: PositionSet { map.holders - (asked.isEmpty ? map.reachable : answered) }

    /// Whether the client has its answer.
    public var isAnswered: Bool { hasReplied }

    /// Asks every holder that can be reached, and a fallback for each that cannot.
    public mutating func begin() -> GetStep {
        let wanted = requirement.owners > 0 ? map.replicas : map.holders
        failed = wanted - map.reachable
        asked = wanted & map.reachable
        let primaries = (asked & map.owners).count
        let standingIn = isSloppy ? (map.fallbacks & map.reachable).count : 0
        let counted = min((asked & map.holders).count + standingIn, map.holders.count)
        if let (required, available) = shortfall(counted: counted, owners: primaries) {
            hasReplied = true
            asked = []
            return GetStep(reply: .unavailable(required: required, available: available), isFinished: true)
        }
        _ = standIn((failed & map.holders).count)
        return GetStep(ask: asked)
    }

    /// A replica has answered with its copy, or that it has none.
    public mutating func receive(_ object: Object?, from position: Int) -> GetStep {
        guard asked.contains(position), !answered.contains(position) else { return GetStep() }
        failed.remove(position)
        answered.insert(position)
        copies.append((position, object))
        if let object {
            if merged == nil {
                merged = object
            } else {
                merged?.merge(object)
            }
        }
        return advance()
    }

    /// A replica cannot be reached, or has refused.
    public mutating func fail(_ position: Int) -> GetStep {
        guard asked.contains(position), !answered.contains(position), !failed.contains(position) else {
            return GetStep()
        }
        failed.insert(position)
        let more = standIn((map.holders | map.fallbacks).contains(position) ? 1 : 0)
        var step = advance()
        step.ask = step.ask | more
        return step
    }

    /// The holders that were asked have been silent for too long: fallbacks are asked as well.
    public mutating func losePatience() -> GetStep {
        guard !hasReplied else { return GetStep() }
        return GetStep(ask: standIn((outstanding & map.holders).count))
    }

    /// The deadline: whoever has not answered by now is not waited for.
    public mutating func expire() -> GetStep {
        failed = failed | outstanding
        var step = GetStep(isFinished: true)
        if !hasReplied {
            hasReplied = true
            step.reply = shortfall.map { .timeout(required: $0.required, available: $0.available) } ?? success
        }
        step.repair = staleReplicas()
        return step
    }

    /// Names the fallbacks that can be reached, once they are wanted: mostly they are not, and finding them costs.
    public mutating func offer(fallbacks: PositionSet) {
        map.fallbacks = map.fallbacks | fallbacks
        map.reachable = map.reachable | fallbacks
    }

    /// Asks up to `count` fallbacks more.
    private mutating func standIn(_ count: Int) -> PositionSet {
        guard isSloppy, !hasReplied else { return [] }
        var chosen = PositionSet()
        for _ in 0..<count {
            guard let next = ((map.fallbacks & map.reachable) - asked).first else { break }
            asked.insert(next)
            chosen.insert(next)
        }
        return chosen
    }

    /// Replies where that is possible, and finishes where nobody is waited for.
    private mutating func advance() -> GetStep {
        var step = GetStep()
        if !hasReplied {
            if let (required, available) = shortfall {
                if outstanding.isEmpty {
                    hasReplied = true
                    step.reply = .unavailable(required: required, available: available)
                }
            } else {
                hasReplied = true
                step.reply = success
            }
        }
        if hasReplied, outstanding.isEmpty {
            step.repair = staleReplicas()
            step.isFinished = true
        }
        return step
    }

    private var success: GetOutcome { merged.map { .found($0) } ?? .absent }

    /// The answers that count. Without a value those of holders; beside a value, a fallback's own value is as good as a
    /// holder's, and its empty answer is once no holder is to come.
    private var counted: Int {
        let fromHolders = (answered & map.holders).count
        guard merged != nil else { return fromHolders }
        let isHolderExpected = !(outstanding & map.holders).isEmpty
        return copies.reduce(fromHolders) { count, copy in
            map.fallbacks.contains(copy.position) && (copy.object != nil || !isHolderExpected) ? count + 1 : count
        }
    }

    private var shortfall: (required: Int, available: Int)? {
        shortfall(counted: counted, owners: (answered & map.owners).count)
    }

    /// The first count that is not reached, and how far it is; `nil` where all are.
    private func shortfall(counted: Int, owners: Int) -> (required: Int, available: Int)? {
        if counted < requirement.holders {
            return (requirement.holders, counted)
        }
        let required = max(requirement.owners, requirement.primaries)
        return owners < required ? (required, owners) : nil
    }

    /// Owners and holders that answered with less than all of the merged object.
    private func staleReplicas() -> PositionSet {
        guard let merged else { return [] }
        var stale = PositionSet()
        for (position, object) in copies where map.replicas.contains(position) {
            if object.map({ !$0.covers(merged) }) ?? true {
                stale.insert(position)
            }
        }
        return stale
    }
}
