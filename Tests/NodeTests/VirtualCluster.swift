import Causality
import Coordinator
import Gossip
import Handoff
import Hashing
import Machine
import Node
import Ring
import Storage
import Wire

/// A cluster of whole nodes in one thread: the machines, codecs and engines of production on a network, disks and a clock
/// of a test's own. A run is a function of its seed.
final class VirtualCluster {
    /// What the network and the disks are like.
    struct Options {
        var seed: UInt64 = 1
        var partitions = 32
        var replicas = 3
        /// Lost datagrams in a thousand; frames are lost with their connection only.
        var datagramLoss: UInt64 = 0
        /// Nanoseconds that a message takes, at least and beyond that at most.
        var delay: (least: Int64, spread: UInt64) = (50_000, 400_000)
        /// Nanoseconds that a commit takes.
        var commitDelay: (least: Int64, spread: UInt64) = (100_000, 900_000)
        var shards = 2
    }

    /// A message or an event on its way; it is for one life of one host.
    enum Delivery {
        case event(NodeEvent)
        case commit
        /// The system notices that the connections to a host, in that life of it, are gone.
        case loss(of: Int, life: Int)
        /// Connections to a host are made anew, if they can be.
        case connection(to: Int)
    }

    struct Scheduled {
        var time: Instant
        var sequence: UInt64
        var host: Int
        var life: Int
        var delivery: Delivery
    }

    /// A connection that somebody opened: whoever asks over it has the answer on that lane, or as a push-pull.
    struct Connection: Hashable {
        var asker: Int
        var life: Int
        var lane: Int?
    }

    static let cluster = "virtual"
    static let firstWall: UInt64 = 1_700_000_000_000

    let options: Options
    let ring: RingConfiguration
    var now = Instant.zero
    var hosts: [VirtualHost] = []
    var generator: SeededGenerator
    /// Grows with everything that happens to anyone, in order.
    private(set) var trace: UInt64 = 0
    private(set) var eventCount = 0
    /// Told by nodes, for tests that look for it.
    var observations: [(host: Int, observation: NodeObservation)] = []

    private var heap: [Scheduled] = []
    private var nextSequence: UInt64 = 0
    private var connections: [Connection] = []
    private var connectionNumbers: [Connection: UInt32] = [:]
    /// Pairs, smaller first, between which nothing passes.
    private var cuts: Set<[Int]> = []
    /// Directed pairs between which no connection is open: sending fails at once.
    private var closed: Set<[Int]> = []
    /// Frames that a cut holds up until it heals, or is noticed.
    private var held: [(pair: [Int], frame: Scheduled)] = []
    private var replies: [UInt64: Response] = [:]
    /// Which life of which host each client's request went to.
    private var clients: [UInt64: (host: Int, life: Int)] = [:]
    private var nextClient: UInt64 = 1
    private var effects = Effects<NodeEffect>()

    init(_ options: Options = Options()) {
        self.options = options
        guard let ring = RingConfiguration(partitions: options.partitions, replicas: options.replicas) else {
            preconditionFailure("a ring of \(options.partitions) partitions")
        }
        self.ring = ring
        generator = SeededGenerator(seed: options.seed)
    }

    // MARK: - Hosts

    /// Makes a host with a new identity and starts a node on it: the first of the cluster, or one that joins through a seed.
    @discardableResult
    func add(joining seed: Int? = nil, weight: UInt32 = 100) throws -> Int {
        let index = hosts.count
        let id = NodeID(from: &generator)
        hosts.append(VirtualHost(index: index, id: id))
        var membership = Membership()
        if let seed, let other = hosts[seed].node {
            var bytes = ByteBuffer()
            other.exchange.encode(into: &bytes)
            membership = try MembershipExchange(decoding: &bytes).membership
        }
        let record = Member(
            id: id, name: "host-\(index)", host: hosts[index].address.host, port: hosts[index].address.port,
            weight: weight, state: seed == nil ? .up : .joining,
            holdings: seed == nil ? .all(of: ring.partitions) : .none(of: ring.partitions))
        _ = try NodeHome.create(
            record, joining: membership, cluster: Self.cluster, ring: ring, in: VirtualHost.directory,
            on: hosts[index].fileSystem)
        try start(index, seeds: seed.map { [hosts[$0].address] } ?? [])
        return index
    }

