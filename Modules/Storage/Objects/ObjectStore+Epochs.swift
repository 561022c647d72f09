import Causality
public import Machine

/// As which actor, and in which epochs, dots are made.
extension ObjectStore {
    /// Coordinates writes from now on, where ``Configuration/holdsBackWrites`` kept the store from it.
    public func acceptWrites() {
        isHoldingBack = false
    }

    /// Makes dots as another actor from now on: the node has gone back in time (a restored image, a clone of its disk), and
    /// dots that it would issue as the old one may have been issued already.
    ///
    /// Nothing is coordinated until the actor is on disk; each commit tries again.
    public func take(actor: NodeID) {
        actorToTake = actor
        takeActor()
    }

    func takeActor() {
        guard let actor = actorToTake else { return }
        do throws(StorageFailure) {
            // The records' epochs are the old actor's.
            abandonEpochs()
            try identity.update { identity in
                identity.actor = actor
                identity.epochFloor = epochFloor
            }
            actorToTake = nil
        } catch {
            // Writes are refused until it is there.
        }
    }

    /// Every key takes a fresh epoch before its next dot.
    func abandonEpochs() {
        guard !PlantedBug.failedCommitKeepsEpochs.isPlanted else { return }
        epochFloor = max(epochFloor, epochs.allocate() ?? epochs.bound)
    }

    func epoch(after copy: LocalCopy, incoming: CausalContext) -> UInt64? {
        let rule = KeyEpoch.forStore(
            by: identity.identity.actor, over: copy.object.map { ($0.context, copy.epoch) }, floor: epochFloor,
            incoming: incoming)
        switch rule {
        case .keep(let epoch): return epoch
        case .fresh: return epochs.allocate(of: identity.identity.actor, unknownTo: incoming)
        }
    }

    func reserveEpochs() throws(StorageFailure) {
        guard let bound = epochs.reservation() else { return }
        if !PlantedBug.epochsAreNotReserved.isPlanted {
            try keep(bound)
        }
        epochs.reserved(upTo: bound)
    }

    func reserve(upTo bound: UInt64) {
        do throws(StorageFailure) {
            try keep(bound)
            epochs.reserved(upTo: bound)
        } catch {
            // Writes of new keys are refused once the block is used up; until then each commit tries again.
            epochs.reservationFailed()
        }
    }

    /// Writes down how far epochs may be used, and which are too old to go on with.
    func keep(_ bound: UInt64) throws(StorageFailure) {
        try identity.update { identity in
            identity.epochBound = bound
            identity.epochFloor = epochFloor
        }
    }
}
