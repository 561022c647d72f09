import Causality
import Coordinator
import Gossip
import Machine
import Node
import Ring
import Storage
import Wire

/// Hosts, their disks and clocks, and the network between them: whole production nodes, in one thread, in simulated time.
///
/// A run is a function of the seed and of what is asked for. All that happens comes from ``schedule``, and all randomness
/// from ``generator``.
final class World {
    static let cluster = "simulated"
    /// The most hosts, those that join in the course of a run included.
    static let hostLimit = 16
    /// What the wall clocks show at the beginning, in milliseconds since 1970.
    static let firstWall: Int64 = 1_700_000_000_000

    let options: WorldOptions
    let ring: RingConfiguration
    var schedule = Schedule<WorldEvent>()
    /// Nanoseconds since the beginning.
    var now: Int64 = 0
    var hosts: [SimulatedHost] = []
    /// There is, or was, a host on a copy of another's disk.
    var hasClones = false
    /// Where every identity lives that there ever was; only looked up.
    var hostOfNode: [NodeID: Int] = [:]
    var generator: SeededGenerator
    var conditions = NetworkConditions()
    var marks = Marks()
    var trace = TraceHash()
    var eventCount = 0
    /// Which host asked for what, for whoever wants to read the run.
    var tracer: ((String) -> Void)?
    /// What went wrong, and what ended it, for a story.
    private(set) var incidents: [(time: Int64, what: String)] = []
    private static let incidentLimit = 4096
    /// Hosts whose process ended since somebody looked, with the life that it was.
    var ended: [(host: Int, life: UInt32)] = []

    /// By asker and asked.
    var links: [Link] = []
    var connections: [Connection] = []
    /// How many faults keep a directed pair apart.
    var blocked = [UInt8](repeating: 0, count: World.hostLimit * World.hostLimit)
    /// Until when a directed pair's packets are kept.
    var cloggedUntil = [Int64](repeating: 0, count: World.hostLimit * World.hostLimit)

    /// How many faults keep the frames of a link's lane for members and whole partitions.
    var stalledControl = [UInt8](repeating: 0, count: World.hostLimit * World.hostLimit)

    /// Until when clients come ten times as often.
    var hurryUntil: Int64 = 0
    /// Hints and rings since somebody looked.
    var hintNotes: [HintNote] = []
    /// A node has gone by another ring since somebody looked.
    var hasRingChanged = false

    /// What ``mergedRing`` was when somebody asked last.
    var lastMergedRing: Ring?

    private var effects = Effects<NodeEffect>()

    init(options: WorldOptions, seed: UInt64) {
        self.options = options
        ring = options.ring
        generator = SeededGenerator(seed: seed)
        links = Array(repeating: Link(lanes: options.shards + 1), count: Self.hostLimit * Self.hostLimit)
    }

    /// Now, as machines are told it.
    var instant: Instant { Instant(nanoseconds: now) }

    /// The hosts on which a node runs.
    var running: [Int] { hosts.indices.filter { hosts[$0].node != nil } }

    static func pair(_ from: Int, _ to: Int) -> Int { from * hostLimit + to }

    /// The place in the order of the schedule so many nanoseconds from now.
    func after(_ nanoseconds: Int64, _ event: consuming WorldEvent) {
        schedule.insert(event, at: now + max(nanoseconds, 0))
    }

    /// A duration between two, each order of magnitude as likely as another.
    func logUniform(_ range: ClosedRange<Int64>) -> Int64 {
        generator.logUniform(range)
    }

    // MARK: - Events of hosts

    /// Hands a host what is for it, now or when it gets to it.
    func hand(_ event: consuming HostEvent, to host: SimulatedHost, life: UInt32) {
        guard host.life == life, host.node != nil else { return }
        guard host.busyUntil <= now, !host.hasBacklog else {
            host.backlog.append(event)
            host.lastBusy = max(host.busyUntil, now)
            wake(host)
            return
        }
        carryOut(event, at: host)
    }

    /// A host that was busy goes on.
    func wake(index: Int) {
        let host = hosts[index]
        host.isWakeScheduled = false
        guard host.node != nil else { return }
        while host.busyUntil <= now, let event = host.popBacklog() {
            carryOut(event, at: host)
        }
        if host.hasBacklog {
            wake(host)
        }
    }

    private func wake(_ host: SimulatedHost) {
        guard !host.isWakeScheduled else { return }
        host.isWakeScheduled = true
        schedule.insert(.wake(host: Int32(host.index)), at: max(host.busyUntil, now))
    }

    private func carryOut(_ event: consuming HostEvent, at host: SimulatedHost) {
        guard let node = host.node else { return }
        if case .timer(let generation) = event {
            guard generation == host.timerGeneration else { return }
            host.timer = .max
            guard let deadline = node.nextDeadline, deadline.nanoseconds <= now else {
                armTimer(of: host, node)
                return
            }
        }
        eventCount += 1
        setWall(of: node, host)
        if host.eventCost > 0 {
            host.busyUntil = now + host.eventCost
        }
        switch consume event {
        case .timer:
            note(1, host)
            node.expire(at: instant, into: &effects)
        case .commit:
            note(2, host)
            host.isCommitting = false
            let failure = node.commit(at: instant, into: &effects)
            if host.diskFaults.hasLostPower {
                _ = effects.takeAll()
                marks.count(.powerCutInCommit)
                end(host, by: .powerCut)
                return
            }
            if let failure {
                marks.count(.failedCommit)
                host.failure = failure
            }
        case .node(let event):
            note(event, host)
            node.receive(event, at: instant, into: &effects)
        }
        carryOutEffects(of: host, node)
    }

