import Causality
import Coordinator
import Testing

/// One get beside a plainly correct account of it: sets, and every rule asked anew after each event.
struct GetRun {
    /// What can happen to it.
    enum Event: Hashable {
        case answer(Int)
        case fail(Int)
        case hedge
        case patience
        case deadline
    }

    let world: World
    let required: QuorumRequirement
    /// The copy at each position.
    let copies: [Object?]
    let reach: GetReach
    private var coordination: GetCoordination
    private var asked: Set<Int> = []
    private var answered: Set<Int> = []
    private var failed: Set<Int> = []
    private var events: [Event] = []
    private var reply: GetOutcome?
    private(set) var isFinished = false
    private var isImpatient = false
    /// Those that can be reached and were not asked at first; kept up by what is asked.
    private var reserve: Set<Int> = []

    init(world: World, required: QuorumRequirement, copies: [Object?], reach: GetReach = .everyHolder) {
        self.world = world
        self.required = required
        self.copies = copies
        self.reach = reach
        coordination = GetCoordination(
            map: world.map, requirement: required, isSloppy: world.isSloppy, reach: reach)
    }

    private var outstanding: Set<Int> { asked.subtracting(answered).subtracting(failed) }

    /// What can happen next; nothing once all is over.
    var enabled: [Event] {
        guard !isFinished else { return [] }
        return outstanding.sorted().flatMap { [.answer($0), .fail($0)] } + (coordination.canHedge ? [.hedge] : [])
            + (isImpatient ? [] : [.patience]) + [.deadline]
    }

    /// Whom to ask at first, of those that can be reached: all, or the shortest part of the order of preference in which
    /// there are enough holders and owners.
    private func first(of reachable: Set<Int>) -> Set<Int> {
        guard case .enough(let own) = reach, required.owners == 0 else { return reachable }
        let order = reachable.sorted { left, right in
            left == own ? right != own : right == own ? false : left < right
        }
        let count = (0...order.count).first { count in
            let owners = order.prefix(count).count { world.map.owners.contains($0) }
            return count >= required.holders && owners >= required.primaries
        }
        return Set(order.prefix(count ?? order.count))
    }

    mutating func begin() {
        let step = coordination.begin()
        let wanted = Set(required.owners > 0 ? world.map.replicas : world.map.holders)
        let reachable = wanted.intersection(world.map.reachable)
        let available = Set(world.fallbacks & world.map.reachable).sorted()
        let silent = Set(world.map.holders).subtracting(reachable).count
        let standIns = world.isSloppy ? Set(available.prefix(silent)) : []
        let counted = reachable.intersection(world.map.holders).count + (world.isSloppy ? available.count : 0)
        let owners = reachable.intersection(world.map.owners).count
        if min(counted, world.map.holders.count) < required.holders || owners < max(required.owners, required.primaries)
        {
            guard case .unavailable(let required, let available)? = step.reply else {
                Issue.record("\(self): nothing can come of it, but \(step)")
                return
            }
            #expect(available < required, "\(self)")
            #expect(step == GetStep(reply: step.reply, isFinished: true), "\(self): refused at once")
            isFinished = true
        } else {
            asked = first(of: reachable)
            reserve = reachable.subtracting(asked)
            if reserve.isEmpty {
                asked.formUnion(standIns)
            }
            #expect(step == GetStep(ask: PositionSet(asked.sorted())), "\(self)")
            #expect(coordination.canHedge == !reserve.isEmpty, "\(self)")
        }
    }

    mutating func apply(_ event: Event) {
        events.append(event)
        let step: GetStep
        switch event {
        case .answer(let position):
            step = coordination.receive(copies[position], from: position)
            answered.insert(position)
        case .fail(let position):
            step = coordination.fail(position)
            failed.insert(position)
        case .hedge:
            step = coordination.hedge()
        case .patience:
            step = coordination.losePatience()
            isImpatient = true
        case .deadline:
            step = coordination.expire()
            failed.formUnion(outstanding)
        }
        check(step, after: event)
    }

    private mutating func check(_ step: GetStep, after event: Event) {
        let newlyAsked = Set(step.ask)
        #expect(newlyAsked.isDisjoint(with: asked), "\(self): asked twice")
        #expect(newlyAsked.isEmpty || reply == nil, "\(self): nobody needs \(newlyAsked)")
        let fallbacks = newlyAsked.subtracting(reserve)
        #expect(fallbacks.isSubset(of: Array(world.fallbacks & world.map.reachable)), "\(self)")
        #expect(fallbacks.isEmpty || world.isSloppy, "\(self): a fallback in a strict read")
        switch event {
        case .hedge, .patience:
            #expect(reply != nil || reserve.isSubset(of: newlyAsked), "\(self): somebody is not asked")
        case .fail where reply == nil && !reserve.isEmpty:
            #expect(!newlyAsked.isEmpty, "\(self): nobody is asked in the place of one that failed")
        case .fail, .answer, .deadline:
            break
        }
        asked.formUnion(newlyAsked)
        reserve.subtract(newlyAsked)
        #expect(fallbacks.isEmpty || reserve.isEmpty, "\(self): a fallback before the reserve")

        var expected: GetOutcome?
        if reply == nil {
            if isAnswerable {
                expected = merged.map { .found($0) } ?? .absent
            } else if case .deadline = event {
                expected = .timeout(required: shortfall.0, available: shortfall.1)
            } else if outstanding.isEmpty {
                #expect(reserve.isEmpty, "\(self): refused with somebody left to ask")
                expected = .unavailable(required: shortfall.0, available: shortfall.1)
            }
        }
        #expect(step.reply == expected, "\(self)")
        reply = reply ?? step.reply
        let ends = event == .deadline || (reply != nil && outstanding.isEmpty)
        #expect(step.isFinished == ends, "\(self)")
        #expect(step.repair == (ends ? PositionSet(stale) : []), "\(self): repairs go to exactly the stale")
        if ends {
            #expect(reply != nil, "\(self): no answer by the deadline")
        }
        isFinished = ends
    }

    private var merged: Object? {
        let found = answered.sorted().compactMap { copies[$0] }
        guard var object = found.first else { return nil }
        for other in found.dropFirst() {
            object.merge(other)
        }
        return object
    }

    private var counted: Int {
        let holders = Set(world.map.holders)
        let isHolderExpected = !holders.isDisjoint(with: outstanding)
        return answered.filter { position in
            if holders.contains(position) { return true }
            guard merged != nil, world.fallbacks.contains(position) else { return false }
            return copies[position] != nil || !isHolderExpected
        }.count
    }

    private var ownersAnswered: Int { answered.intersection(world.map.owners).count }

    private var isAnswerable: Bool {
        counted >= required.holders && ownersAnswered >= required.owners && ownersAnswered >= required.primaries
    }

    private var shortfall: (Int, Int) {
        counted < required.holders
            ? (required.holders, counted) : (max(required.owners, required.primaries), ownersAnswered)
    }

    private var stale: [Int] {
        guard let merged else { return [] }
        return answered.intersection(world.map.replicas).filter { position in
            guard var copy = copies[position] else { return true }
            return copy.merge(merged)
        }.sorted()
    }
}

extension GetRun: CustomStringConvertible {
    var description: String {
        let kinds = copies.map { copy in copy.map { $0.siblings.count == 1 ? "copy" : "siblings" } ?? "none" }
        return "\(world); R \(required.holders), PR \(required.primaries); \(reach); copies \(kinds); \(events)"
    }
}
