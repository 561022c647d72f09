import Causality
import Coordinator
import Machine

/// Clients that write and read, each one thing at a time, and remember what they saw.
///
/// Their requests are theirs alone: a workload never looks into a node. What it knows is in ``history``, and the checkers
/// judge by that.
struct Workload {
    /// What a client last saw of a key.
    struct Knowledge {
        var context: CausalContext?
        var past = WriteSet()
        /// Deletes whose dots nobody was told yet.
        var unnamed = CausalContext()
        var elements = WriteSet()
        /// What it saw some time ago.
        var stale: (context: CausalContext, past: WriteSet)?
        /// What it has read and written of it, in every way.
        var session = Session()
        /// What it has read and written of it strictly, by majorities.
        var strictSession = Session()
        /// A walker: the writes whose sessions it goes on from.
        var followed = WriteSet()
    }

    /// What a client does when its read is answered.
    enum Following {
        case nothing
        case write
        case delete
        /// A walker: reads it again, at another node.
        case read
    }

    struct Client {
        var operation: Int?
        var following = Following.nothing
        /// The context of the write that it waits for.
        var sent = CausalContext()
        var knowledge: [Knowledge]
        /// The draws of its turn: each turn has its own.
        var generator = SeededGenerator(seed: 0)
        /// How many turns it has had.
        var turns = 0
        /// A walker: the host that it asked last.
        var host: Int?
    }

    let options: WorkloadOptions
    let replicas: Int
    var history = History()
    var clients: [Client]
    /// What is left out.
    let omissions: Omissions
    private let seed: UInt64
    /// How many times as long as usual clients pause: in a run of hours.
    var slowdown: Int64 = 1
    /// Clients begin nothing new.
    var isStopped = false
    let padding: ByteBuffer
    let largePadding: ByteBuffer

    init(_ options: WorkloadOptions, replicas: Int, omissions: Omissions = Omissions(), seed: UInt64) {
        self.options = options
        self.replicas = replicas
        self.omissions = omissions
        self.seed = seed
        let kinds = KeyModel.visited.count
        for index in 0..<options.keysOfEachKind * kinds + options.unreadKeys {
            let isVisited = index < options.keysOfEachKind * kinds
            let model = isVisited ? KeyModel.visited[index % kinds] : .unread
            let name = isVisited ? "\(model)-\(index / kinds)" : "unread-\(index - options.keysOfEachKind * kinds)"
            history.keys.append(KeyHistory(name: name, key: ByteBuffer(string: name), model: model))
        }
        for index in 0..<options.walkedKeys {
            let model = index % 2 == 0 ? KeyModel.walkedStrictly : .walked
            let name = "walked-\(index)"
            history.keys.append(KeyHistory(name: name, key: ByteBuffer(string: name), model: model))
        }
        let knowledge = Array(repeating: Knowledge(), count: history.keys.count)
        // One more, who reads everything in the end.
        clients = Array(repeating: Client(knowledge: knowledge), count: options.clients + 1 + options.walkers)
        for client in clients.indices {
            clients[client].generator = SeededGenerator(seed: seed ^ UInt64(client) << 32)
        }
        padding = ByteBuffer(repeating: UInt8(ascii: "."), count: options.valueBytes)
        largePadding = ByteBuffer(repeating: UInt8(ascii: "."), count: options.largeValueBytes)
    }

    /// The clients that have turns: all but the one who reads everything in the end.
    var actors: [Int] { clients.indices.filter { $0 != options.clients } }

    /// The clients, and how many turns each has had.
    var parts: [(source: Omissions.Source, count: Int)] {
        actors.map { (.client($0), clients[$0].turns) }
    }

    var isIdle: Bool { clients.allSatisfy { $0.operation == nil } }

    // MARK: - What a client does

