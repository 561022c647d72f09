import Glibc
import Machine

@testable import Causality

/// How many random runs a test makes: what the environment variable TOYSTORE_RUNS says, or else `count`.
func runs(_ count: Int) -> Int {
    getenv("TOYSTORE_RUNS").flatMap { Int(String(cString: $0)) } ?? count
}

/// A set of events, one bit each.
typealias EventSet = UInt64

/// What a run means, told without dots or vectors: a write is an event, which replaces the events that its writer had
/// seen, and a copy is the set of the events that have reached it.
struct History: Equatable {
    static let capacity = 64

    /// For each event those that it replaces.
    private(set) var replaced: [EventSet] = []

    var count: Int { replaced.count }

    mutating func append(replacing events: EventSet) -> EventSet {
        replaced.append(events)
        return 1 << (replaced.count - 1)
    }

    /// All events that are replaced by one of `known`.
    func dead(_ known: EventSet) -> EventSet {
        var dead: EventSet = 0
        var rest = known
        while rest != 0 {
            dead |= replaced[rest.trailingZeroBitCount]
            rest &= rest - 1
        }
        return dead
    }

    /// What there is to read in a copy.
    func live(_ known: EventSet) -> EventSet { known & ~dead(known) }

    /// What a client has seen that reads a copy: also what it was only told to be replaced.
    func seen(_ known: EventSet) -> EventSet { known | dead(known) }
}

/// Copies and clients of one key: the real objects, and beside each of them the history that they ought to stand for.
struct World {
    struct Copy: Equatable {
        var object = Object()
        var known: EventSet = 0
    }

    struct Client {
        var context = CausalContext()
        var seen: EventSet = 0
    }

    enum Seeing: CaseIterable {
        case held, nothing, everythingHere
    }

    var history = History()
    var copies: [Copy]
    var clients: [Client]
    /// The dot of each event.
    var dots: [Dot] = []
    /// Dots that were given to a second event.
    var reissued: [Dot] = []

    init(copies: Int, clients: Int) {
        self.copies = Array(repeating: Copy(), count: copies)
        self.clients = Array(repeating: Client(), count: clients)
    }

    mutating func read(_ client: Int, from copy: Copy) {
        clients[client] = Client(context: copy.object.context, seen: history.seen(copy.known))
    }

    mutating func write(
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

    mutating func merge(_ source: Int, into target: Int) {
        copies[target].object.merge(copies[source].object)
        copies[target].known |= copies[source].known
    }

    /// The events among the siblings of an object.
    func live(_ object: Object) -> EventSet {
        object.siblings.reduce(0) { $0 | 1 << $1.timestamp.rawValue }
    }

    /// In what a copy differs from the history that it stands for, or `nil`.
    func difference(_ copy: Copy) -> String? {
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

    static func list(_ events: EventSet) -> [Int] {
        (0..<History.capacity).filter { events >> $0 & 1 == 1 }
    }
}
