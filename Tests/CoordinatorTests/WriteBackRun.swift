import Causality
import Coordinator
import Testing

/// One get that writes back, beside replicas that really have copies: what it says is held against what they have.
struct WriteBackRun {
    /// What can happen to it.
    enum Event: Hashable {
        case answer(Int)
        case store(Int)
        case fail(Int)
        case hedge
        case patience
        case deadline
    }

    let world: World
    let required: QuorumRequirement
    private var coordination: GetCoordination
    /// What each replica has by now.
    private var copies: [Object?]
    private var toAnswer: Set<Int> = []
    private var toStore: Set<Int> = []
    /// Those that answered with all of the answer, or have stored it.
    private var informed: Set<Int> = []
    private var answered: Set<Int> = []
    /// What the answers were when there were enough.
    private var answer: Object?
    private var merged: Object?
    private var repaired: Set<Int> = []
    private var events: [Event] = []
    private(set) var reply: GetOutcome?
    private(set) var isFinished = false
    private(set) var hasWrittenBack = false
    private var isImpatient = false

    init(world: World, required: QuorumRequirement, copies: [Object?], reach: GetReach) {
        self.world = world
        self.required = required
        self.copies = copies
        coordination = GetCoordination(
            map: world.map, requirement: required, isSloppy: false, reach: reach, writesBack: true)
    }

    /// What can happen next; nothing once all is over.
    var enabled: [Event] {
        guard !isFinished else { return [] }
        return toAnswer.sorted().map { .answer($0) } + toStore.sorted().map { .store($0) }
            + toAnswer.union(toStore).sorted().map { .fail($0) } + (coordination.canHedge ? [.hedge] : [])
            + (isImpatient ? [] : [.patience]) + [.deadline]
    }

    mutating func begin() {
        take(coordination.begin())
    }

    mutating func apply(_ event: Event) {
        events.append(event)
        switch event {
        case .answer(let position):
            toAnswer.remove(position)
            answered.insert(position)
            let copy = copies[position]
            merge(copy, into: &merged)
            note(copy, of: position)
            take(coordination.receive(copy, from: position))
        case .store(let position):
            toStore.remove(position)
            merge(answer, into: &copies[position])
            informed.insert(position)
            take(coordination.repaired(position))
        case .fail(let position):
            toAnswer.remove(position)
            toStore.remove(position)
            take(coordination.fail(position))
        case .hedge:
            take(coordination.hedge())
        case .patience:
            isImpatient = true
            take(coordination.losePatience())
        case .deadline:
            take(coordination.expire())
            #expect(isFinished && reply != nil, "\(self): no answer by the deadline")
        }
    }

    /// The answer is what was merged when the answers were enough, and whoever had all of that then has it.
    private mutating func note(_ copy: Object?, of position: Int) {
        if let answer {
            if covers(copy, answer) { informed.insert(position) }
        } else if reply == nil, isEnough(answered), merged != nil {
            answer = merged
            informed = answered.filter { covers(copies[$0], answer) }
        }
    }

    private mutating func take(_ step: GetStep) {
        #expect(step.ask.isEmpty || answer == nil, "\(self): asks \(step.ask) though it has its answer")
        #expect(step.writeBack.isEmpty || reply == nil, "\(self): writes back what is answered")
        #expect((step.ask | step.writeBack) - world.map.replicas == [], "\(self): a fallback in a strict read")
        toAnswer.formUnion(step.ask)
        toStore.formUnion(step.writeBack)
        repaired.formUnion(step.writeBack)
        hasWrittenBack = hasWrittenBack || !step.writeBack.isEmpty
        if let outcome = step.reply {
            #expect(reply == nil, "\(self): answers twice")
            reply = outcome
            check(outcome)
        } else if reply == nil {
            #expect(answer == nil || !isEnough(informed), "\(self): waits for more than it needs")
        }
        repaired.formUnion(step.repair)
        guard step.isFinished else { return }
        isFinished = true
        #expect(reply != nil, "\(self): ends without an answer")
        for position in answered where world.map.replicas.contains(position) && !covers(copies[position], merged) {
            #expect(repaired.contains(position), "\(self): \(position) is left behind")
        }
    }

    private func check(_ outcome: GetOutcome) {
        switch outcome {
        case .found(let object):
            #expect(object == answer, "\(self): answers \(object)")
            let having = Set((0..<world.count).filter { covers(copies[$0], object) })
            #expect(isEnough(having), "\(self): only \(having.sorted()) have what it answers")
            #expect(isEnough(informed), "\(self): only \(informed.sorted()) are known to have it")
        case .absent:
            #expect(merged == nil && isEnough(answered), "\(self): \(answered.sorted()) say that there is nothing")
        case .unavailable(let required, let available):
            #expect(available < required, "\(self)")
            let awaited = toStore.subtracting(informed)
            #expect(toAnswer.isEmpty && awaited.isEmpty, "\(self): \(toAnswer) and \(awaited) were not waited for")
        case .timeout(let required, let available):
            #expect(available < required, "\(self)")
            #expect(events.last == .deadline, "\(self)")
        }
    }

    private func isEnough(_ positions: Set<Int>) -> Bool {
        positions.intersection(world.map.holders).count >= required.holders
            && positions.intersection(world.map.owners).count >= max(required.owners, required.primaries)
    }

    private func covers(_ copy: Object?, _ object: Object?) -> Bool {
        guard let object else { return true }
        guard var copy else { return false }
        return !copy.merge(object)
    }

    private func merge(_ object: Object?, into copy: inout Object?) {
        guard let object else { return }
        if copy == nil {
            copy = object
        } else {
            copy?.merge(object)
        }
    }
}

extension WriteBackRun: CustomStringConvertible {
    var description: String {
        "\(world); R \(required.holders), owners \(required.owners), PR \(required.primaries); \(events)"
    }
}
