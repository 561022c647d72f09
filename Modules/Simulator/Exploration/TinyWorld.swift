import Causality
import Coordinator
import Gossip
import Hashing
import Machine
import Node
import Ring
import Storage
import Wire

/// The smallest cluster in which replication can go wrong: three nodes that all own one partition, one key, two clients.
///
/// The nodes are those of production, with the log engine on virtual disks. Time stands still but for ``TinyChoice/patience``;
/// gossip and memberships are left out, so that what remains is the path of requests, and its choices are few enough to try
/// all of them.
struct TinyWorld: ~Copyable {
    static let nodeCount = 3
    static let key = ByteBuffer(string: "k")
    private static let directory = "data"
    /// A frame on its way: first in, first out for each pair of nodes.
    struct Message {
        let frame: Frame
        let isAnswer: Bool
    }

    struct Host {
        let id: NodeID
        var fileSystem: VirtualFileSystem
        /// Its disk as it was at the beginning.
        let image: VirtualFileSystem
        var node: Node?
        /// A hash of everything that has happened to it, in order: two worlds in which it is the same at every host are alike.
        var past: UInt64 = 0
    }

    var hosts: [Host] = []
    /// By sender × ``nodeCount`` + receiver.
    var links: [[Message]] = Array(repeating: [], count: nodeCount * nodeCount)
    /// How often the connections of a pair were lost: what was asked over an earlier one is answered over none.
    private var connections: [UInt32] = Array(repeating: 0, count: nodeCount * nodeCount)
    /// The host that nobody reaches, and which reaches nobody.
    var isolated: Int?
    var clients: [TinyClient]
    var history = TinyHistory()
    /// What may still happen, of each kind of misfortune.
    var budget: TinyBudget
    private var now = Instant.zero
    private var effects = Effects<NodeEffect>()

    init(clients: [TinyClient], budget: TinyBudget) throws(StorageFailure) {
        self.clients = clients
        self.budget = budget
        guard let ring = RingConfiguration(partitions: 1, replicas: Self.nodeCount) else {
            preconditionFailure("a ring of one partition")
        }
        let members = (0..<Self.nodeCount).map { index in
            Member(
                id: NodeID(high: 1, low: UInt64(index)), name: "\(index)", host: "10.0.0.\(index + 1)", port: 7400,
                state: .up, holdings: .all(of: 1), run: UInt64(index))
        }
        for member in members {
            let fileSystem = VirtualFileSystem()
            _ = try NodeHome.create(
                member, joining: Membership(members), cluster: "tiny", ring: ring, in: Self.directory, on: fileSystem)
            hosts.append(Host(id: member.id, fileSystem: fileSystem, image: fileSystem.image()))
        }
        for index in hosts.indices {
            try start(index, ring)
        }
    }

    private mutating func start(_ index: Int, _ ring: RingConfiguration) throws(StorageFailure) {
        let fileSystem = hosts[index].fileSystem
        guard let home = try NodeHome.open(in: Self.directory, on: fileSystem, run: UInt64(index)) else {
            throw .notFound("the identity of node \(index)")
        }
        var log = LogEngine.Configuration()
        log.segmentByteCount = 1 << 16
        log.preallocationByteCount = 4 << 10
        log.reservedByteCount = 0
        var control = ControlConfiguration(cluster: "tiny", ring: ring)
        control.settleTimeout = .zero
        let engine = try LogEngine(fileSystem, directory: Self.directory + "/store", configuration: log)
        let node = try Node(
            home: home, engine: engine, configuration: NodeConfiguration(control: control), seed: UInt64(index))
        hosts[index].node = node
        node.receive(.start(seeds: []), at: now, into: &effects)
        node.expire(at: now, into: &effects)
        drop()
    }

    /// Leaves out what a node says of members.
    private mutating func drop() {
        _ = effects.takeAll()
    }

    // MARK: - What happens

    /// Hands an event to a node, and takes what it wants: frames go on their way, clients have their answers.
    private mutating func hand(_ event: NodeEvent, to index: Int, hash: UInt64) {
        guard let node = hosts[index].node else { return }
        note(hash, at: index)
        node.receive(event, at: now, into: &effects)
        carryOut(for: index)
    }

    private mutating func note(_ hash: UInt64, at index: Int) {
        hosts[index].past = (hosts[index].past ^ hash) &* 0x9e37_79b9_7f4a_7c15 &+ 1
    }

    private mutating func carryOut(for index: Int) {
        for effect in effects.takeAll() {
            switch effect {
            case .ask(let frame, let id, let lane):
                guard let other = hosts.firstIndex(where: { $0.id == id }) else { continue }
                if lane > 0 || isCut(index, other) {
                    hosts[index].node?.receive(.notSent(frame, to: id, lane: lane), at: now, into: &effects)
                    carryOut(for: index)
                } else {
                    links[index * Self.nodeCount + other].append(Message(frame: frame, isAnswer: false))
                }
            case .answer(let frame, let connection):
                let other = Int(connection) % Self.nodeCount
                let link = index * Self.nodeCount + other
                if connections[link] == connection / UInt32(Self.nodeCount), !isCut(index, other) {
                    links[link].append(Message(frame: frame, isAnswer: true))
                }
            case .reply(let response, let client):
                clients[Int(client)].take(response, &history)
            case .send, .pushPull, .observe:
                break
            }
        }
    }

    private func isCut(_ first: Int, _ second: Int) -> Bool {
        isolated.map { $0 == first || $0 == second } ?? false
    }

