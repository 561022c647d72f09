import Causality
import Coordinator
import Logging
import Machine
import NIOCore
import Node
import RPC
import Ring
import Storage
import Synchronization
import Wire

/// The shell of one request shard: an event loop's connections, its timer, and what it hands to storage.
///
/// Everything that happens on the loop in one go (a read from a socket, a batch from storage) is handed to the machine event
/// by event; then each connection that was written to is flushed once, and storage gets one list.
// Sendable without a check: everything but `eventLoop` is used on that loop only; other threads call the methods that
// say so, and those go to the loop first.
final class ShardRunner: @unchecked Sendable {
    let eventLoop: any EventLoop
    private let storage: StorageRunner
    private let logger: Logger
    /// Where left-overs and disagreements go.
    private let control: @Sendable (ControlEvent) -> Void

    private var machine: RequestShard
    private var effects = Effects<ShardEffect>(capacity: 64)
    private var timer = MachineTimer()
    private var peers: PeerConnections?
    /// Events that came of effects: they have their turn when all effects are carried out.
    private var consequences: [ShardEvent] = []
    private var operations: [StorageRunner.Operation] = []
    /// What the control plane is told when the operations are in the store's queue: what it asks of the store about them
    /// comes behind them.
    private var leftOvers: [LeftOver] = []
    private var inbound: [UInt32: InboundConnection] = [:]
    private var lastInbound: UInt32 = 0
    private var unflushed: [InboundConnection] = []
    /// Requests of this process itself: doors, and programs that embed the node.
    private var callers = SlotTable<@Sendable (Response) -> Void>(capacity: 1 << 16)
    private var directory = PeerDirectory()
    private var drained: (@Sendable () -> Void)?
    /// Whether requests of this process are taken: asked on any thread, for the loop stands still when the node has stopped.
    private let isOpen = Mutex(true)

    /// The shard's number: the upper byte of its connections' numbers.
    private let index: UInt32

    init(
        index: Int, machine: consuming RequestShard, eventLoop: any EventLoop, storage: StorageRunner,
        control: @escaping @Sendable (ControlEvent) -> Void, logger: Logger
    ) {
        self.index = UInt32(index)
        self.machine = machine
        self.eventLoop = eventLoop
        self.storage = storage
        self.control = control
        self.logger = logger
    }

    // MARK: - From any thread

    /// Opens the way to the other nodes of the first view: requests may come before there is another.
    func start(seeing view: ClusterView, hello: Hello, configuration: RPCConfiguration, seed: UInt64) {
        eventLoop.execute {
            self.peers = PeerConnections(
                as: hello, on: self.eventLoop, delegate: self, seed: seed, configuration: configuration,
                logger: self.logger)
            self.directory.follow(view, self.peers)
        }
    }

    /// Goes by another view, and says so when it does.
    func adopt(_ view: ClusterView, completion: @escaping @Sendable () -> Void) {
        eventLoop.execute {
            self.directory.follow(view, self.peers)
            self.handle(.viewChanged(view))
            self.finishBatch()
            completion()
        }
    }

    /// Serves a request of this process; once the shard has stopped it answers that nobody can be reached.
    func serve(_ request: Request, completion: @escaping @Sendable (Response) -> Void) {
        let isTaken = isOpen.withLock { isOpen in
            guard isOpen else { return false }
            eventLoop.execute {
                guard let slot = self.callers.insert(completion) else {
                    completion(.failed(.busy(retryAfterMilliseconds: 100)))
                    return
                }
                self.handle(.request(request, from: .client(slot.rawValue)))
                self.finishBatch()
            }
            return true
        }
        if !isTaken {
            completion(.failed(.unavailable(required: 1, available: 0, missing: [], outcome: .notApplied)))
        }
    }

    func prepared(_ results: [(CallID, PreparedOperation)]) {
        eventLoop.execute {
            for (call, result) in results {
                self.handle(.prepared(call, result))
            }
            self.finishBatch()
        }
    }

    func committed(_ calls: [CallID], _ failure: StorageFailure?) {
        eventLoop.execute {
            for call in calls {
                self.handle(.committed(call, failure))
            }
            self.finishBatch()
        }
    }

    /// Calls back when no request is in work, at once or later.
    func whenIdle(_ completion: @escaping @Sendable () -> Void) {
        eventLoop.execute {
            if self.machine.workCount == 0 {
                completion()
            } else {
                self.drained = completion
            }
        }
    }

    /// Answers over a connection that another end opened.
    func answer(
        _ caller: ControlCaller, kind: FrameKind, _ body: @escaping @Sendable (inout ByteBuffer) -> Void
    ) {
        eventLoop.execute {
            guard let connection = self.inbound[caller.connection] else { return }
            if connection.reply(kind: kind, requestID: caller.requestID, body) {
                self.unflushed.append(connection)
            }
            self.finishBatch()
        }
    }

    /// The shard that a connection belongs to.
    static func of(_ connection: UInt32, in shards: [ShardRunner]) -> ShardRunner? {
        let index = Int(connection >> 24)
        return index < shards.count ? shards[index] : nil
    }

    /// Closes every connection, and answers whoever still waits in this process: nobody else will.
    func stop() -> EventLoopFuture<Void> {
        // What was taken before is on the loop before this.
        isOpen.withLock { $0 = false }
        return eventLoop.submit {
            for slot in self.callers.ids {
                self.callers.remove(slot)?(.failed(.timeout(required: 1, available: 0, outcome: .unknown)))
            }
            self.timer.cancel()
            self.peers?.close()
            self.peers = nil
            for (_, connection) in self.inbound.sorted(by: { $0.key < $1.key }) {
                connection.close()
            }
        }
    }

