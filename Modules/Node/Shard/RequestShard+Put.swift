import Causality
import Coordinator
import Hashing
import Machine
import Storage

/// A write that this node coordinates.
struct PutWork {
    let request: PutRequest
    let caller: Caller
    let token: Token
    let began: Instant
    let deadline: Instant
    var plan: ReplicaPlan
    var own: Int
    var coordination: PutCoordination
    /// What the local store made of the write.
    var made: (object: Object, dot: Dot)?
    var isCommitted = false
    /// The local store has refused the object that it made before: its next commit says nothing of it.
    var isRefused = false
    /// Why the local store has not kept it, where it was to.
    var storageFailure: StorageFailure?
    /// A replica saw the partition differently: the write is sent out anew with the next view.
    var isStale = false
    /// Another node has the request, and looks for another coordinator where this one refuses.
    let isForOther: Bool
    /// Who was to coordinate it before, and refused.
    let refusing: PositionSet
}

extension RequestShard {
    mutating func beginPut(
        _ request: PutRequest, from caller: Caller, began: Instant, deadline: Instant, at now: Instant,
        into effects: inout Effects<ShardEffect>
    ) {
        let token = Token(key: request.key)
        var plan = ReplicaPlan(view: view, token: token, down: down)
        let isSloppy = request.options.sloppy
        if plan.map.coordinator(besides: [], isSloppy: false) == nil {
            plan.addFallbacks(down: down)
        }
        guard let chosen = plan.map.coordinator(besides: [], isSloppy: isSloppy) else {
            guard !PlantedBug.tooFewNodesAreWaitedFor.isPlanted else { return }
            fail(unavailable(request, plan), caller, into: &effects)
            return
        }
        if plan.node(at: chosen) == view.own {
            coordinate(
                request, plan, at: chosen, token: token, caller: caller, began: began, deadline: deadline, now: now,
                into: &effects)
        } else {
            forward(
                request, plan, to: chosen, token: token, caller: caller, began: began, deadline: deadline, now: now,
                into: &effects)
        }
    }

    /// Coordinates a write here, where this node stands at `own`.
    mutating func coordinate(
        _ request: PutRequest, _ plan: ReplicaPlan, at own: Int, token: Token, caller: Caller, began: Instant,
        deadline: Instant, isForOther: Bool = false, behind refusing: PositionSet = [], now: Instant,
        into effects: inout Effects<ShardEffect>
    ) {
        let work = PutWork(
            request: request, caller: caller, token: token, began: began, deadline: deadline, plan: plan, own: own,
            coordination: coordination(of: request, plan, own: own), isForOther: isForOther, refusing: refusing)
        let alarm = min(deadline, now.advanced(byNanoseconds: configuration.patience))
        guard let slot = puts.insert(work, alarm: alarm) else {
            fail(.busy(retryAfterMilliseconds: configuration.retryAfterMilliseconds), caller, into: &effects)
            return
        }
        let step = puts.change(slot) { $0.coordination.begin() }
        take(step, of: slot, at: now, into: &effects)
        guard puts[slot] != nil else { return }
        effects.emit(
            .store(
                CallID(.puts, slot, position: own),
                .coordinate(
                    CoordinatedWrite(
                        token: token.value, key: request.key, content: request.content, seeing: request.seeing,
                        precondition: request.precondition, expiry: request.expiry))))
        noteStray(token, into: &effects)
    }

    mutating func putPrepared(
        _ call: CallID, _ operation: PreparedOperation, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = puts[call.slot], call.position == work.own else { return }
        switch operation {
        case .coordinated(let object, let dot):
            guard work.made == nil else { return }
            let step = puts.change(call.slot) { work in
                work.made = (object, dot)
                return work.coordination.prepared()
            }
            take(step, of: call.slot, at: now, into: &effects)
            if PlantedBug.coordinatorCountsItselfTooEarly.isPlanted {
                let isDurable = configuration.isDurable
                let step = puts.change(call.slot) { $0.coordination.acknowledge(work.own, isDurable: isDurable) }
                take(step, of: call.slot, at: now, into: &effects)
            }
        case .refused where work.made != nil:
            puts.change(call.slot) { $0.isRefused = true }
            putFailed(call.slot, call.position, at: now, into: &effects)
        case .refused(let refusal):
            puts.remove(call.slot)
            let failure = Self.failure(for: refusal, retryAfter: configuration.retryAfterMilliseconds)
            if case .storage = refusal, !work.isForOther {
                // Its disk is no reason to refuse what others can take.
                handOver(work, after: failure, at: now, into: &effects)
            } else {
                fail(failure, work.caller, into: &effects)
            }
        case .accepted, .marked:
            break
        }
    }

