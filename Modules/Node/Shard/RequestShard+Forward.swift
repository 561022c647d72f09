import Causality
import Coordinator
import Hashing
import Machine

/// A client's write that another node coordinates.
struct ForwardWork {
    let request: PutRequest
    let caller: Caller
    let token: Token
    let began: Instant
    let deadline: Instant
    var plan: ReplicaPlan
    /// Who coordinates now.
    var current: Int
    /// Who was tried, and certainly did nothing.
    var tried: PositionSet = []
    /// Why the last of them refused: that it had too much to do, cannot make dots yet, or has a disk that takes no writes.
    var refusal: RequestFailure?
    /// The coordinator saw the partition differently, and did nothing: the write is forwarded anew with the next view.
    var isStale = false
}

extension RequestShard {
    mutating func forward(
        _ request: PutRequest, _ plan: ReplicaPlan, to chosen: Int, token: Token, caller: Caller, began: Instant,
        deadline: Instant, now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        let work = ForwardWork(
            request: request, caller: caller, token: token, began: began, deadline: deadline, plan: plan,
            current: chosen)
        guard let slot = forwards.insert(work, alarm: deadline) else {
            fail(.busy(retryAfterMilliseconds: configuration.retryAfterMilliseconds), caller, into: &effects)
            return
        }
        send(slot, at: now, into: &effects)
    }

    /// Another node coordinates a client's write that the own store has refused before there was anything of it.
    mutating func handOver(
        _ work: PutWork, after refusal: RequestFailure, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        let forwarded = ForwardWork(
            request: work.request, caller: work.caller, token: work.token, began: work.began, deadline: work.deadline,
            plan: work.plan, current: work.own, tried: work.refusing, refusal: refusal)
        guard let slot = forwards.insert(forwarded, alarm: work.deadline) else {
            fail(.busy(retryAfterMilliseconds: configuration.retryAfterMilliseconds), work.caller, into: &effects)
            return
        }
        forwardFailed(slot, work.own, wasSent: false, at: now, into: &effects)
    }

    mutating func forwardAnswered(
        _ call: CallID, _ response: ReplicaResponse, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = forwards[call.slot], work.current == call.position else { return }
        switch response {
        case .busy, .coordinated(.failed(.busy)):
            // The peer's number is its own affair.
            let refusal = RequestFailure.busy(retryAfterMilliseconds: configuration.retryAfterMilliseconds)
            forwardRefused(call, refusal, at: now, into: &effects)
        case .coordinated(.failed(.storage(let what, outcome: .notApplied))):
            forwardRefused(call, .storage(what, outcome: .notApplied), at: now, into: &effects)
        case .coordinated(let response):
            forwards.remove(call.slot)
            if case .failed(let failure) = response {
                effects.emit(.observe(.failed(failure)))
            } else {
                effects.emit(.observe(.writeAnswered(nanoseconds: work.began.nanoseconds(to: now))))
            }
            effects.emit(.reply(response, to: work.caller))
        case .wrongEpoch:
            effects.emit(.observe(.disagreed))
            effects.emit(.synchronise(with: work.plan.node(at: call.position)))
            forwards.change(call.slot) { $0.isStale = true }
            forwards.setAlarm(retryTime(of: work.began, before: work.deadline, now: now), of: call.slot)
        case .failed, .copy, .stored:
            forwardFailed(call.slot, call.position, wasSent: true, at: now, into: &effects)
        }
    }

    private mutating func forwardRefused(
        _ call: CallID, _ refusal: RequestFailure, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        forwards.change(call.slot) { $0.refusal = refusal }
        forwardFailed(call.slot, call.position, wasSent: false, at: now, into: &effects)
    }

    /// A coordinator was lost. Another takes over only when this one certainly did not apply the write: two coordinators
    /// would make two dots of one write.
    mutating func forwardFailed(
        _ slot: SlotID, _ position: Int, wasSent: Bool, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = forwards[slot], work.current == position else { return }
        guard !wasSent || work.isStale || PlantedBug.unknownWriteIsRetried.isPlanted else {
            forwards.remove(slot)
            fail(
                .unavailable(
                    required: 1, available: 0, missing: [work.plan.node(at: position)], outcome: .unknown),
                work.caller, into: &effects)
            return
        }
        forwards.change(slot) { $0.tried.insert(position) }
        tryNext(slot, at: now, into: &effects)
    }

    mutating func expireForward(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        if let work = forwards[slot], work.isStale, now < work.deadline {
            beginForwardAgain(slot, at: now, into: &effects)
            return
        }
        guard let work = forwards.remove(slot) else { return }
        fail(
            .timeout(required: 1, available: 0, outcome: work.isStale ? .notApplied : .unknown), work.caller,
            into: &effects)
    }

    mutating func beginForwardAgain(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard let work = forwards.remove(slot) else { return }
        beginPut(work.request, from: work.caller, began: work.began, deadline: work.deadline, at: now, into: &effects)
    }

    private mutating func tryNext(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard var work = forwards[slot] else { return }
        // What owners that refuse have, a fallback does not know: it can say nothing to a condition on that.
        let isSloppy =
            work.request.options.sloppy && (work.refusal == nil || work.request.precondition == .none)
        if work.plan.map.coordinator(besides: work.tried, isSloppy: false) == nil {
            work.plan.addFallbacks(down: down)
        }
        guard let next = work.plan.map.coordinator(besides: work.tried, isSloppy: isSloppy) else {
            forwards.remove(slot)
            fail(work.refusal ?? unavailable(work.request, work.plan), work.caller, into: &effects)
            return
        }
        guard work.plan.node(at: next) != view.own else {
            // As for any coordinator: its own commit counts only where it sees the partition as the plan does.
            guard agrees(work.plan.placement, about: work.token) else {
                beginForwardAgain(slot, at: now, into: &effects)
                return
            }
            forwards.remove(slot)
            coordinate(
                work.request, work.plan, at: next, token: work.token, caller: work.caller, began: work.began,
                deadline: work.deadline, behind: work.tried, now: now, into: &effects)
            return
        }
        work.current = next
        // The one that saw the partition differently is out of it: another turn is for the deadline alone.
        work.isStale = false
        forwards.change(slot) { $0 = work }
        forwards.setAlarm(work.deadline, of: slot)
        send(slot, at: now, into: &effects)
    }

    /// The coordinator gets a little less time than is left, so that its own answer comes before ours is due.
    private func send(_ slot: SlotID, at now: Instant, into effects: inout Effects<ShardEffect>) {
        guard let work = forwards[slot] else { return }
        var request = work.request
        let left = now.nanoseconds(to: work.deadline)
        request.options.timeout = max(left - min(left / 10, 50_000_000), 1_000_000)
        effects.emit(
            .send(
                .coordinate(request, view: work.plan.placement), to: work.plan.node(at: work.current),
                call: CallID(.forwards, slot, position: work.current)))
    }
}