    mutating func turn(_ client: Int, in world: World) {
        guard !isStopped, clients[client].operation == nil else { return }
        let number = clients[client].turns
        clients[client].turns += 1
        clients[client].generator = SeededGenerator(seed: seed ^ UInt64(client) << 32 ^ UInt64(number + 1))
        guard !omissions.contains(number, of: .client(client)) else {
            pause(client, in: world)
            return
        }
        guard !walkers.contains(client) else {
            walk(client, in: world)
            return
        }
        guard let host = anyHost(for: client, world) else {
            pause(client, in: world)
            return
        }
        let key = anyKey(for: client)
        switch history.keys[key].model {
        case .register:
            turnOnRegister(client, key, host, world)
        case .set:
            clients[client].following = clients[client].generator.chance(2, in: 3) ? .write : .nothing
            read(client, key, host, strict: false, world)
        case .unread:
            let isBlind = clients[client].generator.chance(1, in: 2)
            write(
                client, key, host, isBlind ? .everythingHere : .seen(CausalContext()), past: WriteSet(),
                strict: clients[client].generator.chance(1, in: 2), world)
        case .single
        where key / KeyModel.visited.count % options.clients == client && clients[client].generator.chance(1, in: 2):
            let known = clients[client].knowledge[key]
            write(client, key, host, .seen(known.context ?? CausalContext()), past: known.past, strict: true, world)
        case .single:
            read(client, key, host, strict: clients[client].generator.chance(2, in: 3), world)
        case .walkedStrictly, .walked:
            preconditionFailure("\(history.keys[key].name) is for walkers, and client \(client) has drawn it")
        }
    }

    private mutating func anyKey(for client: Int) -> Int {
        let count = history.keys.count - options.unreadKeys - options.walkedKeys
        if options.unreadKeys > 0, clients[client].generator.chance(1, in: 8) {
            return count + Int(clients[client].generator.below(UInt64(options.unreadKeys)))
        }
        var key = Int.max
        for _ in 0..<options.hotness {
            key = min(key, Int(clients[client].generator.below(UInt64(count))))
        }
        return key
    }

    private mutating func turnOnRegister(_ client: Int, _ key: Int, _ host: Int, _ world: World) {
        let known = clients[client].knowledge[key]
        let isStrict = clients[client].generator.chance(1, in: 3)
        switch clients[client].generator.below(11) {
        case 0, 1, 2:
            read(client, key, host, strict: false, world)
        case 3, 4, 5:
            clients[client].following = clients[client].generator.chance(1, in: 5) ? .delete : .write
            read(client, key, host, strict: false, world)
        case 6:
            if let stale = known.stale {
                world.marks.count(.staleWrite)
                write(client, key, host, .seen(stale.context), past: stale.past, strict: isStrict, world)
            } else {
                write(client, key, host, .seen(CausalContext()), past: WriteSet(), strict: isStrict, world)
            }
        case 7:
            write(
                client, key, host, .seen(known.context ?? CausalContext()), past: known.past,
                isDelete: clients[client].generator.chance(1, in: 4), strict: isStrict, world)
        case 8:
            // Clients hand contexts on: who has one has seen what it was given with.
            let other = clients[Int(clients[client].generator.below(UInt64(options.clients)))].knowledge[key]
            world.marks.count(.handedOver)
            write(
                client, key, host, .seen(other.context ?? CausalContext()), past: other.past, unnamed: other.unnamed,
                world)
        default:
            world.marks.count(.blindWrite)
            write(
                client, key, host, .everythingHere, past: WriteSet(),
                isDelete: clients[client].generator.chance(1, in: 8), strict: isStrict, world)
        }
    }

    mutating func anyHost(for client: Int, _ world: World) -> Int? {
        let running = world.running
        return running.isEmpty ? nil : running[Int(clients[client].generator.below(UInt64(running.count)))]
    }

    mutating func pause(_ client: Int, in world: World) {
        guard !isStopped else { return }
        let hurry: Int64 = (world.now < world.hurryUntil ? 10 : 1) * (walkers.contains(client) ? 4 : 1)
        let longest = max(options.pause * slowdown / hurry, 1_000_000)
        world.after(clients[client].generator.logUniform(1_000_000...longest), .turn(client: client))
    }

    private func requestOptions(for key: Int, strict: Bool) -> RequestOptions {
        var result = RequestOptions()
        result.timeout = options.timeout
        result.sloppy = options.sloppy && !strict
        if key >= walkedKeys.lowerBound {
            result.read = .quorum
            result.write = .quorum
            result.sloppy = !strict
        } else if !strict {
            result.read = options.read
            result.write = options.write
        } else {
            result.read = options.singleRead
            result.write = options.singleWrite
            result.sloppy = options.isSingleSloppy
        }
        return result
    }

