import Causality
import Coordinator
import Hashing
import Machine
import Storage

/// A read in work.
struct GetWork {
    let request: GetRequest
    let caller: Caller
    let token: Token
    let began: Instant
    let deadline: Instant
    var plan: ReplicaPlan
    var coordination: GetCoordination
    /// When fallbacks are asked for those who are silent.
    let patienceEnds: Instant
    /// The alarm is for the hedge: holders are in reserve, and nothing has gone wrong yet.
    var awaitsHedge = false
    /// A replica saw the partition differently: the read begins anew with the next view.
    var isStale = false
    /// The local store has refused what was written back to it: its next commit says nothing of it.
    var isRefused = false
}

extension RequestShard {
    mutating func beginGet(
        _ request: GetRequest, from caller: Caller, began: Instant, deadline: Instant, at now: Instant,
        into effects: inout Effects<ShardEffect>
    ) {
        let token = Token(key: request.key)
        let plan = ReplicaPlan(view: view, token: token, down: down)
        let requirement = QuorumRequirement.read(
            request.options.read ?? configuration.read, primaries: request.options.primaryRead, map: plan.map)
        var coordination = GetCoordination(
            map: plan.map, requirement: requirement, isSloppy: request.options.sloppy,
            reach: configuration.isHedging ? .enough(first: plan.ownPosition) : .everyHolder,
            writesBack: !request.options.sloppy && Self.strictReadsWriteBack)
        let step = coordination.begin()
        let patienceEnds = min(deadline, now.advanced(byNanoseconds: configuration.patience))
        let awaitsHedge = coordination.canHedge
        let alarm = awaitsHedge ? min(patienceEnds, now.advanced(byNanoseconds: hedge.delay)) : patienceEnds
        let work = GetWork(
            request: request, caller: caller, token: token, began: began, deadline: deadline, plan: plan,
            coordination: coordination, patienceEnds: patienceEnds, awaitsHedge: awaitsHedge)
        guard let slot = gets.insert(work, alarm: alarm) else {
            fail(.busy(retryAfterMilliseconds: configuration.retryAfterMilliseconds), caller, into: &effects)
            return
        }
        take(step, of: slot, at: now, into: &effects)
    }

    mutating func getAnswered(
        _ call: CallID, _ response: ReplicaResponse, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch response {
        case .copy(let object):
            getReceived(call, object, at: now, into: &effects)
        case .wrongEpoch:
            guard let work = gets[call.slot] else { return }
            effects.emit(.synchronise(with: work.plan.node(at: call.position)))
            disagreed(call.slot, work, at: now, into: &effects)
            // Others may agree with this view, and be enough.
            let step = gets.change(call.slot) { $0.coordination.hedge() }
            take(step, of: call.slot, at: now, into: &effects)
        case .stored:
            getRepaired(call, at: now, into: &effects)
        case .busy, .failed, .coordinated:
            getFailed(call.slot, call.position, at: now, into: &effects)
        }
    }

    private mutating func disagreed(
        _ slot: SlotID, _ work: GetWork, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        effects.emit(.observe(.disagreed))
        gets.change(slot) { work in
            work.isStale = true
            work.awaitsHedge = false
        }
        gets.setAlarm(retryTime(of: work.began, before: work.deadline, now: now), of: slot)
    }

    /// The local store has refused what a strict read wrote back to it.
    mutating func getRefused(_ call: CallID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        gets.change(call.slot) { $0.isRefused = true }
        getFailed(call.slot, call.position, at: now, into: &effects)
    }

    /// The local store has committed what a strict read wrote back to it, or has failed to.
    mutating func getCommitted(
        _ call: CallID, _ failure: StorageFailure?, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = gets[call.slot], !work.isRefused else { return }
        if failure == nil {
            getRepaired(call, at: now, into: &effects)
        } else {
            getFailed(call.slot, call.position, at: now, into: &effects)
        }
    }