    /// Starts the node that is at home on a host's disk.
    func start(_ index: Int, seeds: [GossipAddress] = []) throws {
        let fileSystem = hosts[index].fileSystem
        guard let home = try NodeHome.open(in: VirtualHost.directory, on: fileSystem, run: generator.next()) else {
            preconditionFailure("nobody is at home on host \(index)")
        }
        var log = LogEngine.Configuration()
        log.segmentByteCount = 1 << 16
        log.preallocationByteCount = 4 << 10
        log.reservedByteCount = 0
        let engine = try LogEngine(fileSystem, directory: VirtualHost.directory + "/store", configuration: log)
        var configuration = NodeConfiguration(control: ControlConfiguration(cluster: Self.cluster, ring: ring))
        configuration.shards = options.shards
        let node = try Node(home: home, engine: engine, configuration: configuration, seed: generator.next())
        hosts[index].node = node
        for other in hosts.indices where other != index {
            closed.remove([index, other])
            schedule(.connection(to: index), on: other, after: 100_000_000)
        }
        deliver(.event(.start(seeds: seeds)), to: index)
    }

    /// A power cut: what the host has not synced is lost or torn.
    func crash(_ index: Int) {
        leave(index)
        hosts[index].fileSystem.crash(using: &generator)
    }

    /// A clean stop.
    func stop(_ index: Int) throws {
        try hosts[index].node?.close()
        leave(index)
        hosts[index].fileSystem.endProcess()
    }

    private func leave(_ index: Int) {
        guard hosts[index].node != nil else { return }
        hosts[index].node = nil
        hosts[index].deadline = nil
        hosts[index].life += 1
        hosts[index].isCommitting = false
        for other in hosts.indices where other != index {
            // The system of the host answers for a process that has died, where it can be reached.
            schedule(.loss(of: index, life: hosts[index].life - 1), on: other, after: 1_000_000)
        }
    }

    // MARK: - Faults of the network

    func isCut(_ first: Int, _ second: Int) -> Bool {
        cuts.contains([min(first, second), max(first, second)])
    }

    /// Nothing passes between the groups from now on; a connection notices after two seconds.
    func partition(_ group: [Int], from others: [Int]) {
        for first in group {
            for second in others {
                cuts.insert([min(first, second), max(first, second)])
                // Whoever is added later is cut off from the start.
                guard max(first, second) < hosts.count else { continue }
                for (asker, asked) in [(first, second), (second, first)] {
                    schedule(.loss(of: asked, life: hosts[asked].life), on: asker, after: 2_000_000_000)
                }
            }
        }
    }