    private func carryOutEffects(of host: SimulatedHost, _ node: Node) {
        effects.drain { effect in
            // A crash at an effect: those before it have happened, the others never will.
            if let left = host.effectsUntilCrash {
                guard left > 0 else { return }
                host.effectsUntilCrash = left - 1
            }
            carryOut(effect, of: host)
        }
        if host.effectsUntilCrash == 0 {
            marks.count(.crashAtEffect)
            end(host, by: host.isCrashPowerCut ? .powerCut : .kill)
            return
        }
        armTimer(of: host, node)
        if !host.isCommitting, node.hasUncommitted {
            host.isCommitting = true
            let time = (options.commitDelay.least + Int64(generator.below(options.commitDelay.spread)))
            after(time * host.commitFactor, .host(.commit, host: Int32(host.index), life: host.life))
        }
    }

    /// Keeps one timer for a node. One that is too early is found so when it is due; one that is too late is replaced.
    private func armTimer(of host: SimulatedHost, _ node: Node) {
        guard let deadline = node.nextDeadline else { return }
        let time = max(deadline.nanoseconds, now)
        guard time < host.timer else { return }
        host.timer = time
        host.timerGeneration &+= 1
        schedule.insert(
            .host(.timer(generation: host.timerGeneration), host: Int32(host.index), life: host.life), at: time)
    }

    private func carryOut(_ effect: consuming NodeEffect, of host: SimulatedHost) {
        switch consume effect {
        case .send(let bytes, let address):
            send(bytes, from: host, to: Int(address.port) - 1)
        case .ask(let frame, let node, let lane):
            ask(frame, of: node, lane: lane, from: host)
        case .pushPull(let frame, let address):
            pushPull(frame, from: host, to: Int(address.port) - 1)
        case .answer(let frame, let connection):
            answer(frame, over: Int(connection), from: host)
        case .reply(let response, let operation):
            after(clientDelay(), .reply(operation: Int(operation), Self.recoded(response)))
        case .observe(let observation):
            marks.count(observation)
            note(observation, host)
            tracer?("\(instant) host \(host.index): \(observation)")
        }
    }

    private func setWall(of node: Node, _ host: SimulatedHost) {
        node.wall = wall(of: host)
    }

    /// What a host's wall clock shows, in milliseconds since 1970.
    func wall(of host: SimulatedHost) -> UInt64 {
        let passed = now / 1_000_000
        return UInt64(max(Self.firstWall + passed + passed * host.wallDrift / 1_000_000 + host.wallSkew, 1))
    }

    // MARK: - Clients

    /// Sends a client's request to a node; the answer comes as ``WorldEvent/reply(operation:_:)``.
    func submit(_ request: Request, operation: Int, to index: Int) {
        let host = hosts[index]
        let event = NodeEvent.request(Self.recoded(request), client: UInt64(operation))
        after(clientDelay(), .host(.node(event), host: Int32(index), life: host.life))
    }

    /// A client's own network is a good one: what it waits for is the cluster.
    private func clientDelay() -> Int64 {
        options.packetDelay.least + Int64(generator.below(options.packetDelay.spread))
    }

    /// What a client sends is what a node is asked: through bytes.
    private static func recoded(_ request: Request) -> Request {
        var bytes = ByteBuffer()
        request.encode(into: &bytes)
        do {
            return try Request(decoding: &bytes)
        } catch {
            preconditionFailure("a request cannot be read again: \(error)")
        }
    }

    private static func recoded(_ response: Response) -> Response {
        var bytes = ByteBuffer()
        response.encode(into: &bytes)
        do {
            return try Response(decoding: &bytes)
        } catch {
            preconditionFailure("a response cannot be read again: \(error)")
        }
    }

    // MARK: - The trace

    /// Says that something has gone wrong, or right again.
    func report(_ what: String) {
        if incidents.count < Self.incidentLimit {
            incidents.append((now, what))
        }
        tracer?("\(instant) \(what)")
    }

    private func note(_ event: NodeEvent, _ host: SimulatedHost) {
        switch event {
        case .datagram(let bytes, _): note(3, host, bytes)
        case .asked(let frame, _, _): note(4, host, frame.payload)
        case .answered(let frame, _, _): note(5, host, frame.payload)
        case .pushPullAnswered(let frame): note(6, host, frame.payload)
        case .notSent(let frame, _, _): note(7, host, frame.payload)
        case .reached(let node): note(8 &+ node.low << 8, host)
        case .lost(let node): note(9 &+ node.low << 8, host)
        case .start: note(10, host)
        case .request(let request, _): note(11, host, request.key)
        }
        tracer?("\(instant) host \(host.index) < \(event)")
    }

    private func note(_ observation: NodeObservation, _ host: SimulatedHost) {
        switch observation {
        case .shard(.hinted(let owner, let key, let dot)):
            hintNotes.append(.kept(host: host.index, life: host.life, owner: owner, key: key, dot: dot))
        case .control(.ringChanged):
            if let ring = host.node?.view.ring {
                hintNotes.append(.ring(ring))
                hasRingChanged = true
            }
        default:
            break
        }
    }

    func note(_ kind: UInt64, _ host: SimulatedHost) {
        trace.mix(UInt64(bitPattern: now) ^ UInt64(host.index) << 56)
        trace.mix(kind)
    }

    private func note(_ kind: UInt64, _ host: SimulatedHost, _ bytes: ByteBuffer) {
        note(kind, host)
        trace.mix(bytes)
    }
}
