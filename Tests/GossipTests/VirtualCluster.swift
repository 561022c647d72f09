import Machine
import Testing

@testable import Gossip

/// A cluster in memory: a queue of deliveries by (time, sequence), and no clock but the queue's.
struct VirtualCluster {
    struct Node {
        var machine: Gossip
        let id: NodeID
        var address: GossipAddress
        var isUp = true
        /// While paused, what came waits here.
        var unread: [(action: Action, life: Int)]?
        var life = 0
        /// What is on the node's disk.
        var persisted: UInt64 = 0
        var observations: [(at: Instant, what: GossipObservation)] = []
        var timer: Instant?
    }

    enum Action {
        case timer(Int)
        case datagram(GossipDatagram, from: Int, to: Int)
        case pushPull(GossipState, from: Int, to: Int)
        case answer(GossipState, from: Int, to: Int)
        case persisted(UInt64, Int)

        var recipient: Int {
            switch self {
            case .timer(let node), .persisted(_, let node): node
            case .datagram(_, _, let node), .pushPull(_, _, let node), .answer(_, _, let node): node
            }
        }
    }

    private struct Delivery {
        let time: Instant
        let sequence: Int
        let life: Int
        let action: Action

        static func < (left: Delivery, right: Delivery) -> Bool {
            left.time != right.time ? left.time < right.time : left.sequence < right.sequence
        }
    }

