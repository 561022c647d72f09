public import Causality
import Machine

/// One get: asks the holders, or as many as it needs, answers at R, merges, and repairs every stale replica that it saw.
///
/// ```
///                      ┌──R answers, R have it────────────────────┐
///  begin ──► waiting ──┴──R answers──► writing back ──R have it───┴──► answered ──all answered, or deadline──► finished
///             │  ▲ │                     │  ▲ │                                                           ▲
///             └──┘ │                     └──┘ └──too few are left, or the deadline──► refused ────────────┤
///                  └──too few are left, or the deadline──► refused ───────────────────────────────────────┘
///   hedge, failure, impatience: others are asked, or sent the answer
/// ```
/// Rules (DESIGN 6):
/// - with ``GetReach/enough(first:)`` the holders that were not asked are a reserve: the failure of one asks the next at
///   once, and a hedge, a silence or a count that is still not reached asks all; no fallback is asked before the reserve is;
/// - a value counts from anyone who was asked; "not found" needs R *holders*, so a fallback that has nothing proves nothing;
/// - owners that do not hold the partition yet are asked only where ``QuorumRequirement`` wants answers of owners as well;
/// - a fallback's empty answer counts beside a value only when no holder is still expected, so it never displaces one;
/// - a replica that cannot be reached, or is silent beyond patience, is stood in for by the next fallback (unless strict);
/// - an answer that comes after the reply still joins the merge and the repair;
/// - where it writes back, what it merged of the answers that were enough is its answer, and it is given only when those who
///   are known to have all of it reach the same counts: they answered with a copy that covers it, or have confirmed that they
///   stored what they were sent (Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", 1995). So
///   where R > N/2 the next such read has it as well. Where the answers agree that takes nothing; tombstones and values that
///   have expired are as good as others; that nobody has anything needs no such care;
/// - who was sent the answer and fails is replaced by the next in reserve, and then by one that was asked and is silent;
///   impatience sends it to all of these.
///
/// A pure machine of words: positions, not nodes; it keeps no timer of its own.
public struct GetCoordination: Sendable {
    var map: ReplicaMap
    private let requirement: QuorumRequirement
    private let isSloppy: Bool
    private let reach: GetReach
    private let writesBack: Bool

    private var asked: PositionSet = []
    /// Those who have answered.
    public private(set) var answered: PositionSet = []
    var failed: PositionSet = []
    /// Those that can be reached and are not asked yet, nor sent the answer.
    var reserve: PositionSet = []
    /// How many have failed for whom no fallback was asked yet.
    private var unreplaced = 0
    private var hasReplied = false

    /// What is written back and then answered: fixed when the answers were enough.
    public internal(set) var answer: Object?
    /// Those who are known to have all of the answer.
    var informed: PositionSet = []
    /// Those who were sent the answer, and have not failed since.
    var sent: PositionSet = []
    /// Something came that the answer does not cover.
    var hasNews = false

    /// Who has answered with which copy; at most as long as `asked`.
    private var copies: [(position: Int, object: Object?)] = []

    /// All copies so far, merged; `nil` while nobody had one.
    public private(set) var merged: Object?

    /// A get over these replicas with these counts; `isSloppy` lets fallbacks stand in.
    ///
    /// - Parameter writesBack: Whether it answers only with what as many replicas are known to have. For strict gets alone:
    ///   what a fallback has says nothing to the next read.
    public init(
        map: ReplicaMap, requirement: QuorumRequirement, isSloppy: Bool, reach: GetReach = .everyHolder,
        writesBack: Bool = false
    ) {
        self.map = map
        self.requirement = requirement
        self.isSloppy = isSloppy
        self.reach = reach
        self.writesBack = writesBack && !isSloppy
    }

    /// Those who were asked, and have neither answered nor failed.
    public var outstanding: PositionSet { asked - answered - failed }

    /// The holders that have not answered, or are not known to have what is written back; where nobody was asked, those that
    /// cannot be reached.
    public var missing: PositionSet {
        map.holders - (asked.isEmpty ? map.reachable : answer == nil ? answered : informed)
    }