    /// What may happen next.
    var choices: [TinyChoice] {
        var choices: [TinyChoice] = []
        if budget.deliveries > 0 {
            choices += links.indices.filter { !links[$0].isEmpty }.map { .deliver($0) }
        }
        choices += clients.indices.filter { clients[$0].canBegin }.map { .begin($0) }
        for index in hosts.indices {
            if hosts[index].node?.hasUncommitted ?? false {
                choices.append(.commit(index))
            }
            if budget.crashes > 0 { choices.append(.crash(index)) }
            if budget.amnesias > 0 { choices.append(.amnesia(index)) }
            if budget.partitions > 0, isolated == nil { choices.append(.isolate(index)) }
        }
        if isolated != nil { choices.append(.heal) }
        if budget.patience > 0, clients.contains(where: \.isWaiting) { choices.append(.patience) }
        return choices
    }

    /// Lets one of the ``choices`` happen.
    mutating func apply(_ choice: TinyChoice) throws(StorageFailure) {
        switch choice {
        case .deliver(let link):
            budget.deliveries -= 1
            deliver(link)
        case .begin(let client):
            let (request, host) = clients[client].begin(client, &history)
            hand(.request(request, client: UInt64(client)), to: host, hash: UInt64(client) &+ 11)
        case .commit(let index):
            commit(index)
        case .crash(let index):
            budget.crashes -= 1
            try restart(index, on: hosts[index].fileSystem.image())
        case .amnesia(let index):
            budget.amnesias -= 1
            history.hasForgotten = true
            let disk = hosts[index].image.image()
            // It knows who it is, and which epochs it has had: an older identity is a restored backup, which needs peers
            // that tell it so.
            if let identity = try IdentityFile.open(in: Self.directory, on: hosts[index].fileSystem) {
                try IdentityFile.open(in: Self.directory, on: disk)?.update { $0 = identity.identity }
            }
            try restart(index, on: disk)
        case .isolate(let index):
            budget.partitions -= 1
            isolated = index
            for other in hosts.indices where other != index {
                lose(index, other)
            }
        case .heal:
            heal()
        case .patience:
            budget.patience -= 1
            now = now.advanced(by: .milliseconds(700))
            for index in hosts.indices {
                note(29, at: index)
                hosts[index].node?.expire(at: now, into: &effects)
                carryOut(for: index)
            }
        }
    }

    private mutating func deliver(_ link: Int) {
        let message = links[link].removeFirst()
        let (sender, receiver) = (link / Self.nodeCount, link % Self.nodeCount)
        let hash = Murmur3.hash128(message.frame.payload).0 ^ UInt64(link) ^ message.frame.requestID << 8
        if message.isAnswer {
            hand(.answered(message.frame, by: hosts[sender].id, lane: 0), to: receiver, hash: hash)
        } else {
            let back = receiver * Self.nodeCount + sender
            let connection = connections[back] * UInt32(Self.nodeCount) + UInt32(sender)
            hand(.asked(message.frame, by: hosts[sender].id, connection: connection), to: receiver, hash: hash)
        }
    }

    private mutating func commit(_ index: Int) {
        note(23, at: index)
        hosts[index].node?.commit(at: now, into: &effects)
        carryOut(for: index)
    }

    /// Both ends lose what was on its way between them.
    private mutating func lose(_ first: Int, _ second: Int) {
        for (index, other) in [(first, second), (second, first)] {
            links[index * Self.nodeCount + other].removeAll()
            connections[index * Self.nodeCount + other] += 1
            hand(.lost(hosts[other].id), to: index, hash: UInt64(other) &+ 31)
        }
    }

    private mutating func heal() {
        guard let index = isolated else { return }
        isolated = nil
        for other in hosts.indices where other != index {
            hand(.reached(hosts[index].id), to: other, hash: UInt64(index) &+ 41)
            hand(.reached(hosts[other].id), to: index, hash: UInt64(other) &+ 41)
        }
    }

    /// A power cut and the start after it, on what the disk is then.
    private mutating func restart(_ index: Int, on disk: VirtualFileSystem) throws(StorageFailure) {
        guard let ring = hosts[index].node?.exchange.configuration else { return }
        hosts[index].node = nil
        for client in clients.indices where clients[client].host == index {
            clients[client].lose(&history)
        }
        for other in hosts.indices where other != index {
            lose(index, other)
        }
        hosts[index].fileSystem = disk
        note(53, at: index)
        try start(index, ring)
        guard isolated != index else { return }
        for other in hosts.indices where other != index && other != isolated {
            hand(.reached(hosts[index].id), to: other, hash: UInt64(index) &+ 41)
        }
    }

    /// Two worlds with one state go on alike.
    var state: UInt64 {
        var hash = UInt64(bitPattern: Int64(isolated ?? -1)) &* 31 &+ budget.hash
        for host in hosts {
            hash = (hash ^ host.past) &* 0xff51_afd7_ed55_8ccd &+ 7
        }
        return hash
    }

    // MARK: - The end

    /// Heals, lets everything happen in turn, and reads the key from all owners.
    mutating func finish() -> Object? {
        heal()
        settle()
        for index in clients.indices {
            clients[index].stop()
        }
        for round in 0..<3 {
            now = now.advanced(by: .seconds(10))
            for index in hosts.indices {
                hosts[index].node?.expire(at: now, into: &effects)
                carryOut(for: index)
            }
            settle()
            var reader = TinyClient(steps: [.read(at: round, .all)])
            let (request, host) = reader.begin(clients.count, &history)
            clients.append(reader)
            hand(.request(request, client: UInt64(clients.count - 1)), to: host, hash: 0)
            settle()
            if let object = clients[clients.count - 1].lastRead {
                return object
            }
        }
        return nil
    }

    private mutating func settle() {
        while true {
            if let link = links.indices.first(where: { !links[$0].isEmpty }) {
                deliver(link)
            } else if let index = hosts.indices.first(where: { hosts[$0].node?.hasUncommitted ?? false }) {
                commit(index)
            } else {
                return
            }
        }
    }
}
