import Gossip
import Handoff
import Logging
import Machine
import NIOCore
import Node
import RPC
import Ring
import Storage
import Wire

/// The shell of the control plane: the gossip's datagrams, connections of its own to the other nodes, and one timer, on one
/// event loop.
///
/// Its connections are apart from the shards', so that whole partitions on their way never stand before a request.
// Sendable without a check: everything but `eventLoop` is used on that loop only; other threads call the methods that
// say so, and those go to the loop first.
final class ControlRunner: @unchecked Sendable {
    let eventLoop: any EventLoop
    let storage: StorageRunner
    let logger: Logger
    private let events: ControlLog

    private(set) var machine: ControlPlane
    private var effects = Effects<ControlEffect>(capacity: 64)
    private var timer = MachineTimer()
    private var consequences: [ControlEvent] = []
    private var shards: [ShardRunner] = []
    private var peers: PeerConnections?
    private var directory = PeerDirectory()
    private var calls = SlotTable<PendingCall>(capacity: 1 << 14)
    private var pushPulls = SlotTable<ControlCaller>(capacity: 1 << 10)
    private var datagrams: GossipSocket?
    private var pushPuller: PushPuller?
    private var whenUp: [@Sendable () -> Void] = []
    private var isStopped = false
    /// The store coordinates writes: the machine has said so, and the store has heard it.
    private var acceptsWrites = false

    /// A question to another node that has no answer yet.
    private struct PendingCall {
        enum Purpose {
            case exchange
            case handoff(ControlTicket)
            case statistics(@Sendable (NodeStatistics?) -> Void)
        }

        let node: NodeID
        let purpose: Purpose
        let deadline: Instant
    }

    init(
        machine: consuming ControlPlane, eventLoop: any EventLoop, storage: StorageRunner,
        logger: Logger
    ) {
        self.machine = machine
        self.eventLoop = eventLoop
        self.storage = storage
        self.logger = logger
        events = ControlLog(logger: logger)
    }

    // MARK: - From any thread

    /// Begins to take part.
    func start(
        hello: Hello, shards: [ShardRunner], datagrams: GossipSocket, seeds: [GossipAddress],
        inventory: StoreInventory, configuration: RPCConfiguration, seed: UInt64
    ) {
        eventLoop.execute {
            self.shards = shards
            self.datagrams = datagrams
            self.pushPuller = PushPuller(
                hello: hello, eventLoop: self.eventLoop, configuration: configuration, logger: self.logger)
            self.peers = PeerConnections(
                as: hello, on: self.eventLoop, delegate: self, seed: seed, configuration: configuration,
                logger: self.logger)
            self.handle(.start(seeds: seeds))
            self.handle(.inventory(inventory))
            self.finishBatch()
        }
    }

    /// Something happened elsewhere.
    func receive(_ event: ControlEvent) {
        eventLoop.execute {
            self.handle(event)
            self.finishBatch()
        }
    }

    /// Another node's gossip wants a push-pull.
    func pushPullRequested(_ state: GossipState, _ caller: ControlCaller) {
        eventLoop.execute {
            guard let slot = self.pushPulls.insert(caller) else { return }
            self.handle(.pushPullRequested(state, PushPullID(rawValue: slot.rawValue)))
            self.finishBatch()
        }
    }

    /// Another node asks for this one's numbers.
    func statisticsRequested(_ caller: ControlCaller) {
        eventLoop.execute {
            let statistics = self.ownStatistics()
            self.answer(caller, kind: .statistics) { statistics.encode(into: &$0) }
        }
    }

    /// Calls back when this node serves its share, at once or later, or when it stops.
    func whenUp(_ completion: @escaping @Sendable () -> Void) {
        eventLoop.execute {
            if self.isServing || self.isStopped {
                completion()
            } else {
                self.whenUp.append(completion)
            }
        }
    }

    /// Whether the node has its share, and coordinates writes.
    var isServing: Bool { acceptsWrites && machine.ownRecord?.state != .joining }

    private func tellWhoWaits() {
        guard isServing else { return }
        let waiting = whenUp
        whenUp = []
        waiting.forEach { $0() }
    }

    /// Answers over the connection that the question came over.
    func answer(
        _ caller: ControlCaller, kind: FrameKind, _ body: @escaping @Sendable (inout ByteBuffer) -> Void
    ) {
        ShardRunner.of(caller.connection, in: shards)?.answer(caller, kind: kind, body)
    }