    /// Whether the client has its answer.
    public var isAnswered: Bool { hasReplied }

    /// Whether some are not asked yet, but would be with a ``hedge()``.
    public var canHedge: Bool { !hasReplied && answer == nil && !reserve.isEmpty }

    /// Asks every holder that can be reached, and a fallback for each that cannot; or just enough of the holders.
    public mutating func begin() -> GetStep {
        let wanted = requirement.owners > 0 ? map.replicas : map.holders
        let available = wanted & map.reachable
        let standingIn = isSloppy ? (map.fallbacks & map.reachable).count : 0
        let counted = min((available & map.holders).count + standingIn, map.holders.count)
        if let (required, available) = shortfall(counted: counted, owners: (available & map.owners).count) {
            hasReplied = true
            return GetStep(reply: .unavailable(required: required, available: available), isFinished: true)
        }
        failed = wanted - map.reachable
        unreplaced = (failed & map.holders).count
        if case .enough(let first) = reach, requirement.owners == 0, let enough = enough(of: available, first: first) {
            asked = enough
            reserve = available - enough
        } else {
            asked = available
        }
        if reserve.isEmpty {
            _ = standIn(unreplaced)
        }
        return GetStep(ask: asked)
    }

    /// The replicas that were asked take longer than usual: all the others are asked as well, or sent the answer. A no-op
    /// where nobody is left.
    public mutating func hedge() -> GetStep {
        guard !isWritingBack else { return GetStep(writeBack: writeBackToAll()) }
        guard canHedge else { return GetStep() }
        return GetStep(ask: askTheRest())
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
        let behind = compare(object, from: position)
        var step = advance()
        step.writeBack = step.writeBack | behind
        return step
    }

    /// A replica cannot be reached, or has refused.
    public mutating func fail(_ position: Int) -> GetStep {
        guard !isWritingBack else { return failWritingBack(position) }
        guard asked.contains(position), !answered.contains(position), !failed.contains(position) else {
            return GetStep()
        }
        failed.insert(position)
        unreplaced += (map.holders | map.fallbacks).contains(position) ? 1 : 0
        let more = askNext()
        var step = advance()
        step.ask = step.ask | more
        return step
    }

    /// The holders that were asked have been silent for too long: whoever is in reserve is asked, and fallbacks as well. Or
    /// those that were sent the answer have been: it is sent to everyone else.
    public mutating func losePatience() -> GetStep {
        guard !hasReplied else { return GetStep() }
        guard !isWritingBack else { return GetStep(writeBack: writeBackToAll()) }
        let silent = (outstanding & map.holders).count
        return GetStep(ask: askTheRest() | standIn(silent))
    }

    /// The deadline: whoever has not answered by now is not waited for.
    public mutating func expire() -> GetStep {
        failed = failed | outstanding
        var step = GetStep(isFinished: true)
        if !hasReplied {
            hasReplied = true
            step.reply = shortfall.map { .timeout(required: $0.required, available: $0.available) } ?? success
        }
        step.repair = replicasToRepair()
        return step
    }

    /// Names the fallbacks that can be reached, once they are wanted: mostly they are not, and finding them costs.
    public mutating func offer(fallbacks: PositionSet) {
        map.fallbacks = map.fallbacks | fallbacks
        map.reachable = map.reachable | fallbacks
    }

    /// Enough holders for the counts, if all of them answer, or `nil` where there are not more than that.
    private func enough(of available: PositionSet, first: Int?) -> PositionSet? {
        let count = max(requirement.holders, 1)
        guard available.count > count else { return nil }
        var chosen = PositionSet()
        if let first, available.contains(first) {
            chosen.insert(first)
        }
        // Owners stand before all others, so that going through the positions in order takes them first.
        var primaries = (chosen & map.owners).count
        for position in available - chosen {
            let isOwner = map.owners.contains(position)
            guard chosen.count < count || (isOwner && primaries < requirement.primaries) else { break }
            chosen.insert(position)
            primaries += isOwner ? 1 : 0
        }
        return chosen.count < available.count ? chosen : nil
    }

