import Causality
import Coordinator
import Hashing
import Machine
import Ring
import Storage

/// Something that this node does for another, or for a coordinator of its own: answered when the local store has answered.
struct ReplicaWork {
    let caller: Caller
}

extension RequestShard {
    mutating func serve(
        _ request: ReplicaRequest, for caller: Caller, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        switch request {
        case .read(let key, let placement):
            let token = Token(key: key)
            guard agrees(placement, about: token) else {
                effects.emit(.answer(.wrongEpoch(view.ring.epoch), to: caller))
                return
            }
            guard let slot = accept(caller, into: &effects) else { return }
            effects.emit(.load(CallID(.replicas, slot), token: token.value, key: key))
        case .store(let key, let object, let purpose):
            let token = Token(key: key)
            if case .write(let placement) = purpose, !agrees(placement, about: token) {
                effects.emit(.answer(.wrongEpoch(view.ring.epoch), to: caller))
                return
            }
            guard let slot = accept(caller, into: &effects) else { return }
            effects.emit(.store(CallID(.replicas, slot), .merge(token: token.value, key: key, object: object)))
            noteStray(token, into: &effects)
            if PlantedBug.replicaAnswersBeforeCommit.isPlanted {
                replicaCommitted(slot, nil, into: &effects)
            }
        case .coordinate(let put, let placement):
            let token = Token(key: put.key)
            guard agrees(placement, about: token) else {
                effects.emit(.answer(.wrongEpoch(view.ring.epoch), to: caller))
                return
            }
            coordinate(put, token: token, for: caller, at: now, into: &effects)
        }
    }

    mutating func replicaLoaded(
        _ slot: SlotID, _ result: Result<Object?, StorageFailure>, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = replicas.remove(slot) else { return }
        switch result {
        case .success(let object): effects.emit(.answer(.copy(object), to: work.caller))
        case .failure(.busy): effects.emit(.answer(.busy, to: work.caller))
        case .failure: effects.emit(.answer(.failed, to: work.caller))
        }
    }

    mutating func replicaPrepared(
        _ slot: SlotID, _ operation: PreparedOperation, into effects: inout Effects<ShardEffect>
    ) {
        guard case .refused(let refusal) = operation, let work = replicas.remove(slot) else { return }
        effects.emit(.answer(refusal == .notNow ? .busy : .failed, to: work.caller))
    }

    mutating func replicaCommitted(
        _ slot: SlotID, _ failure: StorageFailure?, into effects: inout Effects<ShardEffect>
    ) {
        guard let work = replicas.remove(slot) else { return }
        let response = failure == nil ? ReplicaResponse.stored(durable: configuration.isDurable) : .failed
        effects.emit(.answer(response, to: work.caller))
    }

    /// A node that cannot coordinate its client's write itself asks this one to.
    private mutating func coordinate(
        _ put: PutRequest, token: Token, for caller: Caller, at now: Instant, into effects: inout Effects<ShardEffect>
    ) {
        var plan = ReplicaPlan(view: view, token: token, down: down)
        if plan.ownPosition == nil {
            plan.addFallbacks(down: down)
        }
        guard let own = plan.ownPosition else {
            effects.emit(.answer(.wrongEpoch(view.ring.epoch), to: caller))
            return
        }
        let timeout = min(max(put.options.timeout ?? configuration.timeout, 1_000_000), configuration.timeoutLimit)
        coordinate(
            put, plan, at: own, token: token, caller: caller, began: now,
            deadline: now.advanced(byNanoseconds: timeout), isForOther: true, now: now, into: &effects)
    }

    private mutating func accept(_ caller: Caller, into effects: inout Effects<ShardEffect>) -> SlotID? {
        guard let slot = replicas.insert(ReplicaWork(caller: caller)) else {
            effects.emit(.answer(.busy, to: caller))
            return nil
        }
        return slot
    }

    func agrees(_ placement: PlacementView, about token: Token) -> Bool {
        PlantedBug.staleRingIsAccepted.isPlanted
            || placement.fingerprint == view.ring.replicas(of: view.ring.partition(of: token)).fingerprint
    }

    /// Whatever was just stored here without this node being an owner has to go home. By the view of now: work that began
    /// under an earlier one may end after this node's partitions have gone home.
    func noteStray(_ token: Token, into effects: inout Effects<ShardEffect>) {
        let replicas = view.ring.replicas(of: view.ring.partition(of: token))
        guard !(view.ownIndex.map { replicas.isOwner($0) } ?? false) else { return }
        effects.emit(.leftOver(.stray(token: token.value)))
    }
}