    /// Everything passes again; connections are made anew within a second.
    func heal() {
        for pair in cuts.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for (asker, asked) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                schedule(.connection(to: asked), on: asker, after: 500_000_000)
            }
        }
        cuts = []
        for (_, frame) in held {
            push(frame, at: now.advanced(byNanoseconds: delay()))
        }
        held = []
    }

    // MARK: - Time

    /// Lets everything happen that is due within a span of time.
    func run(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while step(until: end) {}
        now = end
    }

    /// Lets things happen until a condition holds; whether it did in time.
    func run(within limit: Duration, until isReached: () -> Bool) -> Bool {
        let end = now.advanced(by: limit)
        while !isReached() {
            guard step(until: end) else {
                now = end
                return isReached()
            }
        }
        return true
    }

    /// Lets the next thing happen; `false` where nothing is due by then.
    private func step(until end: Instant) -> Bool {
        var timer: (time: Instant, host: Int)?
        for host in hosts {
            if let deadline = host.deadline, timer.map({ deadline < $0.time }) ?? true {
                timer = (max(deadline, now), host.index)
            }
        }
        if let first = heap.first, timer.map({ first.time <= $0.time }) ?? true {
            guard first.time <= end else { return false }
            now = max(now, first.time)
            let next = popFirst()
            if hosts[next.host].life == next.life {
                deliver(next.delivery, to: next.host)
            }
            return true
        }
        guard let timer, timer.time <= end else { return false }
        now = timer.time
        expire(timer.host)
        return true
    }

    func schedule(_ delivery: Delivery, on host: Int, after nanoseconds: Int64) {
        let time = now.advanced(byNanoseconds: nanoseconds)
        push(Scheduled(time: time, sequence: 0, host: host, life: hosts[host].life, delivery: delivery), at: time)
    }

    /// Sends a frame over a connection: it is held up where the two are cut off from each other.
    private func transmit(_ event: NodeEvent, from index: Int, to other: Int) {
        guard isCut(index, other) else {
            schedule(.event(event), on: other, after: delay())
            return
        }
        let frame = Scheduled(
            time: now, sequence: 0, host: other, life: hosts[other].life, delivery: .event(event))
        held.append(([index, other], frame))
    }

    private func lose(_ other: Int, _ life: Int, from index: Int) {
        guard isCut(index, other) || hosts[other].life != life, !closed.contains([index, other]) else { return }
        closed.insert([index, other])
        held.removeAll { $0.pair == [index, other] || $0.pair == [other, index] }
        deliver(.event(.lost(hosts[other].id)), to: index)
    }

    private func connect(to other: Int, from index: Int) {
        guard !isCut(index, other), hosts[other].node != nil, closed.remove([index, other]) != nil else { return }
        deliver(.event(.reached(hosts[other].id)), to: index)
    }

    // MARK: - Events

    private func expire(_ index: Int) {
        guard let node = hosts[index].node else { return }
        note(1, index)
        setWall(of: node, index)
        node.expire(at: now, into: &effects)
        carryOut(from: index)
    }

    private func deliver(_ delivery: Delivery, to index: Int) {
        guard let node = hosts[index].node else { return }
        setWall(of: node, index)
        switch delivery {
        case .commit:
            note(2, index)
            hosts[index].isCommitting = false
            hosts[index].commitFailure = node.commit(at: now, into: &effects)
        case .event(let event):
            note(event, index)
            node.receive(event, at: now, into: &effects)
        case .loss(let other, let life):
            lose(other, life, from: index)
        case .connection(let other):
            connect(to: other, from: index)
        }
        carryOut(from: index)
    }

    private func setWall(of node: Node, _ index: Int) {
        let milliseconds = now.nanoseconds / 1_000_000 + hosts[index].wallSkew
        node.wall = UInt64(max(Int64(Self.firstWall) + milliseconds, 0))
    }

    private func carryOut(from index: Int) {
        hosts[index].deadline = hosts[index].node?.nextDeadline
        for effect in effects.takeAll() {
            switch effect {
            case .send(let bytes, let address):
                guard let to = host(at: address), !isCut(index, to), !generator.chance(options.datagramLoss, in: 1000)
                else { break }
                schedule(.event(.datagram(bytes, from: hosts[index].address)), on: to, after: delay())
            case .ask(let frame, let node, let lane):
                let to = hosts.firstIndex { $0.id == node }
                guard let to, !closed.contains([index, to]) else {
                    schedule(.event(.notSent(frame, to: node, lane: lane)), on: index, after: 0)
                    break
                }
                ask(frame, from: index, to: to, lane: lane)
            case .pushPull(let frame, let address):
                if let to = host(at: address), !isCut(index, to), !closed.contains([index, to]) {
                    ask(frame, from: index, to: to, lane: nil)
                }
            case .answer(let frame, let number):
                answer(frame, from: index, connections[Int(number)])
            case .reply(let response, let client):
                replies[client] = Self.recoded(response)
            case .observe(let observation):
                observations.append((index, observation))
            }
        }
        if let node = hosts[index].node, node.hasUncommitted, !hosts[index].isCommitting, !hosts[index].isDiskStuck {
            hosts[index].isCommitting = true
            let time = options.commitDelay.least + Int64(generator.below(options.commitDelay.spread))
            schedule(.commit, on: index, after: time)
        }
    }

    func ask(_ frame: Frame, from index: Int, to other: Int, lane: Int?) {
        let connection = Connection(asker: index, life: hosts[index].life, lane: lane)
        let number: UInt32
        if let known = connectionNumbers[connection] {
            number = known
        } else {
            number = UInt32(connections.count)
            connections.append(connection)
            connectionNumbers[connection] = number
        }
        transmit(.asked(frame, by: hosts[index].id, connection: number), from: index, to: other)
    }

    private func answer(_ frame: Frame, from index: Int, _ connection: Connection) {
        let asker = connection.asker
        guard hosts[asker].life == connection.life else { return }
        let event: NodeEvent =
            connection.lane.map { .answered(frame, by: hosts[index].id, lane: $0) } ?? .pushPullAnswered(frame)
        transmit(event, from: index, to: asker)
    }

    private func delay() -> Int64 {
        options.delay.least + Int64(generator.below(options.delay.spread))
    }

    private func host(at address: GossipAddress) -> Int? {
        hosts.firstIndex { $0.address == address && $0.node != nil }
    }

    // MARK: - Clients

    /// Hands a request to a node and goes on; the answer is for ``answer(to:)``.
    func submit(_ request: Request, to index: Int) -> UInt64 {
        let client = nextClient
        nextClient += 1
        clients[client] = (index, hosts[index].life)
        deliver(.event(.request(Self.recoded(request), client: client)), to: index)
        return client
    }

    func answer(to client: UInt64) -> Response? { replies[client] }

    /// Whether the node that the client asked has died since, so that no answer will come.
    func isGone(_ client: UInt64) -> Bool {
        clients[client].map { hosts[$0.host].life != $0.life } ?? true
    }

    // MARK: - The trace

    private func note(_ event: NodeEvent, _ index: Int) {
        switch event {
        case .datagram(let bytes, _): note(3, index, bytes)
        case .asked(let frame, _, _): note(4, index, frame.payload)
        case .answered(let frame, _, _): note(5, index, frame.payload)
        case .pushPullAnswered(let frame): note(6, index, frame.payload)
        case .notSent(let frame, _, _): note(7, index, frame.payload)
        case .reached: note(8, index)
        case .lost: note(9, index)
        case .start: note(10, index)
        case .request(let request, _): note(11, index, request.key)
        }
    }

    private func note(_ kind: UInt8, _ index: Int, _ bytes: ByteBuffer = ByteBuffer()) {
        eventCount += 1
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(trace, now.nanoseconds, UInt64(index), kind)
        buffer.writeImmutableBuffer(bytes)
        trace = Murmur3.hash128(buffer).0
    }

    // MARK: - The heap

    private static func isBefore(_ left: Scheduled, _ right: Scheduled) -> Bool {
        left.time != right.time ? left.time < right.time : left.sequence < right.sequence
    }

    private func push(_ item: Scheduled, at time: Instant) {
        var item = item
        item.time = time
        item.sequence = nextSequence
        nextSequence += 1
        heap.append(item)
        var child = heap.count - 1
        while child > 0, Self.isBefore(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func popFirst() -> Scheduled {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < heap.count else { return first }
            if least + 1 < heap.count, Self.isBefore(heap[least + 1], heap[least]) {
                least += 1
            }
            guard Self.isBefore(heap[least], heap[parent]) else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
