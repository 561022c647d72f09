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
        /// What its last strict read knew.
        var readStrictly = CausalContext()
    }

    /// What a client does when its read is answered.
    enum Following {
        case nothing
        case write
        case delete
    }

    struct Client {
        var operation: Int?
        var following = Following.nothing
        /// The context of the write that it waits for.
        var sent = CausalContext()
        var knowledge: [Knowledge]
    }

    let options: WorkloadOptions
    let replicas: Int
    var history = History()
    var clients: [Client]
    var generator: SeededGenerator
    /// Clients begin nothing new.
    var isStopped = false
    let padding: ByteBuffer
    let largePadding: ByteBuffer

    init(_ options: WorkloadOptions, replicas: Int, seed: UInt64) {
        self.options = options
        self.replicas = replicas
        generator = SeededGenerator(seed: seed)
        let kinds = KeyModel.allCases.count
        for index in 0..<options.keysOfEachKind * kinds {
            let model = KeyModel.allCases[index % kinds]
            let name = "\(model)-\(index / kinds)"
            history.keys.append(KeyHistory(name: name, key: ByteBuffer(string: name), model: model))
        }
        let knowledge = Array(repeating: Knowledge(), count: history.keys.count)
        // One more, who reads everything in the end.
        clients = Array(repeating: Client(knowledge: knowledge), count: options.clients + 1)
        padding = ByteBuffer(repeating: UInt8(ascii: "."), count: options.valueBytes)
        largePadding = ByteBuffer(repeating: UInt8(ascii: "."), count: options.largeValueBytes)
    }

    var isIdle: Bool { clients.allSatisfy { $0.operation == nil } }

    // MARK: - What a client does

    mutating func turn(_ client: Int, in world: World) {
        guard !isStopped, clients[client].operation == nil else { return }
        guard let host = anyHost(world) else {
            pause(client, in: world)
            return
        }
        let key = Int(generator.below(UInt64(history.keys.count)))
        switch history.keys[key].model {
        case .register:
            turnOnRegister(client, key, host, world)
        case .set:
            clients[client].following = generator.chance(2, in: 3) ? .write : .nothing
            read(client, key, host, strict: false, world)
        case .single where key / KeyModel.allCases.count % options.clients == client && generator.chance(1, in: 2):
            let known = clients[client].knowledge[key]
            write(client, key, host, .seen(known.context ?? CausalContext()), past: known.past, strict: true, world)
        case .single:
            read(client, key, host, strict: generator.chance(2, in: 3), world)
        }
    }

    private mutating func turnOnRegister(_ client: Int, _ key: Int, _ host: Int, _ world: World) {
        let known = clients[client].knowledge[key]
        switch generator.below(10) {
        case 0, 1, 2:
            read(client, key, host, strict: false, world)
        case 3, 4, 5:
            clients[client].following = generator.chance(1, in: 5) ? .delete : .write
            read(client, key, host, strict: false, world)
        case 6:
            if let stale = known.stale {
                world.marks.count(.staleWrite)
                write(client, key, host, .seen(stale.context), past: stale.past, world)
            } else {
                write(client, key, host, .seen(CausalContext()), past: WriteSet(), world)
            }
        case 7:
            write(
                client, key, host, .seen(known.context ?? CausalContext()), past: known.past,
                isDelete: generator.chance(1, in: 4), world)
        default:
            world.marks.count(.blindWrite)
            write(
                client, key, host, .everythingHere, past: WriteSet(), isDelete: generator.chance(1, in: 8), world)
        }
    }

    private mutating func anyHost(_ world: World) -> Int? {
        let running = world.running
        return running.isEmpty ? nil : running[Int(generator.below(UInt64(running.count)))]
    }

    mutating func pause(_ client: Int, in world: World) {
        guard !isStopped else { return }
        world.after(generator.logUniform(1_000_000...max(options.pause, 1_000_000)), .turn(client: client))
    }

    private mutating func requestOptions(strict: Bool) -> RequestOptions {
        var result = RequestOptions()
        result.timeout = options.timeout
        result.sloppy = options.sloppy && !strict
        if !strict {
            result.read = options.read
            result.write = options.write
        } else {
            result.read = .quorum
            result.write = .quorum
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
        let options = requestOptions(strict: strict)
        if strict {
            world.marks.count(.strictRead)
        }
        let number = begin(.read, client, key, host, options, world)
        if options.read == .quorum {
            history.operations[number].settled = history.keys[key].settled
        }
        world.submit(
            .get(GetRequest(key: history.keys[key].key, options: options)), operation: number, to: host)
    }

    private mutating func write(
        _ client: Int, _ key: Int, _ host: Int, _ seeing: WriteContext, past: WriteSet, isDelete: Bool = false,
        strict: Bool = false, _ world: World
    ) {
        let options = requestOptions(strict: strict)
        let number = history.keys[key].writes.count
        var value: ByteBuffer?
        var elements = WriteSet()
        if !isDelete {
            var text = "\(history.keys[key].name) write \(number) of client \(client)"
            if history.keys[key].model == .set {
                elements = clients[client].knowledge[key].elements
                elements.insert(number)
                text += " of \(elements.count) elements"
            }
            var bytes = ByteBuffer(string: text)
            if self.options.largeValueRarity > 0, generator.chance(1, in: self.options.largeValueRarity) {
                world.marks.count(.largeValue)
                bytes.writeImmutableBuffer(largePadding)
            } else {
                bytes.writeImmutableBuffer(padding)
            }
            value = bytes
            history.keys[key].writeOfValue[bytes] = number
        } else {
            world.marks.count(.delete)
        }
        let operation = begin(.write(number), client, key, host, options, world)
        let isBlind = seeing == .everythingHere
        clients[client].sent = if case .seen(let context) = seeing { context } else { CausalContext() }
        history.keys[key].writes.append(
            Write(
                operation: operation, client: client, value: value, past: past,
                unnamed: past.isEmpty && seeing == .seen(CausalContext())
                    ? CausalContext() : clients[client].knowledge[key].unnamed,
                isBlind: isBlind, elements: elements,
                began: world.now,
                isStrict: !options.sloppy && options.write == .quorum,
                copies: (options.write ?? .quorum).resolved(owners: replicas)))
        let content: Sibling.Content = value.map { .value($0, contentType: "text/plain") } ?? .tombstone
        world.submit(
            .put(PutRequest(key: history.keys[key].key, content: content, seeing: seeing, options: options)),
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

    // MARK: - What a client is told

    /// The processes of a host are gone: whoever waits for it will have no answer.
    mutating func hostLost(_ host: Int, life: UInt32, in world: World) {
        for client in clients.indices {
            guard let number = clients[client].operation, history.operations[number].host == host,
                history.operations[number].life == life
            else { continue }
            giveUp(number, in: world)
        }
    }

    mutating func giveUp(_ number: Int, in world: World) {
        guard history.operations[number].outcome == .pending else { return }
        world.marks.count(.unknownOutcome)
        end(number, .unknown, in: world)
        let client = history.operations[number].client
        clients[client].following = .nothing
        pause(client, in: world)
    }

    /// Takes an answer; the operation that it ends, unless that was given up before.
    mutating func replied(_ number: Int, _ response: Response, in world: World) -> Bool {
        guard history.operations[number].outcome == .pending else { return false }
        let operation = history.operations[number]
        let (client, key) = (operation.client, operation.key)
        let following = clients[client].following
        clients[client].following = .nothing
        switch (response, operation.kind) {
        case (.written(let dot, _), .write(let write)):
            world.marks.count(.written)
            end(number, .done, in: world)
            written(write, dot, operation)
        case (.found(let object), .read):
            world.marks.count(.read)
            end(number, .done, in: world)
            learn(object, client, key, number, world)
        case (.absent, .read):
            world.marks.count(.absent)
            end(number, .done, in: world)
            learn(Object(), client, key, number, world)
        case (.failed(let failure), _):
            count(failure, world)
            history.operations[number].failure = failure
            end(number, failure.outcome == .unknown ? .unknown : .notApplied, in: world)
        default:
            // An answer of the wrong kind: a checker says so.
            end(number, .unknown, in: world)
        }
        if following != .nothing, history.operations[number].outcome == .done, let host = anyHost(world) {
            world.marks.count(.contextualWrite)
            let known = clients[client].knowledge[key]
            write(
                client, key, host, .seen(known.context ?? CausalContext()), past: known.past,
                isDelete: following == .delete, world)
        } else {
            pause(client, in: world)
        }
        return true
    }

    private mutating func end(_ number: Int, _ outcome: Outcome, in world: World) {
        history.operations[number].outcome = outcome
        history.operations[number].ended = world.now
        let operation = history.operations[number]
        clients[operation.client].operation = nil
        if case .write(let write) = operation.kind {
            history.keys[operation.key].writes[write].outcome = outcome
            // What has no certain end may happen at any time.
            history.keys[operation.key].writes[write].ended = outcome == .unknown ? .max : world.now
        }
    }

    private mutating func written(_ number: Int, _ dot: Dot, _ operation: Operation) {
        let (client, key) = (operation.client, operation.key)
        history.keys[key].writes[number].dot = dot
        let write = history.keys[key].writes[number]
        if !operation.options.sloppy, operation.options.write == .quorum {
            history.keys[key].settled.insert(dot)
        }
        guard history.keys[key].model != .set else { return }
        // The client goes on from its own write, and from nothing else that it was not shown.
        var known = clients[client].knowledge[key]
        if let context = known.context, generator.chance(1, in: 3) {
            known.stale = (context, known.past)
        }
        known.context = WriteContext.seen(clients[client].sent).following(dot)
        known.past = write.past
        known.past.insert(number)
        known.unnamed = write.unnamed
        clients[client].knowledge[key] = known
    }

    private mutating func learn(_ object: Object, _ client: Int, _ key: Int, _ number: Int, _ world: World) {
        var past = WriteSet()
        var elements = WriteSet()
        var shown: [Int] = []
        var unnamed = CausalContext()
        for sibling in object.siblings {
            var found = history.keys[key].writeOfDot[sibling.dot]
            if case .value(let bytes, _) = sibling.content {
                found = history.keys[key].writeOfValue[bytes]
            } else {
                world.marks.count(.tombstoneRead)
            }
            guard let found else {
                unnamed.insert(sibling.dot)
                continue
            }
            shown.append(found)
            past.insert(found)
            past.formUnion(history.keys[key].writes[found].past)
            unnamed.merge(history.keys[key].writes[found].unnamed)
            elements.formUnion(history.keys[key].writes[found].elements)
        }
        if object.siblings.count > 1 {
            world.marks.count(.siblingsRead)
        }
        history.operations[number].shown = shown
        if !history.operations[number].options.sloppy {
            if !object.context.descends(from: clients[client].knowledge[key].readStrictly) {
                world.marks.count(.readGoneBack)
            }
            clients[client].knowledge[key].readStrictly = object.context
        }
        guard history.keys[key].model != .single else { return }
        var known = clients[client].knowledge[key]
        if let context = known.context, generator.chance(1, in: 3) {
            known.stale = (context, known.past)
        }
        known.context = object.context
        known.past = past
        known.unnamed = unnamed
        known.elements = elements
        clients[client].knowledge[key] = known
    }

    private func count(_ failure: RequestFailure, _ world: World) {
        switch failure {
        case .unavailable: world.marks.count(.unavailable)
        case .timeout: world.marks.count(.timeout)
        case .busy: world.marks.count(.busy)
        case .storage: world.marks.count(.storageRefusal)
        case .tooLarge, .tooManySiblings, .preconditionFailed, .invalid: break
        }
    }
}
