import Causality
import Coordinator
import Gossip
import Handoff
import Machine
import Ring
import Storage
import Wire

/// A question of the control plane to another node that has no answer yet.
struct ControlCall {
    enum Purpose {
        case exchange
        case handoff(ControlTicket)
    }

    let node: NodeID
    let purpose: Purpose
}

extension Node {
    /// How long a question of each kind may take before it has failed.
    private static let exchangeTimeout = Duration.seconds(5)
    private static let handoffTimeout = Duration.seconds(60)

    func carryOutShard(_ index: Int, into effects: inout Effects<NodeEffect>) {
        shardEffects.drain { carryOut($0, ofShard: index, into: &effects) }
    }

    private func carryOut(
        _ effect: consuming ShardEffect, ofShard index: Int, into effects: inout Effects<NodeEffect>
    ) {
        switch consume effect {
        case .reply(let response, .client(let client)):
            effects.emit(.reply(response, client: client))
        case .reply(let response, .peer(let connection, let requestID)):
            answer(.replica, requestID, over: connection, into: &effects) {
                ReplicaResponse.coordinated(response).encode(into: &$0)
            }
        case .answer(let response, .peer(let connection, let requestID)):
            answer(.replica, requestID, over: connection, into: &effects) { response.encode(into: &$0) }
        case .answer(_, .client):
            break
        case .send(let request, let node, let call):
            let frame = question(.replica, call.rawValue) { request.encode(into: &$0) }
            effects.emit(.ask(frame, of: node, lane: index))
        case .load(let call, let token, let key):
            inbox.emit(.shard(index, .loaded(call, load(token: token, key: key))))
        case .store(let call, let operation):
            let result = store.prepare(operation, wall: wall)
            if result != .accepted {
                inbox.emit(.shard(index, .prepared(call, result)))
            }
            uncommitted.append(.operation(shard: index, call))
        case .synchronise(let node):
            inbox.emit(.control(.synchronise(with: node)))
        case .leftOver(let leftOver):
            inbox.emit(.control(.leftOver(leftOver)))
        case .observe(let observation):
            effects.emit(.observe(.shard(observation)))
        }
    }

    func carryOutControl(at now: Instant, into effects: inout Effects<NodeEffect>) {
        controlEffects.drain { carryOut($0, at: now, into: &effects) }
    }

    private func carryOut(
        _ effect: consuming ControlEffect, at now: Instant, into effects: inout Effects<NodeEffect>
    ) {
        switch consume effect {
        case .send(let datagram, let address):
            var bytes = ByteBuffer(capacity: Self.usualByteCount)
            datagram.encode(into: &bytes)
            effects.emit(.send(bytes, to: address))
        case .pushPull(let state, let address):
            effects.emit(.pushPull(question(.pushPull, 0) { state.encode(into: &$0) }, with: address))
        case .answerPushPull(let id, let state):
            answerPushPull(id, .state(state), into: &effects)
        case .refusePushPull(let id, let refusal):
            answerPushPull(id, .refused(refusal), into: &effects)
        case .persistIncarnation(let incarnation):
            let isWritten = write(into: &effects) { () throws(StorageFailure) in
                try identity.update { $0.incarnation = max($0.incarnation, incarnation) }
            }
            inbox.emit(
                .control(isWritten ? .incarnationPersisted(incarnation) : .incarnationNotPersisted(incarnation)))
        case .persistMembership(let membership, let isTold):
            let isWritten = write(into: &effects) { () throws(StorageFailure) in
                try membershipFile.replace(with: membership, isTold: isTold)
            }
            inbox.emit(.control(isWritten ? .membershipPersisted : .membershipNotPersisted))
        case .takeActor(let actor):
            store.take(actor: actor)
        case .acceptWrites:
            store.acceptWrites()
        case .exchange(let exchange, let node):
            ask(node, .exchange, for: .exchange, until: now.advanced(by: Self.exchangeTimeout), into: &effects) {
                exchange.encode(into: &$0)
            }
        case .answerExchange(let exchange, let caller):
            answer(.exchange, caller.requestID, over: caller.connection, into: &effects) {
                exchange.encode(into: &$0)
            }
        case .publish(let view):
            for index in shards.indices {
                inbox.emit(.shard(index, .viewChanged(view)))
            }
            inbox.emit(.control(.viewAdopted(view.ring.epoch)))
        case .handoff(let request, let node, let ticket):
            let deadline = now.advanced(by: Self.handoffTimeout)
            ask(node, .handoff, for: .handoff(ticket), until: deadline, into: &effects) {
                request.encode(into: &$0)
            }
        case .answerHandoff(let response, let caller):
            answer(.handoff, caller.requestID, over: caller.connection, into: &effects) {
                response.encode(into: &$0)
            }
        case .storage(let task, let ticket):
            submit(task, ticket)
        case .observe(let observation):
            effects.emit(.observe(.control(observation)))
        }
    }