    /// Reads a key from all of its owners, for the record.
    mutating func audit(_ key: Int, at host: Int, in world: World) {
        var options = RequestOptions()
        options.read = .all
        options.sloppy = false
        options.timeout = self.options.timeout
        let number = begin(.read, self.options.clients, key, host, options, world)
        world.submit(
            .get(GetRequest(key: history.keys[key].key, options: options)), operation: number, to: host)
    }

    mutating func read(_ client: Int, _ key: Int, _ host: Int, strict: Bool, _ world: World) {
        let options = requestOptions(for: key, strict: strict)
        if strict {
            world.marks.count(.strictRead)
        }
        let number = begin(.read, client, key, host, options, world)
        if options.isAtomicRead(of: replicas) {
            let known = clients[client].knowledge[key]
            history.operations[number].session = walkers.contains(client) ? known.session : known.strictSession
        }
        history.operations[number].settled = history.keys[key].settled(
            meeting: (options.read ?? .quorum).resolved(owners: replicas), of: replicas)
        world.submit(
            .get(GetRequest(key: history.keys[key].key, options: options)), operation: number, to: host)
    }

    mutating func write(
        _ client: Int, _ key: Int, _ host: Int, _ seeing: WriteContext, past: WriteSet,
        unnamed: CausalContext? = nil, isDelete: Bool = false, strict: Bool = false, _ world: World
    ) {
        let options = requestOptions(for: key, strict: strict)
        let number = history.keys[key].writes.count
        var value: ByteBuffer?
        var elements = WriteSet()
        if !isDelete {
            var text = history.keys[key].text(of: number, by: client)
            if history.keys[key].model == .set {
                elements = clients[client].knowledge[key].elements
                elements.insert(number)
                text += " of \(elements.count) elements"
            }
            var bytes = ByteBuffer(string: text)
            if self.options.largeValueRarity > 0, clients[client].generator.chance(1, in: self.options.largeValueRarity)
            {
                world.marks.count(.largeValue)
                bytes.writeImmutableBuffer(largePadding)
            } else {
                bytes.writeImmutableBuffer(padding)
            }
            value = bytes
        } else {
            world.marks.count(.delete)
        }
        var expiry: UInt64 = 0
        if value != nil, history.keys[key].model == .register, self.options.expiryRarity > 0,
            clients[client].generator.chance(1, in: self.options.expiryRarity)
        {
            world.marks.count(.expiringWrite)
            expiry =
                world.wall(of: world.hosts[host])
                + UInt64(clients[client].generator.logUniform(1000...120_000))
        }
        let operation = begin(.write(number), client, key, host, options, world)
        let isBlind = seeing == .everythingHere
        clients[client].sent = if case .seen(let context) = seeing { context } else { CausalContext() }
        history.keys[key].writes.append(
            Write(
                operation: operation, client: client, value: value, past: past,
                unnamed: past.isEmpty && seeing == .seen(CausalContext())
                    ? CausalContext() : unnamed ?? clients[client].knowledge[key].unnamed,
                context: clients[client].sent, isBlind: isBlind, elements: elements,
                began: world.now,
                isStrict: !options.sloppy && options.write != .one, expiry: expiry,
                copies: (options.write ?? .quorum).resolved(owners: replicas), session: session(of: client)))
        let content: Sibling.Content = value.map { .value($0, contentType: "text/plain") } ?? .tombstone
        world.submit(
            .put(
                PutRequest(
                    key: history.keys[key].key, content: content, seeing: seeing, expiry: expiry, options: options)),
            operation: operation, to: host)
    }

    private mutating func begin(
        _ kind: Operation.Kind, _ client: Int, _ key: Int, _ host: Int, _ options: RequestOptions, _ world: World
    ) -> Int {
        let number = history.operations.count
        history.operations.append(
            Operation(
                kind: kind, key: key, client: client, host: host, life: world.hosts[host].life, options: options,
                began: world.now))
        history.keys[key].operations.append(number)
        clients[client].operation = number
        // Longer than the node's own deadline, so that an answer in time is heard.
        world.after(self.options.timeout + 500_000_000, .giveUp(operation: number))
        return number
    }
}