    mutating func putCommitted(
        _ call: CallID, _ failure: StorageFailure?, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = puts[call.slot], call.position == work.own, work.made != nil, !work.isRefused else { return }
        puts.change(call.slot) { $0.storageFailure = failure }
        if failure == nil {
            let isDurable = configuration.isDurable
            let step = puts.change(call.slot) { work in
                work.isCommitted = true
                return work.coordination.acknowledge(work.own, isDurable: isDurable)
            }
            take(step, of: call.slot, at: now, into: &effects)
        } else {
            putFailed(call.slot, call.position, at: now, into: &effects)
        }
    }

    mutating func putAnswered(
        _ call: CallID, _ response: ReplicaResponse, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch response {
        case .stored(let isDurable):
            let step = puts.change(call.slot) { $0.coordination.acknowledge(call.position, isDurable: isDurable) }
            take(step, of: call.slot, at: now, into: &effects)
        case .wrongEpoch:
            guard let work = puts[call.slot] else { return }
            effects.emit(.observe(.disagreed))
            effects.emit(.synchronise(with: work.plan.node(at: call.position)))
            puts.change(call.slot) { $0.isStale = true }
            puts.setAlarm(retryTime(of: work.began, before: work.deadline, now: now), of: call.slot)
        case .busy, .failed, .copy, .coordinated:
            putFailed(call.slot, call.position, at: now, into: &effects)
        }
    }

    mutating func putFailed(
        _ slot: SlotID, _ position: Int, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        offerFallbacks(toPut: slot)
        let step = puts.change(slot) { $0.coordination.fail(position) }
        take(step, of: slot, at: now, into: &effects)
    }

    mutating func expirePut(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard let work = puts[slot] else { return }
        guard now < work.deadline else {
            let step = puts.change(slot) { $0.coordination.expire() }
            take(step, of: slot, at: now, into: &effects)
            return
        }
        guard !work.isStale else {
            beginPutAgain(slot, at: now, into: &effects)
            return
        }
        puts.setAlarm(work.deadline, of: slot)
        offerFallbacks(toPut: slot)
        let step = puts.change(slot) { $0.coordination.losePatience() }
        take(step, of: slot, at: now, into: &effects)
    }

    /// Sends a write that is made already to the replicas of the new view. What was acknowledged under the old one was
    /// acknowledged by replicas that shared it; they are asked again and say so at once.
    mutating func beginPutAgain(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard let work = puts[slot], work.made != nil, !work.coordination.isAnswered else {
            puts.change(slot) { $0.isStale = false }
            if let work = puts[slot] {
                puts.setAlarm(work.deadline, of: slot)
            }
            return
        }
        var plan = ReplicaPlan(view: view, token: work.token, down: down)
        if plan.ownPosition == nil {
            plan.addFallbacks(down: down)
        }
        guard let own = plan.ownPosition else {
            // This node is leaving and has nothing to do with the partition now: its copy goes home as a stray.
            let step = puts.change(slot) { $0.coordination.expire() }
            take(step, of: slot, at: now, into: &effects)
            return
        }
        puts.remove(slot)
        var again = work
        again.plan = plan
        again.own = own
        again.isStale = false
        again.isRefused = false
        again.coordination = coordination(of: work.request, plan, own: own)
        let alarm = min(work.deadline, now.advanced(byNanoseconds: configuration.patience))
        guard let slot = puts.insert(again, alarm: alarm) else { return }
        let step = puts.change(slot) { $0.coordination.resume() }
        take(step, of: slot, at: now, into: &effects)
        if work.isCommitted {
            let isDurable = configuration.isDurable
            let step = puts.change(slot) { $0.coordination.acknowledge(own, isDurable: isDurable) }
            take(step, of: slot, at: now, into: &effects)
        } else if puts[slot] != nil {
            // The store's word was for the old slot: merging what it has already is how it gives it again.
            effects.emit(
                .store(
                    CallID(.puts, slot, position: own),
                    .merge(token: work.token.value, key: work.request.key, object: work.made?.object ?? Object())))
            noteStray(work.token, into: &effects)
        }
    }