    /// Stops: says nothing more, hears nothing more.
    func stop() -> EventLoopFuture<Void> {
        eventLoop.submit {
            self.isStopped = true
            self.timer.cancel()
            self.peers?.close()
            self.peers = nil
            self.pushPuller = nil
            self.datagrams = nil
            self.whenUp.forEach { $0() }
            self.whenUp = []
            for slot in self.calls.ids {
                if case .statistics(let completion)? = self.calls.remove(slot)?.purpose {
                    completion(nil)
                }
            }
        }
    }

    // MARK: - On the loop

    /// Lets the machine take an event, and carries out what it wants.
    func handle(_ event: consuming ControlEvent) {
        let now = Clock.now()
        machine.receive(event, at: now, into: &effects)
        settle(at: now)
    }

    func finishBatch() {
        peers?.flush()
        timer.arm(at: machine.nextDeadline, on: eventLoop) { self.expire() }
    }

    /// This node's numbers, as others ask for them.
    func ownStatistics() -> NodeStatistics {
        let usage = storage.usage
        let view = machine.view
        var strays = 0
        for partition in machine.strayPartitions
        where !(view.ownIndex.map { view.ring.replicas(of: partition).isHolder($0) } ?? false) {
            strays += storage.reader.usage(of: view.ring.tokens(of: partition)).records
        }
        let progress = machine.acquisitionProgress
        let transfers = progress.sources.filter { $0.partitionsLeft > 0 }.prefix(NodeStatistics.transferLimit).map {
            TransferProgress(
                from: $0.node, to: view.own, partition: PartitionID(index: 0), bytes: $0.bytesDone,
                bytesTotal: $0.bytesDone &+ ($0.bytesLeft ?? 0),
                millisecondsLeft: progress.remaining.map { UInt64(max($0.nanoseconds / 1_000_000, 0)) })
        }
        return NodeStatistics(
            keys: UInt64(usage.records), bytes: UInt64(usage.bytes),
            hintsPending: UInt64(storage.reader.hintCount + strays), transfers: Array(transfers))
    }

    /// Asks a node for its numbers; `nil` where it does not answer in time.
    func askForStatistics(_ node: NodeID, _ completion: @escaping @Sendable (NodeStatistics?) -> Void) {
        call(node, .statistics, for: .statistics(completion), timeout: .seconds(1)) { _ in }
    }

    private func expire() {
        timer.fired()
        let now = Clock.now()
        machine.expire(at: now, into: &effects)
        settle(at: now)
        finishBatch()
    }

    private func settle(at now: Instant) {
        while true {
            effects.drain { carryOut($0) }
            guard !consequences.isEmpty else { return }
            let events = consequences
            consequences = []
            for event in events {
                machine.receive(event, at: now, into: &effects)
            }
        }
    }

    private func carryOut(_ effect: ControlEffect) {
        switch effect {
        case .send(let datagram, let address):
            datagrams?.send(datagram, to: address)
        case .pushPull(let state, let address):
            pushPuller?.carry(state, to: address) { self.receive(.pushPullAnswered($0)) }
        case .answerPushPull(let id, let state):
            guard let caller = pushPulls.remove(SlotID(rawValue: id.rawValue)) else { return }
            answer(caller, kind: .pushPull) { PushPullReply.state(state).encode(into: &$0) }
        case .refusePushPull(let id, let refusal):
            guard let caller = pushPulls.remove(SlotID(rawValue: id.rawValue)) else { return }
            answer(caller, kind: .pushPull) { PushPullReply.refused(refusal).encode(into: &$0) }
        case .persistIncarnation(let incarnation):
            storage.change { _, identity in
                do throws(StorageFailure) {
                    try identity.update { $0.incarnation = max($0.incarnation, incarnation) }
                    self.receive(.incarnationPersisted(incarnation))
                } catch {
                    self.logger.error("the incarnation was not written down: \(error)")
                    self.receive(.incarnationNotPersisted(incarnation))
                }
            }
        case .persistMembership(let membership, let isTold):
            storage.persist(membership, isTold: isTold) { isOnDisk in
                self.receive(isOnDisk ? .membershipPersisted : .membershipNotPersisted)
            }
        case .takeActor(let actor):
            storage.change { store, _ in store.take(actor: actor) }
        case .acceptWrites:
            storage.change { store, _ in
                store.acceptWrites()
                self.eventLoop.execute {
                    self.acceptsWrites = true
                    self.tellWhoWaits()
                }
            }
        case .exchange(let exchange, let node):
            call(node, .exchange, for: .exchange, timeout: .seconds(5)) { exchange.encode(into: &$0) }
        case .answerExchange(let exchange, let caller):
            answer(caller, kind: .exchange) { exchange.encode(into: &$0) }
        case .publish(let view):
            publish(view)
        case .handoff(let request, let node, let ticket):
            call(node, .handoff, for: .handoff(ticket), timeout: .seconds(60)) { request.encode(into: &$0) }
        case .answerHandoff(let response, let caller):
            answer(caller, kind: .handoff) { response.encode(into: &$0) }
        case .storage(let task, let ticket):
            storage.submit(task) { self.receive(.stored(ticket, $0)) }
        case .observe(let observation):
            events.note(observation)
            if case .up = observation {
                // Behind the machine's step.
                eventLoop.execute { self.tellWhoWaits() }
            }
        }
    }

