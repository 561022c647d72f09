import Coordinator
import Testing

/// One put beside a plainly correct account of it.
struct PutRun {
    /// What can happen to it.
    enum Event: Hashable {
        case answer(Int)
        case fail(Int)
        case patience
        case deadline
    }

    let world: World
    let required: QuorumRequirement
    let own: Int
    /// Whether the copies of a position are on disk when it acknowledges.
    let durable: PositionSet
    private var coordination: PutCoordination
    private var sent: Set<Int> = []
    private var acknowledged: Set<Int> = []
    private var failed: Set<Int> = []
    private var standIns: [Int: Int] = [:]
    private var events: [Event] = []
    private var reply: PutOutcome?
    private(set) var isFinished = false
    private var isPrepared = false
    private var isImpatient = false

    init(world: World, required: QuorumRequirement, own: Int, durable: PositionSet) {
        self.world = world
        self.required = required
        self.own = own
        self.durable = durable
        coordination = PutCoordination(map: world.map, requirement: required, isSloppy: world.isSloppy, own: own)
    }

    private var outstanding: Set<Int> { sent.subtracting(acknowledged).subtracting(failed) }
    private var replicas: Set<Int> { Set(world.map.replicas) }
    private var owners: Set<Int> { Set(world.map.owners) }
    private var reachable: Set<Int> { Set(world.map.reachable) }

    var enabled: [Event] {
        guard !isFinished else { return [] }
        return outstanding.sorted().flatMap { [.answer($0), .fail($0)] } + (isImpatient ? [] : [.patience]) + [
            .deadline
        ]
    }

    /// Begins, and lets the store make the object.
    mutating func begin() {
        let step = coordination.begin()
        let silent = replicas.subtracting(reachable).sorted()
        let helpers = world.isSloppy ? reachable.intersection(world.fallbacks).count : 0
        let represented = replicas.intersection(reachable).union(silent.prefix(helpers))
        guard
            represented.intersection(owners).count >= required.owners,
            represented.intersection(world.map.holders).count >= required.holders,
            owners.intersection(reachable).count >= required.primaries, represented.count >= required.durable
        else {
            guard case .unavailable(let required, let available, .notApplied)? = step.reply else {
                Issue.record("\(self): nothing can come of it, but \(step)")
                return
            }
            #expect(available < required, "\(self)")
            #expect(step == PutStep(reply: step.reply, isFinished: true), "\(self): refused at once")
            isFinished = true
            return
        }
        #expect(step == PutStep(), "\(self)")
        sent = [own]
        isPrepared = true
        let prepared = coordination.prepared()
        let wanted = replicas.intersection(reachable).subtracting([own])
        #expect(Set(prepared.send) == wanted, "\(self): it goes to all the others that can be reached")
        sent.formUnion(wanted)
        failed = replicas.subtracting(reachable).subtracting([own])
        check(prepared, standInsFor: failed.sorted(), isDeadline: false)
    }

    mutating func apply(_ event: Event) {
        events.append(event)
        switch event {
        case .answer(let position):
            let step = coordination.acknowledge(position, isDurable: durable.contains(position))
            acknowledged.insert(position)
            check(step, standInsFor: [], isDeadline: false)
        case .fail(let position):
            let step = coordination.fail(position)
            failed.insert(position)
            var replica = position
            if let represented = standIns.first(where: { $0.value == position })?.key {
                standIns[represented] = nil
                replica = represented
            }
            check(step, standInsFor: [replica], isDeadline: false)
        case .patience:
            let step = coordination.losePatience()
            isImpatient = true
            check(step, standInsFor: reply == nil ? outstanding.sorted() : [], isDeadline: false)
        case .deadline:
            let step = coordination.expire()
            failed.formUnion(outstanding)
            check(step, standInsFor: [], isDeadline: true)
        }
    }

    private mutating func check(_ step: PutStep, standInsFor missing: [Int], isDeadline: Bool) {
        #expect(Set(step.sendToFallbacks) == chooseStandIns(for: missing), "\(self)")
        var expected: PutOutcome?
        if reply == nil {
            if let (required, available) = shortfall {
                if isDeadline {
                    expected = .timeout(required: required, available: available)
                } else if outstanding.isEmpty {
                    expected = .unavailable(required: required, available: available, .unknown)
                }
            } else {
                expected = .written
                #expect(acknowledged.count >= required.owners, "\(self): as many copies as were asked for")
            }
        }
        #expect(step.reply == expected, "\(self)")
        reply = reply ?? step.reply
        let ends = isDeadline || (reply != nil && outstanding.isEmpty)
        #expect(step.isFinished == ends, "\(self)")
        isFinished = ends
        guard ends else {
            #expect(step.hint.isEmpty, "\(self)")
            return
        }
        #expect(reply != nil, "\(self): no answer by the deadline")
        #expect(replicas.isSuperset(of: step.hint) && acknowledged.isDisjoint(with: step.hint), "\(self)")
        for replica in replicas where replica != own && owners.contains(own) {
            let isStoodInFor = standIns[replica].map { acknowledged.contains($0) } ?? false
            #expect(
                step.hint.contains(replica) != (acknowledged.contains(replica) || isStoodInFor),
                "\(self): an owner or holder without the object has a hint or a stand-in")
        }
    }

    /// Each in the place of one replica: the coordinator if it is free to, then the next fallback that can be reached.
    private mutating func chooseStandIns(for missing: [Int]) -> Set<Int> {
        var chosen: Set<Int> = []
        guard world.isSloppy else { return [] }
        for replica in missing where replicas.contains(replica) && replica != own && standIns[replica] == nil {
            guard !acknowledged.contains(replica) else { continue }
            if !replicas.contains(own), !failed.contains(own), !standIns.values.contains(own) {
                standIns[replica] = own
            } else if let next = reachable.intersection(world.fallbacks).subtracting(sent).min() {
                standIns[replica] = next
                sent.insert(next)
                chosen.insert(next)
            }
        }
        return chosen
    }

    private var shortfall: (Int, Int)? {
        let standing = acknowledged.union(standIns.filter { acknowledged.contains($0.value) }.keys)
        let counts = [
            (required.owners, standing.intersection(owners).count),
            (required.holders, standing.intersection(world.map.holders).count),
            (required.primaries, acknowledged.intersection(owners).count),
            (required.durable, acknowledged.intersection(durable).count),
        ]
        return counts.first { $0.0 > $0.1 }
    }
}

extension PutRun: CustomStringConvertible {
    var description: String {
        "\(world); coordinator \(own); W \(required.owners) of owners and \(required.holders) of holders, "
            + "PW \(required.primaries), DW \(required.durable), durable \(durable); \(events)"
    }
}