    private mutating func offerFallbacks(toPut slot: SlotID) {
        guard let work = puts[slot], !work.coordination.isAnswered, work.plan.fallbacks.isEmpty else { return }
        let down = down
        if let found = puts.change(slot, { $0.plan.addFallbacks(down: down) }) {
            puts.change(slot) { $0.coordination.offer(fallbacks: found) }
        }
    }

    private func coordination(of request: PutRequest, _ plan: ReplicaPlan, own: Int) -> PutCoordination {
        PutCoordination(
            map: plan.map, requirement: requirement(of: request, plan),
            isSloppy: request.options.sloppy || PlantedBug.strictWriteCountsFallbacks.isPlanted, own: own)
    }

    private func requirement(of request: PutRequest, _ plan: ReplicaPlan) -> QuorumRequirement {
        QuorumRequirement.write(
            request.options.write ?? configuration.write, primaries: request.options.primaryWrite,
            durable: request.options.durableWrite, map: plan.map)
    }

    func unavailable(_ request: PutRequest, _ plan: ReplicaPlan) -> RequestFailure {
        .unavailable(
            required: max(requirement(of: request, plan).owners, 1), available: 0,
            missing: plan.nodes(at: plan.map.owners), outcome: .notApplied)
    }

    /// Carries a step out: copies to send, hints to keep, the answer.
    private mutating func take(
        _ step: PutStep?, of slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        // Work is large to copy.
        guard let step, !step.isEmpty, let work = puts[slot] else { return }
        if let object = work.made?.object {
            let key = work.request.key
            for position in step.send {
                let request = ReplicaRequest.store(key: key, object: object, purpose: .write(work.plan.placement))
                effects.emit(
                    .send(request, to: work.plan.node(at: position), call: CallID(.puts, slot, position: position)))
            }
            for position in step.sendToFallbacks {
                effects.emit(.observe(.stoodIn))
                let request = ReplicaRequest.store(key: key, object: object, purpose: .standIn)
                effects.emit(
                    .send(request, to: work.plan.node(at: position), call: CallID(.puts, slot, position: position)))
            }
            for position in step.hint {
                let owner = work.plan.node(at: position)
                effects.emit(.store(.nobody, .hint(owner: owner, token: work.token.value, key: key)))
                effects.emit(.leftOver(.hint(owner)))
                if let dot = work.made?.dot {
                    effects.emit(.observe(.hinted(owner: owner, key: key, dot: dot)))
                }
            }
        }
        if let outcome = step.reply {
            let response = response(for: outcome, of: work)
            if case .failed(let failure) = response {
                effects.emit(.observe(.failed(failure)))
            } else {
                effects.emit(.observe(.writeAnswered(nanoseconds: work.began.nanoseconds(to: now))))
            }
            effects.emit(.reply(response, to: work.caller))
        }
        if step.isFinished {
            puts.remove(slot)
        }
    }

    private func response(for outcome: PutOutcome, of work: PutWork) -> Response {
        switch outcome {
        case .written:
            work.made.map { .written(dot: $0.dot, object: work.request.returnsObject ? $0.object : nil) }
                ?? .failed(.storage("the write has no dot", outcome: .unknown))
        case .unavailable(let required, let available, let outcome):
            // With one owner it is its disk that is the matter, and not that somebody is missing.
            if let failure = work.storageFailure, required <= 1 {
                .failed(.storage(failure.description, outcome: outcome))
            } else {
                .failed(
                    .unavailable(
                        required: required, available: available,
                        missing: work.plan.nodes(at: work.coordination.missing), outcome: outcome))
            }
        case .timeout(let required, let available):
            .failed(
                .timeout(required: required, available: available, outcome: .unknown))
        }
    }

    static func failure(for refusal: StoreRefusal, retryAfter: Int) -> RequestFailure {
        switch refusal {
        case .preconditionFailed: .preconditionFailed
        case .overLimit(.tooManySiblings(let limit)): .tooManySiblings(limit: limit)
        case .overLimit(.valueTooLarge(let limit)), .overLimit(.objectTooLarge(let limit)),
            .overLimit(.contentTypeTooLong(let limit)):
            .tooLarge(limit: limit)
        case .overLimit(.contextTooLarge(let limit)):
            .invalid("the context would bring the key's beyond \(limit) entries")
        case .notNow: .busy(retryAfterMilliseconds: retryAfter)
        case .storage(let failure): .storage(failure.description, outcome: .notApplied)
        }
    }
}