    /// Tells a machine that its question has come to nothing.
    func fail(_ call: ControlCall) {
        switch call.purpose {
        case .exchange: inbox.emit(.control(.exchangeFailed(with: call.node)))
        case .handoff(let ticket): inbox.emit(.control(.handoffFailed(ticket)))
        }
    }

    // MARK: - The store

    private func load(token: UInt64, key: ByteBuffer) -> Result<Object?, StorageFailure> {
        do throws(StorageFailure) {
            return .success(try store.reader.read(token: token, key: key))
        } catch {
            guard !PlantedBug.failedReadIsAbsence.isPlanted else { return .success(nil) }
            return .failure(error)
        }
    }

    private func submit(_ task: StorageTask, _ ticket: ControlTicket) {
        var isRefused = false
        for operation in task.operations ?? [] {
            if case .refused = store.prepare(operation, wall: wall) {
                isRefused = true
            }
        }
        uncommitted.append(.task(task, ticket, isRefused: isRefused))
    }

    private func write(
        into effects: inout Effects<NodeEffect>, _ body: () throws(StorageFailure) -> Void
    ) -> Bool {
        do throws(StorageFailure) {
            try body()
            return true
        } catch {
            effects.emit(.observe(.notWritten("\(error)")))
            return false
        }
    }

    // MARK: - Frames out

    private func ask(
        _ node: NodeID, _ kind: FrameKind, for purpose: ControlCall.Purpose, until deadline: Instant,
        into effects: inout Effects<NodeEffect>, _ body: (inout ByteBuffer) -> Void
    ) {
        let call = ControlCall(node: node, purpose: purpose)
        guard let slot = calls.insert(call, alarm: deadline) else {
            fail(call)
            return
        }
        effects.emit(.ask(question(kind, slot.rawValue, body), of: node, lane: shards.count))
    }

    /// Most messages fit into so many bytes.
    private static let usualByteCount = 256

    private func question(_ kind: FrameKind, _ requestID: UInt64, _ body: (inout ByteBuffer) -> Void) -> Frame {
        // Replicas' messages take the room that they need at once.
        var payload = kind == .replica ? ByteBuffer() : ByteBuffer(capacity: Self.usualByteCount)
        body(&payload)
        return Frame(header: FrameHeader(kind: kind, requestID: requestID), payload: payload)
    }

    private func answer(
        _ kind: FrameKind, _ requestID: UInt64, over connection: UInt32, into effects: inout Effects<NodeEffect>,
        _ body: (inout ByteBuffer) -> Void
    ) {
        var frame = question(kind, requestID, body)
        frame.header.flags = .reply
        effects.emit(.answer(frame, connection: connection))
    }

    private func answerPushPull(
        _ id: PushPullID, _ reply: PushPullReply, into effects: inout Effects<NodeEffect>
    ) {
        guard let caller = pushPulls.remove(SlotID(rawValue: id.rawValue)) else { return }
        answer(.pushPull, caller.requestID, over: caller.connection, into: &effects) { reply.encode(into: &$0) }
    }
}
