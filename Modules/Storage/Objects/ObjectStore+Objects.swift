import Causality
import Machine

/// What becomes of one object in the batch.
extension ObjectStore {
    func localCopy(token: UInt64, key: ByteBuffer) throws(StorageFailure) -> LocalCopy {
        if let copy = pending[key] {
            return copy
        }
        guard let record = try engine.get(.objects, token: token, key: key) else {
            return LocalCopy(object: nil, epoch: 0, sequence: nil)
        }
        var value = record.value
        // A record that cannot be read is no record: the next store begins another lifetime of the key.
        guard let stored = try? ObjectRecord(decoding: &value) else {
            return LocalCopy(object: nil, epoch: 0, sequence: record.sequence)
        }
        return LocalCopy(object: stored.object, epoch: stored.epoch, sequence: record.sequence)
    }

    func coordinate(_ write: CoordinatedWrite, wall: UInt64) throws(StorageFailure) -> PreparedOperation {
        if let failing {
            isProbeDue = true
            return .refused(.storage(failing))
        }
        let copy = try localCopy(token: write.token, key: write.key)
        var object = copy.object ?? Object()
        guard write.precondition.holds(for: object, at: wall) else {
            return .refused(.preconditionFailed)
        }
        if let refusal = configuration.limits.refusal(of: write.content, on: object, seeing: write.seeing) {
            return .refused(.overLimit(refusal))
        }
        let incoming = if case .seen(let context) = write.seeing { context } else { CausalContext() }
        guard !isHoldingBack, actorToTake == nil, let epoch = epoch(after: copy, incoming: incoming) else {
            return .refused(.notNow)
        }
        let dot = object.write(
            write.content, expiry: write.expiry, timestamp: clock.now(wall: wall), seeing: write.seeing,
            as: ActorID(node: identity.identity.actor, epoch: epoch))
        put(object, epoch: epoch, token: write.token, key: write.key, replacing: copy.sequence)
        return .coordinated(object: object, dot: dot)
    }

    func merge(
        _ incoming: Object, token: UInt64, key: ByteBuffer, wall: UInt64
    ) throws(StorageFailure) -> PreparedOperation {
        let copy = try localCopy(token: token, key: key)
        if let object = copy.object, object.covers(incoming) {
            return .accepted
        }
        for sibling in incoming.siblings {
            _ = clock.observe(sibling.timestamp, wall: wall)
        }
        guard let epoch = epoch(after: copy, incoming: incoming.context) else { return .refused(.notNow) }
        var object = copy.object ?? Object()
        object.merge(incoming)
        put(object, epoch: epoch, token: token, key: key, replacing: copy.sequence)
        return .accepted
    }

    func put(_ object: Object, epoch: UInt64, token: UInt64, key: ByteBuffer, replacing sequence: UInt64?) {
        let value = ObjectRecord(epoch: epoch, object: object).encoded()
        batchByteCount += key.readableBytes + value.readableBytes
        batch.put(
            .objects, token: token, key: key, value: value, hash: object.hash(key: key, using: &scratch),
            replacing: sequence)
        pending[key] = LocalCopy(object: object, epoch: epoch, sequence: nil)
        if PlantedBug.deleteForgetsTheKey.isPlanted, object.siblings.allSatisfy({ $0.content == .tombstone }) {
            batch.drop(.objects, token: token, key: key, replacing: nil)
            pending[key] = LocalCopy(object: nil, epoch: 0, sequence: nil)
        }
    }

    func dropIfUnchanged(token: UInt64, hash: UInt64) throws(StorageFailure) -> PreparedOperation {
        let all = engine.scan(.objects, tokens: token...token, after: nil, limit: 64)
        let entries = all.filter { $0.hash == hash || PlantedBug.changedStrayIsDropped.isPlanted }
        for case let record? in try engine.read(entries, in: .objects) where pending[record.key] == nil {
            if all.count > 1, try engine.get(.objects, token: token, key: record.key)?.sequence != record.sequence {
                // An older record of its key, which recovery could not tell from another key's: a drop would hide the newest.
                continue
            }
            batch.drop(.objects, token: token, key: record.key, replacing: record.sequence)
            pending[record.key] = LocalCopy(object: nil, epoch: 0, sequence: nil)
        }
        return .accepted
    }
}