    /// A replica, or the local store, has stored what a strict read sent it.
    private mutating func getRepaired(_ call: CallID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        let step = gets.change(call.slot) { $0.coordination.repaired(call.position) }
        take(step, of: call.slot, at: now, into: &effects)
    }

    mutating func getReceived(
        _ call: CallID, _ object: Object?, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        let step = gets.change(call.slot) { $0.coordination.receive(object, from: call.position) }
        take(step, of: call.slot, at: now, into: &effects)
    }

    mutating func getFailed(
        _ slot: SlotID, _ position: Int, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        offerFallbacks(toGet: slot)
        let step = gets.change(slot) { $0.coordination.fail(position) }
        take(step, of: slot, at: now, into: &effects)
    }

    mutating func expireGet(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard let work = gets[slot] else { return }
        guard now < work.deadline, !work.coordination.isAnswered else {
            let step = gets.change(slot) { $0.coordination.expire() }
            take(step, of: slot, at: now, into: &effects)
            return
        }
        guard !work.isStale else {
            beginGetAgain(slot, at: now, into: &effects)
            return
        }
        guard !work.awaitsHedge else {
            gets.change(slot) { $0.awaitsHedge = false }
            gets.setAlarm(work.patienceEnds, of: slot)
            // Else those in reserve have come in the place of others by now.
            if work.coordination.canHedge {
                hedge.saw(
                    inTime: work.coordination.answered.count, late: work.coordination.outstanding.count)
                effects.emit(.observe(.hedged))
                let step = gets.change(slot) { $0.coordination.hedge() }
                take(step, of: slot, at: now, into: &effects)
            }
            return
        }
        gets.setAlarm(work.deadline, of: slot)
        offerFallbacks(toGet: slot)
        let step = gets.change(slot) { $0.coordination.losePatience() }
        take(step, of: slot, at: now, into: &effects)
    }

    mutating func beginGetAgain(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard let work = gets[slot], !work.coordination.isAnswered else {
            gets.change(slot) { $0.isStale = false }
            if let work = gets[slot] {
                gets.setAlarm(work.deadline, of: slot)
            }
            return
        }
        gets.remove(slot)
        beginGet(
            work.request, from: work.caller, began: work.began, deadline: work.deadline, at: now, into: &effects)
    }

    private mutating func offerFallbacks(toGet slot: SlotID) {
        guard let work = gets[slot], !work.coordination.isAnswered, work.plan.fallbacks.isEmpty else { return }
        let down = down
        if let found = gets.change(slot, { $0.plan.addFallbacks(down: down) }) {
            gets.change(slot) { $0.coordination.offer(fallbacks: found) }
        }
    }

    /// Carries a step out: questions, the answer, repairs.
    private mutating func take(
        _ step: GetStep?, of slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        // Work is large to copy.
        guard let step, !step.isEmpty, let work = gets[slot] else { return }
        for position in step.ask {
            let call = CallID(.gets, slot, position: position)
            let node = work.plan.node(at: position)
            if node == view.own {
                effects.emit(.load(call, token: work.token.value, key: work.request.key))
            } else {
                effects.emit(.send(.read(key: work.request.key, view: work.plan.placement), to: node, call: call))
            }
        }
        if let answer = work.coordination.answer, !step.writeBack.isEmpty {
            writeBack(answer, to: step.writeBack, of: slot, work, at: now, into: &effects)
        }
        if let outcome = step.reply {
            if work.awaitsHedge {
                hedge.saw(inTime: work.coordination.answered.count, late: 0)
            }
            let response = response(for: outcome, of: work)
            if case .failed(let failure) = response {
                effects.emit(.observe(.failed(failure)))
            } else {
                effects.emit(.observe(.readAnswered(nanoseconds: work.began.nanoseconds(to: now))))
            }
            effects.emit(.reply(response, to: work.caller))
        }
        if let merged = work.coordination.merged, !step.repair.isEmpty {
            effects.emit(.observe(.repaired(replicas: step.repair.count)))
            for position in step.repair {
                repair(work.request.key, work.token, merged, at: work.plan.node(at: position), into: &effects)
            }
        }
        if step.isFinished {
            gets.remove(slot)
        } else if step.reply != nil {
            // Replicas that are behind are waited for, to repair them, but not for long: one that lags would fill the table
            // with reads that have their answer.
            gets.setAlarm(min(work.deadline, now.advanced(byNanoseconds: configuration.patience)), of: slot)
        }
    }