    // MARK: - On the loop

    /// A connection is open: its number here.
    func add(_ connection: InboundConnection) -> UInt32 {
        repeat {
            lastInbound = (lastInbound &+ 1) & 0xff_ffff
        } while inbound[index << 24 | lastInbound] != nil
        let id = index << 24 | lastInbound
        inbound[id] = connection
        return id
    }

    /// Flushes a connection with the others, at the end of the batch.
    func flushLater(_ connection: InboundConnection) {
        unflushed.append(connection)
    }

    func remove(_ id: UInt32) {
        inbound[id] = nil
    }

    /// Lets the machine take an event, and carries out what it wants.
    func handle(_ event: consuming ShardEvent) {
        let now = Clock.now()
        machine.receive(event, at: now, into: &effects)
        settle(at: now)
    }

    /// The end of a batch of events: storage gets its list, every connection that was written to is flushed.
    func finishBatch() {
        // What the store refuses may come to hints for others, or to another to write back to, which may be this store again.
        // Each piece of work asks it once for each reason, so that this ends.
        while !operations.isEmpty {
            let batch = operations
            operations = []
            operations.reserveCapacity(batch.count)
            for (call, refusal) in storage.submit(batch, from: self) {
                handle(.prepared(call, .refused(refusal)))
            }
        }
        if !leftOvers.isEmpty {
            for leftOver in leftOvers {
                control(.leftOver(leftOver))
            }
            leftOvers.removeAll(keepingCapacity: true)
        }
        for connection in unflushed {
            connection.flush()
        }
        unflushed.removeAll(keepingCapacity: true)
        peers?.flush()
        timer.arm(at: machine.nextDeadline, on: eventLoop) { self.expire() }
        if let completion = drained, machine.workCount == 0 {
            drained = nil
            completion()
        }
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

    private func carryOut(_ effect: ShardEffect) {
        switch effect {
        case .send(let request, let node, let call):
            send(request, to: node, call: call)
        case .answer(let response, let caller):
            answer(response, to: caller)
        case .reply(let response, let caller):
            reply(response, to: caller)
        case .load(let call, let token, let key):
            load(call, token: token, key: key)
        case .store(let call, let operation):
            operations.append(StorageRunner.Operation(call: call, operation: operation))
        case .synchronise(let node):
            control(.synchronise(with: node))
        case .leftOver(let leftOver):
            leftOvers.append(leftOver)
        case .observe:
            // Facts for a door of metrics, which there is not yet.
            break
        }
    }

    private func send(_ request: ReplicaRequest, to node: NodeID, call: CallID) {
        let outcome = peers?.send(to: node, kind: .replica, requestID: call.rawValue) { request.encode(into: &$0) }
        if outcome != .queued {
            consequences.append(.notSent(call))
        }
    }

    private func answer(_ response: ReplicaResponse, to caller: Caller) {
        guard case .peer(let id, let requestID) = caller, let connection = inbound[id] else { return }
        if connection.reply(kind: .replica, requestID: requestID, { response.encode(into: &$0) }) {
            unflushed.append(connection)
        }
    }

    private func reply(_ response: Response, to caller: Caller) {
        switch caller {
        case .client(let slot):
            callers.remove(SlotID(rawValue: slot))?(response)
        case .peer(let id, let requestID):
            guard let connection = inbound[id] else { return }
            let isUnflushed =
                connection.isPeer
                ? connection.reply(kind: .replica, requestID: requestID) {
                    ReplicaResponse.coordinated(response).encode(into: &$0)
                }
                : connection.reply(kind: .request, requestID: requestID) { response.encode(into: &$0) }
            if isUnflushed {
                unflushed.append(connection)
            }
        }
    }

    /// Reads from memory at once, and leaves what must touch the disk to a thread.
    private func load(_ call: CallID, token: UInt64, key: ByteBuffer) {
        do throws(StorageFailure) {
            switch try storage.reader.readIfCached(token: token, key: key) {
            case .found(let object):
                consequences.append(.loaded(call, .success(object)))
            case .absent:
                consequences.append(.loaded(call, .success(nil)))
            case .wouldBlock:
                storage.read(token: token, key: key) { result in
                    self.eventLoop.execute {
                        self.handle(.loaded(call, result))
                        self.finishBatch()
                    }
                }
            }
        } catch {
            consequences.append(.loaded(call, .failure(error)))
        }
    }
}

extension ShardRunner: StoreAsker {}

extension ShardRunner: PeerConnectionsDelegate {
    func peers(_ peers: PeerConnections, received frame: Frame, from peer: NodeID) {
        guard frame.kind == .replica, frame.flags.contains(.reply) else { return }
        var payload = frame.payload
        let call = CallID(rawValue: frame.requestID)
        do {
            guard !frame.flags.contains(.failure) else {
                let failure = try RequestFailure(decoding: &payload)
                logger.warning("\(peer) does not answer: \(failure)")
                handle(.answered(call, .failed))
                return
            }
            handle(.answered(call, try ReplicaResponse(decoding: &payload)))
        } catch {
            logger.warning("an answer of \(peer) cannot be read: \(error)")
            handle(.answered(call, .failed))
        }
    }

    func peersReadComplete(_ peers: PeerConnections, from peer: NodeID) {
        finishBatch()
    }

    func peers(_ peers: PeerConnections, reached peer: NodeID) {
        handle(.reached(peer))
        finishBatch()
    }

    func peers(_ peers: PeerConnections, lost peer: NodeID, reason: ConnectionCloseReason) {
        handle(.lost(peer))
        finishBatch()
    }
}