    private func publish(_ view: ClusterView) {
        directory.follow(view, peers)
        let epoch = view.ring.epoch
        let adoptions = Countdown(shards.count) { self.receive(.viewAdopted(epoch)) }
        for shard in shards {
            shard.adopt(view) { adoptions.countDown() }
        }
    }

    // MARK: - Questions to other nodes

    private func call(
        _ node: NodeID, _ kind: FrameKind, for purpose: PendingCall.Purpose, timeout: Duration,
        _ body: (inout ByteBuffer) -> Void
    ) {
        let now = Clock.now()
        giveUp(at: now)
        let call = PendingCall(node: node, purpose: purpose, deadline: now.advanced(by: timeout))
        guard let slot = calls.insert(call) else {
            fail(call)
            return
        }
        let outcome = peers?.send(to: node, kind: kind, requestID: slot.rawValue, body)
        if outcome != .queued {
            calls.remove(slot)
            fail(call)
        } else if case .statistics = purpose {
            peers?.flush()
            eventLoop.scheduleTask(deadline: call.deadline.deadline) {
                self.giveUp(at: Clock.now())
            }
        }
    }

    private func giveUp(at now: Instant) {
        guard calls.count > 0 else { return }
        for slot in calls.ids {
            if let call = calls[slot], call.deadline <= now {
                calls.remove(slot)
                fail(call)
            }
        }
    }

    private func fail(_ call: PendingCall) {
        switch call.purpose {
        case .exchange: consequences.append(.exchangeFailed(with: call.node))
        case .handoff(let ticket): consequences.append(.handoffFailed(ticket))
        case .statistics(let completion): completion(nil)
        }
    }
}

extension ControlRunner: PeerConnectionsDelegate {
    func peers(_ peers: PeerConnections, received frame: Frame, from peer: NodeID) {
        // An answer to another's question leaves that question open.
        let slot = SlotID(rawValue: frame.requestID)
        guard frame.flags.contains(.reply), let call = calls[slot], call.node == peer else { return }
        calls.remove(slot)
        guard !frame.flags.contains(.failure) else {
            fail(call)
            settle(at: Clock.now())
            return
        }
        var payload = frame.payload
        do {
            switch call.purpose {
            case .exchange:
                handle(
                    .exchangeAnswered(
                        try MembershipExchange(decoding: &payload, knowing: machine.membership), from: peer))
            case .handoff(let ticket):
                let byteCount = payload.readableBytes
                handle(.handoffAnswered(ticket, try HandoffResponse(decoding: &payload), byteCount: byteCount))
            case .statistics(let completion):
                completion(try NodeStatistics(decoding: &payload))
            }
        } catch {
            logger.warning("an answer of \(peer) cannot be read: \(error)")
            fail(call)
            settle(at: Clock.now())
        }
    }

    func peersReadComplete(_ peers: PeerConnections, from peer: NodeID) {
        finishBatch()
    }

    func peers(_ peers: PeerConnections, lost peer: NodeID, reason: ConnectionCloseReason) {
        for slot in calls.ids where calls[slot]?.node == peer {
            if let call = calls.remove(slot) {
                fail(call)
            }
        }
        settle(at: Clock.now())
        finishBatch()
    }
}
