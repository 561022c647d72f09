import Causality
import Coordinator
import Machine

/// What clients are told, and what they make of it.
extension Workload {
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
        if following == .read, history.operations[number].outcome == .done {
            walkOn(client, key, in: world)
        } else if following != .nothing, history.operations[number].outcome == .done,
            let host = anyHost(for: client, world)
        {
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
        if !operation.options.sloppy {
            history.keys[key].settle(dot, at: write.copies)
        }
        clients[client].knowledge[key].session.written.insert(dot)
        if operation.options.isMajorityWrite(of: replicas) {
            clients[client].knowledge[key].strictSession.written.insert(dot)
        }
        guard history.keys[key].model != .set, history.keys[key].model != .unread else { return }
        // The client goes on from its own write, and from nothing else that it was not shown.
        var known = clients[client].knowledge[key]
        if let context = known.context, clients[client].generator.chance(1, in: 3) {
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
                found = history.keys[key].write(of: bytes)
            } else {
                world.marks.count(.tombstoneRead)
            }
            guard let found else {
                unnamed.insert(sibling.dot)
                continue
            }
            shown.append(found)
            follow(found, of: key, client)
            past.insert(found)
            past.formUnion(history.keys[key].writes[found].past)
            unnamed.merge(history.keys[key].writes[found].unnamed)
            elements.formUnion(history.keys[key].writes[found].elements)
        }
        if object.siblings.count > 1 {
            world.marks.count(.siblingsRead)
        }
        history.operations[number].shown = shown
        countLacking(in: object.context, client, key, world)
        clients[client].knowledge[key].session.read.merge(object.context)
        if history.operations[number].options.isAtomicRead(of: replicas) {
            clients[client].knowledge[key].strictSession.read.merge(object.context)
        }
        guard history.keys[key].model != .single else { return }
        var known = clients[client].knowledge[key]
        if let context = known.context, clients[client].generator.chance(1, in: 3) {
            known.stale = (context, known.past)
        }
        known.context = object.context
        known.past = past
        known.unnamed = unnamed
        known.elements = elements
        clients[client].knowledge[key] = known
    }

    /// Counts which guarantees a read breaks; where they are rules, a checker says so.
    private func countLacking(in context: CausalContext, _ client: Int, _ key: Int, _ world: World) {
        for (guarantee, _) in clients[client].knowledge[key].session.lacking(in: context) {
            switch guarantee {
            case .monotonicReads: world.marks.count(.readGoneBack)
            case .readYourWrites: world.marks.count(.ownWriteUnread)
            case .writesFollowReads: world.marks.count(.causeUnread)
            default: world.marks.count(.earlierWriteUnread)
            }
        }
    }

    private func count(_ failure: RequestFailure, _ world: World) {
        switch failure {
        case .unavailable: world.marks.count(.unavailable)
        case .timeout: world.marks.count(.timeout)
        case .busy: world.marks.count(.busy)
        case .storage: world.marks.count(.storageRefusal)
        case .tooManySiblings: world.marks.count(.tooManySiblings)
        case .tooLarge, .preconditionFailed, .invalid: break
        }
    }
}