    let configuration: GossipConfiguration
    var nodes: [Node] = []
    var now = Instant.zero
    /// Datagrams lost, in thousandths.
    var lossPerMille: UInt64 = 0
    /// The delay of each datagram, in nanoseconds.
    var delay: ClosedRange<Int64> = 200_000...2_000_000
    /// Nodes in different groups cannot reach each other; empty: all can.
    var groups: [Int] = []
    /// Whether each datagram goes through its bytes.
    var isEncoding = false
    private(set) var datagramCount = 0
    private(set) var largestDatagram = 0
    /// A hash of every effect in order, and of its time.
    private(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
    var isHashing = false
    /// Each ping, as it leaves.
    var onPing: ((Instant, NodeID, NodeID) -> Void)?

    private var generator: SeededGenerator
    private var heap: [Delivery] = []
    private var sequence = 0
    private var addresses: [GossipAddress: Int] = [:]

    init(_ count: Int, configuration: GossipConfiguration = GossipConfiguration(), seed: UInt64) {
        self.configuration = configuration
        generator = SeededGenerator(seed: seed)
        for _ in 0..<count {
            add()
        }
    }

    static func address(_ number: Int) -> GossipAddress {
        .literal("10.0.\(number / 250).\(number % 250 + 1)", 7400)
    }

    /// A node that does nothing yet.
    @discardableResult
    mutating func add(at address: GossipAddress? = nil) -> Int {
        let id = NodeID(from: &generator)
        let address = address ?? Self.address(nodes.count)
        let machine = Gossip(
            id: id, address: address, metadata: ByteBuffer(string: "node \(nodes.count)"), cluster: .test,
            configuration: configuration, seed: generator.next())
        nodes.append(Node(machine: machine, id: id, address: address))
        addresses[address] = nodes.count - 1
        return nodes.count - 1
    }

    /// Everyone joins by the first node, at random times within `span`, and the cluster runs until all know all.
    mutating func form(within span: Duration = .seconds(1)) {
        join(0, [])
        for index in nodes.indices.dropFirst() {
            join(index, [nodes[0].address])
        }
        run(for: span)
        for _ in 0..<40 {
            guard !isComplete else { return }
            run(for: .seconds(5))
        }
    }

    /// Everyone starts, and knows all others from the beginning.
    mutating func formAtOnce() {
        for index in nodes.indices {
            join(index, [])
        }
        run(for: .milliseconds(10))
        let everyone = GossipState(
            cluster: .test, sender: .zero, members: nodes.map { GossipUpdate($0.machine.own) })
        for index in nodes.indices {
            receive(.pushPullAnswered(everyone), at: index)
        }
        run(for: .seconds(20))
    }

    /// Whether every node that is up sees every other that is up alive, and no other.
    var isComplete: Bool {
        let up = nodes.filter { $0.isUp && $0.machine.isTakingPart }
        let ids = Set(up.map(\.id))
        return up.allSatisfy { node in
            let seen = node.machine.table.entries.lazy.compactMap { $0?.member }.filter { $0.status == .alive }
            return seen.count == up.count - 1 && seen.allSatisfy { ids.contains($0.id) }
        }
    }

    mutating func join(_ index: Int, _ seeds: [GossipAddress]) {
        receive(.join(seeds: seeds), at: index)
    }

    mutating func crash(_ index: Int) {
        nodes[index].isUp = false
        nodes[index].life += 1
        nodes[index].timer = nil
        nodes[index].unread = nil
    }

    /// Starts a node that crashed, with what is on its disk or with `restoring`.
    mutating func restart(
        _ index: Int, at address: GossipAddress? = nil, restoring: UInt64? = nil, seeds: [GossipAddress]
    ) {
        if let address {
            if addresses[nodes[index].address] == index {
                addresses[nodes[index].address] = nil
            }
            nodes[index].address = address
        }
        addresses[nodes[index].address] = index
        nodes[index].machine = Gossip(
            id: nodes[index].id, address: nodes[index].address, metadata: ByteBuffer(string: "node \(index)"),
            cluster: .test, restoredIncarnation: restoring ?? nodes[index].persisted, configuration: configuration,
            seed: generator.next())
        nodes[index].isUp = true
        join(index, seeds)
    }

    mutating func pause(_ index: Int) {
        nodes[index].unread = []
    }

    /// Goes on: first what was read from the clock, then what waits in the sockets, or the other way round.
    mutating func resume(_ index: Int, timersFirst: Bool) {
        let unread = nodes[index].unread ?? []
        nodes[index].unread = nil
        nodes[index].timer = nil
        if timersFirst {
            expire(index)
        }
        for (action, life) in unread where life == nodes[index].life {
            deliver(action)
        }
        expire(index)
    }

    mutating func receive(_ event: GossipEvent, at index: Int) {
        var effects = Effects<GossipEffect>()
        nodes[index].machine.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), of: index)
    }

    mutating func run(for duration: Duration) {
        let end = now.advanced(by: duration)
        while let first = heap.first, first.time <= end {
            let delivery = popFirst()
            now = delivery.time
            let index = delivery.action.recipient
            guard nodes[index].isUp, nodes[index].life == delivery.life else { continue }
            if nodes[index].unread != nil {
                if case .timer = delivery.action { continue }
                nodes[index].unread?.append((delivery.action, delivery.life))
            } else {
                deliver(delivery.action)
            }
        }
        now = end
    }

    private mutating func deliver(_ action: Action) {
        switch action {
        case .timer(let index):
            guard nodes[index].timer == now else { return }
            nodes[index].timer = nil
            expire(index)
        case .datagram(let datagram, let from, let to):
            receive(.received(datagram, from: nodes[from].address), at: to)
        case .pushPull(let state, let from, let to):
            receive(.pushPullRequested(state, PushPullID(rawValue: UInt64(from))), at: to)
        case .answer(let state, _, let to):
            receive(.pushPullAnswered(state), at: to)
        case .persisted(let value, let index):
            nodes[index].persisted = max(nodes[index].persisted, value)
            receive(.incarnationPersisted(value), at: index)
        }
    }

    private mutating func expire(_ index: Int) {
        var effects = Effects<GossipEffect>()
        nodes[index].machine.expire(at: now, into: &effects)
        carryOut(effects.takeAll(), of: index)
    }

    private func areCut(_ left: Int, _ right: Int) -> Bool {
        !groups.isEmpty && groups[left] != groups[right]
    }

    private mutating func carryOut(_ effects: [GossipEffect], of index: Int) {
        for effect in effects {
            if isHashing {
                hash("\(now) \(index) \(effect)")
            }
            switch effect {
            case .send(let datagram, let address):
                send(datagram, from: index, to: address)
            case .pushPull(let state, let address):
                if let to = addresses[address], nodes[to].isUp, !areCut(index, to) {
                    schedule(.pushPull(state, from: index, to: to), after: 2_000_000)
                }
            case .answerPushPull(let id, let state):
                let to = Int(id.rawValue)
                if !areCut(index, to) {
                    schedule(.answer(state, from: index, to: to), after: 2_000_000)
                }
            case .refusePushPull:
                break
            case .persistIncarnation(let value):
                schedule(.persisted(value, index), after: 5_000_000)
            case .observe(let observation):
                nodes[index].observations.append((now, observation))
            }
        }
        if let deadline = nodes[index].machine.nextDeadline, nodes[index].timer != deadline {
            nodes[index].timer = max(deadline, now)
            push(Delivery(time: max(deadline, now), sequence: sequence, life: nodes[index].life, action: .timer(index)))
        }
    }

    private mutating func send(_ datagram: GossipDatagram, from index: Int, to address: GossipAddress) {
        datagramCount += 1
        if let onPing, case .ping(_, let source, let target, _) = datagram.message {
            onPing(now, source, target)
        }
        var datagram = datagram
        if isEncoding {
            var buffer = ByteBuffer()
            datagram.encode(into: &buffer)
            largestDatagram = max(largestDatagram, buffer.readableBytes)
            do {
                datagram = try GossipDatagram(decoding: &buffer)
            } catch {
                Issue.record("a datagram of our own is refused: \(error)")
            }
        }
        guard let to = addresses[address], nodes[to].isUp, !areCut(index, to) else { return }
        if lossPerMille > 0, generator.chance(lossPerMille, in: 1000) { return }
        let spread = UInt64(delay.upperBound - delay.lowerBound + 1)
        schedule(.datagram(datagram, from: index, to: to), after: delay.lowerBound + Int64(generator.below(spread)))
    }

    private mutating func schedule(_ action: Action, after nanoseconds: Int64) {
        let life = nodes[action.recipient].life
        push(
            Delivery(time: now.advanced(byNanoseconds: nanoseconds), sequence: sequence, life: life, action: action))
    }

    private mutating func hash(_ text: String) {
        for byte in text.utf8 {
            traceHash = (traceHash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
    }

    // MARK: The queue

    private mutating func push(_ delivery: Delivery) {
        sequence += 1
        heap.append(delivery)
        var place = heap.count - 1
        while place > 0, heap[place] < heap[(place - 1) / 2] {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func popFirst() -> Delivery {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != place else { return first }
            heap.swapAt(place, least)
            place = least
        }
    }
}

extension VirtualCluster {
    func status(of target: Int, at observer: Int) -> GossipMember.Status? {
        nodes[observer].machine.member(nodes[target].id)?.status
    }

    /// How many nodes that are up, beside the target itself, see it so.
    func count(seeing target: Int, as status: GossipMember.Status?) -> Int {
        nodes.indices.filter { $0 != target && nodes[$0].isUp && self.status(of: target, at: $0) == status }.count
    }

    /// All observations of a kind, at all nodes, from `start` on.
    func observations<Value>(
        from start: Instant = .zero, _ pick: (GossipObservation) -> Value?
    ) -> [(at: Instant, node: Int, what: Value)] {
        nodes.indices.flatMap { index in
            nodes[index].observations.compactMap { entry in
                entry.at >= start ? pick(entry.what).map { (entry.at, index, $0) } : nil
            }
        }
    }

    /// The members called unreachable since `start`.
    func deaths(from start: Instant = .zero) -> [(at: Instant, node: Int, what: NodeID)] {
        observations(from: start) { if case .unreachable(let member) = $0 { member.id } else { nil } }
    }
}

extension ClusterTag {
    static let test = ClusterTag(name: "test")
}

extension GossipAddress {
    /// An address whose host is known to be right.
    static func literal(_ host: String, _ port: UInt16) -> GossipAddress {
        guard let address = GossipAddress(host: host, port: port) else { preconditionFailure("\(host) is no host") }
        return address
    }
}