    /// Sends the answer of a strict read to those that are to have it before the client has. As a write: it counts only where
    /// both ends agree about the partition.
    private mutating func writeBack(
        _ answer: Object, to positions: PositionSet, of slot: SlotID, _ work: GetWork, at now: Instant,
        into effects: inout Effects<ShardEffect>
    ) {
        if work.awaitsHedge {
            hedge.saw(inTime: work.coordination.answered.count, late: 0)
            gets.change(slot) { $0.awaitsHedge = false }
        }
        if !work.isStale {
            gets.setAlarm(min(work.deadline, now.advanced(byNanoseconds: configuration.patience)), of: slot)
        }
        effects.emit(.observe(.wroteBack(replicas: positions.count)))
        let key = work.request.key
        var isRefusedAgain = false
        for position in positions {
            let call = CallID(.gets, slot, position: position)
            let node = work.plan.node(at: position)
            if node == view.own {
                // A commit that is told could be that of what it has refused.
                guard !work.isRefused else {
                    isRefusedAgain = true
                    continue
                }
                guard agrees(work.plan.placement, about: work.token) else {
                    gets.change(slot) { $0.coordination.withdraw(position) }
                    disagreed(slot, work, at: now, into: &effects)
                    continue
                }
                effects.emit(.store(call, .merge(token: work.token.value, key: key, object: answer)))
                noteStray(work.token, into: &effects)
            } else {
                let purpose = StorePurpose.write(work.plan.placement)
                effects.emit(.send(.store(key: key, object: answer, purpose: purpose), to: node, call: call))
            }
        }
        if isRefusedAgain, let own = work.plan.ownPosition {
            getFailed(slot, own, at: now, into: &effects)
        }
    }

    /// Whether strict reads wait for the repair of what they saw.
    private static var strictReadsWriteBack: Bool {
        !PlantedBug.strictReadAnswersBeforeItsRepair.isPlanted
            && !PlantedBug.readRepairMendsItsCoordinatorOnly.isPlanted
    }

    private func repair(
        _ key: ByteBuffer, _ token: Token, _ object: Object, at node: NodeID,
        into effects: inout Effects<ShardEffect>
    ) {
        if node == view.own {
            effects.emit(.store(.nobody, .merge(token: token.value, key: key, object: object)))
            noteStray(token, into: &effects)
        } else if !PlantedBug.readRepairMendsItsCoordinatorOnly.isPlanted {
            effects.emit(.send(.store(key: key, object: object, purpose: .repair), to: node, call: .nobody))
        }
    }

    private func response(for outcome: GetOutcome, of work: GetWork) -> Response {
        switch outcome {
        case .found(let object): .found(object)
        case .absent: .absent
        case .unavailable(let required, let available):
            .failed(
                .unavailable(
                    required: required, available: available, missing: work.plan.nodes(at: work.coordination.missing),
                    outcome: .notApplied))
        case .timeout(let required, let available):
            .failed(.timeout(required: required, available: available, outcome: .notApplied))
        }
    }

    /// Answers a request that has come to nothing.
    func fail(_ failure: RequestFailure, _ caller: Caller, into effects: inout Effects<ShardEffect>) {
        effects.emit(.observe(.failed(failure)))
        effects.emit(.reply(.failed(failure), to: caller))
    }
}