    /// In the place of one that has failed: the next in reserve, or fallbacks where nobody is.
    private mutating func askNext() -> PositionSet {
        guard !hasReplied else { return [] }
        if let next = reserve.popFirst() {
            asked.insert(next)
            return PositionSet(next)
        }
        return standIn(unreplaced)
    }

    /// Everyone in reserve, and a fallback for each that has failed.
    private mutating func askTheRest() -> PositionSet {
        let more = reserve
        asked = asked | more
        reserve = []
        return more | standIn(unreplaced)
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
        unreplaced = max(unreplaced - chosen.count, 0)
        return chosen
    }

    /// Replies where that is possible, and finishes where nobody is waited for.
    mutating func advance() -> GetStep {
        var step = GetStep()
        if writesBack, answer == nil, !hasReplied, shortfall == nil, let merged {
            answer = merged
            let stale = staleReplicas()
            informed = (answered & map.replicas) - stale
            if shortfall != nil {
                step.writeBack = writeBack(to: stale)
            }
        }
        if !hasReplied {
            if let (required, available) = shortfall {
                let isExpectant = !outstanding.isEmpty || !(sent - informed).isEmpty
                if !isExpectant, isWritingBack, !reserve.isEmpty {
                    step.writeBack = step.writeBack | writeBackToAll()
                } else if !isExpectant, !reserve.isEmpty {
                    // Whoever came in the place of one that failed does not count as that one did (PR).
                    step.ask = askTheRest()
                } else if !isExpectant {
                    hasReplied = true
                    step.reply = .unavailable(required: required, available: available)
                }
            } else {
                hasReplied = true
                step.reply = success
            }
        }
        if hasReplied, outstanding.isEmpty {
            step.repair = replicasToRepair()
            step.isFinished = true
        }
        return step
    }

    private var success: GetOutcome { (answer ?? merged).map { .found($0) } ?? .absent }

    /// The answers that count. Without a value those of holders; beside a value, a fallback's own value is as good as a
    /// holder's, and its empty answer is once no holder is to come.
    private var counted: Int {
        let fromHolders = (answered & map.holders).count
        guard merged != nil || PlantedBug.fallbackSaysAbsent.isPlanted else { return fromHolders }
        let isHolderExpected = !(outstanding & map.holders).isEmpty
        return copies.reduce(fromHolders) { count, copy in
            map.fallbacks.contains(copy.position) && (copy.object != nil || !isHolderExpected) ? count + 1 : count
        }
    }

    /// Of answers; and once there are enough and they are written back, of those who have the answer.
    private var shortfall: (required: Int, available: Int)? {
        answer == nil
            ? shortfall(counted: counted, owners: (answered & map.owners).count)
            : shortfall(counted: (informed & map.holders).count, owners: (informed & map.owners).count)
    }

    /// The first count that is not reached, and how far it is; `nil` where all are.
    private func shortfall(counted: Int, owners: Int) -> (required: Int, available: Int)? {
        if counted < requirement.holders {
            return (requirement.holders, counted)
        }
        let required = max(requirement.owners, requirement.primaries)
        return owners < required ? (required, owners) : nil
    }

    /// Owners and holders that answered with less than all of the merged object, and were not sent it.
    private func replicasToRepair() -> PositionSet {
        // Where nothing came behind the answer, it is known who has it.
        answer == nil || hasNews ? staleReplicas() : (answered & map.replicas) - informed - sent
    }

    /// Owners and holders that answered with less than all of the merged object.
    private func staleReplicas() -> PositionSet {
        guard let merged else { return [] }
        var stale = PositionSet()
        for (position, object) in copies where map.replicas.contains(position) {
            if object.map({ !$0.covers(merged) }) ?? true {
                stale.insert(position)
                if PlantedBug.readRepairMendsOne.isPlanted { break }
            }
        }
        return stale
    }
}
