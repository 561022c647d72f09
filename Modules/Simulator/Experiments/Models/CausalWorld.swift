import Causality
import Machine

/// Copies and clients of one key: the real objects, and beside each of them the history that they ought to stand for.
package struct CausalWorld: Sendable {
    /// One replica's object, and the events that have reached it.
    package struct Copy: Equatable, Sendable {
        /// The real object.
        package var object: Object
        /// What it ought to stand for.
        package var known: EventSet

        /// A copy; by default one that nothing has reached.
        package init(object: Object = Object(), known: EventSet = 0) {
            self.object = object
            self.known = known
        }
    }

    /// What a client holds since its last read or write.
    package struct Client: Sendable {
        /// The real context.
        package var context = CausalContext()
        /// What it ought to stand for.
        package var seen: EventSet = 0
    }

    /// What a write replaces: what its client has seen, nothing, or everything in the copy.
    package enum Seeing: CaseIterable, Sendable {
        case held, nothing, everythingHere
    }

    /// What has happened.
    package var history = CausalHistory()
    /// The replicas.
    package var copies: [Copy]
    /// The clients.
    package var clients: [Client]
    /// The dot of each event.
    package private(set) var dots: [Dot] = []
    /// Dots that were given to a second event.
    package private(set) var reissued: [Dot] = []

    /// A world in which nothing has happened.
    package init(copies: Int, clients: Int) {
        self.copies = Array(repeating: Copy(), count: copies)
        self.clients = Array(repeating: Client(), count: clients)
    }

    /// A client reads a copy.
    package mutating func read(_ client: Int, from copy: Copy) {
        clients[client] = Client(context: copy.object.context, seen: history.seen(copy.known))
    }

    /// A client writes to a copy, and hears of it or not.
    package mutating func write(
        _ client: Int, to copy: inout Copy, as actor: ActorID, seeing: Seeing, isDelete: Bool = false,
        isHeard: Bool = true
    ) {
        let seen: WriteContext
        let replaced: EventSet
        switch seeing {
        case .held: (seen, replaced) = (.seen(clients[client].context), clients[client].seen)
        case .nothing: (seen, replaced) = (.seen(CausalContext()), 0)
        case .everythingHere: (seen, replaced) = (.everythingHere, history.seen(copy.known))
        }
        let number = history.count
        let event = history.append(replacing: replaced)
        // The timestamp names the event, so that a tombstone says which it is as well.
        let dot = copy.object.write(
            isDelete ? .tombstone : .value(ByteBuffer(integer: UInt8(number)), contentType: ""),
            timestamp: HybridTimestamp(rawValue: UInt64(number)), seeing: seen, as: actor)
        copy.known |= event
        if dots.contains(dot) {
            reissued.append(dot)
        }
        dots.append(dot)
        if isHeard {
            let before = seeing == .held ? clients[client].seen : 0
            clients[client] = Client(context: seen.following(dot), seen: before | event)
        }
    }

    /// A copy hears of all that another has.
    package mutating func merge(_ source: Int, into target: Int) {
        merge(copies[source], into: target)
    }

    package mutating func merge(_ source: Copy, into target: Int) {
        copies[target].object.merge(source.object)
        copies[target].known |= source.known
    }

    /// The events among the siblings of an object.
    package func live(_ object: Object) -> EventSet {
        object.siblings.reduce(0) { $0 | 1 << $1.timestamp.rawValue }
    }

    /// In what a copy differs from the history that it stands for, or `nil`.
    package func difference(_ copy: Copy) -> String? {
        if let broken = copy.object.brokenInvariant {
            return broken
        }
        let live = live(copy.object)
        if live != history.live(copy.known) || copy.object.siblings.count != live.nonzeroBitCount {
            return "reads \(Self.list(live)) instead of \(Self.list(history.live(copy.known)))"
        }
        let seen = history.seen(copy.known)
        for (number, dot) in dots.enumerated() where copy.object.context.contains(dot) != (seen >> number & 1 == 1) {
            return "\(copy.object.context) and event \(number), \(dot), of \(Self.list(seen))"
        }
        return nil
    }

    private static func list(_ events: EventSet) -> [Int] {
        (0..<CausalHistory.capacity).filter { events >> $0 & 1 == 1 }
    }
}

extension Object {
    /// The invariants of the representation, told as the first that is broken.
    package var brokenInvariant: String? {
        if let broken = context.brokenInvariant {
            return broken
        }
        if zip(siblings, siblings.dropFirst()).contains(where: { $0.dot >= $1.dot }) {
            return "siblings are not sorted: \(siblings.map(\.dot))"
        }
        if let lost = siblings.first(where: { !context.contains($0.dot) }) {
            return "sibling \(lost.dot) is outside of \(context)"
        }
        return nil
    }
}

extension CausalContext {
    /// The invariants of the representation, told as the first that is broken.
    package var brokenInvariant: String? {
        if zip(vector.entries, vector.entries.dropFirst()).contains(where: { $0.actor >= $1.actor }) {
            return "vector is not sorted: \(self)"
        }
        if zip(cloud, cloud.dropFirst()).contains(where: { $0 >= $1 }) {
            return "cloud is not sorted: \(self)"
        }
        if cloud.contains(where: { $0.counter <= vector[$0.actor] + 1 })
            || vector.entries.contains(where: { $0.counter == 0 })
        {
            return "context is not compact: \(self)"
        }
        return nil
    }
}
