import Coordinator
import Machine
import Storage
import Synchronization

/// One job's way into the ``TinyBook``: it keeps what it has looked up, and carries out with real nodes what is not in the
/// book yet.
struct TinyReader {
    private let book: TinyBook
    private(set) var states: [TinyHostState] = []
    private var steps: [UInt64: TinyStep] = [:]
    private(set) var outsides: [TinyOutside] = []
    private var turns: [Turning: TinyOutside.Turn] = [:]
    private(set) var networks: [TinyNetwork] = []
    private var changes: [UInt64: Int] = [:]
    /// Nodes at work, by the number of their state.
    private var nodes: [Int: TinyHost] = [:]
    private static let nodeLimit = 256
    /// How many events real nodes were told, those on the way to a state among them.
    private var eventCount = 0

    private struct Turning: Hashable {
        let outside: Int
        let event: TinyOutside.Event
    }

    init(_ book: TinyBook) {
        self.book = book
    }

    /// Looks up what other jobs have numbered: a world that one of them met has such numbers.
    mutating func catchUp() {
        book.contents.withLock { contents in
            states += contents.states[states.count...]
            networks += contents.networks[networks.count...]
            outsides += contents.outsides[outsides.count...]
        }
    }

    /// How many events real nodes were told since the last time.
    mutating func takeEventCount() -> Int {
        defer { eventCount = 0 }
        return eventCount
    }

    // MARK: - Outside

    /// The number of a state outside of the hosts.
    mutating func number(of outside: TinyOutside) -> Int {
        let number = book.contents.withLock { $0.number(of: outside) }
        if number >= outsides.count { catchUp() }
        return number
    }

    /// What an event makes of the state outside with this number.
    mutating func turn(_ outside: Int, _ event: TinyOutside.Event) -> TinyOutside.Turn {
        let turning = Turning(outside: outside, event: event)
        if let turn = turns[turning] { return turn }
        var state = outsides[outside]
        var request: TinyRequest?
        switch event {
        case .begin(let client):
            request = TinyRequest(request: state.clients[client].begin(&state.history), client: client)
        case .answered(let client, let response):
            let response = book.contents.withLock { $0.responses[response] }
            state.clients[client].take(response, &state.history)
        case .lost(let client):
            state.clients[client].lose(&state.history)
        case .forgot:
            state.history.hasForgotten = true
        }
        let turn = TinyOutside.Turn(
            state: number(of: state), request: request.map { number(of: $0) } ?? 0)
        turns[turning] = turn
        return turn
    }

    mutating func number(of request: TinyRequest) -> Int {
        book.contents.withLock { $0.number(of: request) }
    }

    func response(_ number: Int) -> Response {
        book.contents.withLock { $0.responses[number] }
    }

    // MARK: - Network

    /// The number of a network.
    mutating func number(of network: TinyNetwork) -> Int {
        let number = book.contents.withLock { $0.number(of: network) }
        if number >= networks.count { catchUp() }
        return number
    }

    /// What a change makes of the network with this number.
    mutating func change(_ network: Int, _ change: TinyNetwork.Change) -> Int {
        let key = UInt64(network) << 32 | UInt64(change.code)
        if let number = changes[key] { return number }
        var after = networks[network]
        after.apply(change)
        let number = number(of: after)
        changes[key] = number
        return number
    }

    // MARK: - Hosts

    /// The number of the state of a host with an empty disk that has just started.
    mutating func first(of host: Int) throws(StorageFailure) -> Int {
        try state(after: TinyHost.Start(host: host, disk: book.emptyDisks[host]))
    }

    /// What an event makes of a host's state.
    mutating func step(_ state: Int, _ event: TinyEvent) throws(StorageFailure) -> TinyStep {
        let key = UInt64(state) << 32 | UInt64(event.code)
        if let step = steps[key] { return step }
        let step: TinyStep
        if let known = book.contents.withLock({ $0.steps[key] }) {
            step = known
        } else {
            step = try find(state, event, key)
        }
        steps[key] = step
        if step.state >= states.count { catchUp() }
        return step
    }

    private mutating func find(_ state: Int, _ event: TinyEvent, _ key: UInt64) throws(StorageFailure) -> TinyStep {
        let before = states[state]
        if event.kind == .crash || event.kind == .amnesia {
            var start = TinyHost.Start(
                host: before.start.host, disk: before.disk, cut: before.cut, milliseconds: before.milliseconds)
            if event.kind == .amnesia {
                let empty = book.emptyDisks[start.host]
                let (disk, blank) = book.contents.withLock { ($0.disks[start.disk], $0.disks[empty]) }
                start.disk = book.remembersEpochs ? try number(of: TinyHost.forget(disk, empty: blank)) : empty
            }
            let step = TinyStep(state: try self.state(after: start))
            book.contents.withLock { $0.steps[key] = step }
            return step
        }
        let node = try node(at: state)
        let calls = node.callCount
        tell(node, event)
        eventCount += 1
        let portrait = try node.portrait()
        let after = TinyHostState(
            start: before.start, before: state, event: event,
            milliseconds: before.milliseconds + (event.kind == .wait ? event.number : 0), cut: node.cut,
            disk: node.callCount == calls ? before.disk : try number(of: node.disk),
            hasUncommitted: portrait.hasUncommitted)
        let step = book.contents.withLock { contents in
            if let step = contents.steps[key] { return step }
            var step = TinyStep(state: contents.number(of: after, portrait.bytes))
            for output in node.outputs {
                switch output {
                case .frame(let frame, let peer): step.sent.append((peer, contents.number(of: frame)))
                case .reply(let response, let client): step.replies.append((client, contents.number(of: response)))
                }
            }
            contents.steps[key] = step
            return step
        }
        keep(node, at: step.state)
        return step
    }

    /// The number of the state of a node that has just started.
    private mutating func state(after start: TinyHost.Start) throws(StorageFailure) -> Int {
        if let known = book.contents.withLock({ $0.starts[start] }) {
            if known >= states.count { catchUp() }
            return known
        }
        let node = try self.start(start)
        let portrait = try node.portrait()
        let state = TinyHostState(
            start: start, before: nil, event: nil, milliseconds: start.milliseconds, cut: start.cut,
            disk: try number(of: node.disk), hasUncommitted: portrait.hasUncommitted)
        let number = book.contents.withLock { contents in
            let number = contents.number(of: state, portrait.bytes)
            contents.starts[start] = number
            return number
        }
        if number >= states.count { catchUp() }
        keep(node, at: number)
        return number
    }

    private func number(of disk: VirtualFileSystem) throws(StorageFailure) -> Int {
        let bytes = try TinyHost.contents(of: disk)
        return book.contents.withLock { $0.number(of: disk, bytes) }
    }

    // MARK: - Nodes

    private func start(_ start: TinyHost.Start) throws(StorageFailure) -> TinyHost {
        let disk = book.contents.withLock { $0.disks[start.disk] }
        return try TinyHost(start, on: disk)
    }

    private mutating func keep(_ node: TinyHost, at state: Int) {
        if nodes.count >= Self.nodeLimit { nodes.removeAll(keepingCapacity: true) }
        nodes[state] = node
    }

    /// A node that is in a state: it is taken from those at work, or told again what had happened to it.
    private mutating func node(at state: Int) throws(StorageFailure) -> TinyHost {
        if let node = nodes.removeValue(forKey: state) { return node }
        var events: [TinyEvent] = []
        var place = states[state]
        while let before = place.before, let event = place.event {
            events.append(event)
            if let node = nodes.removeValue(forKey: before) {
                return replay(events, node)
            }
            place = states[before]
        }
        return replay(events, try start(place.start))
    }

    private mutating func replay(_ events: [TinyEvent], _ node: TinyHost) -> TinyHost {
        for event in events.reversed() {
            tell(node, event)
        }
        eventCount += events.count
        return node
    }

    private func tell(_ node: TinyHost, _ event: TinyEvent) {
        switch event.kind {
        case .frame:
            node.take(book.contents.withLock { $0.frames[event.number] }, from: event.peer)
        case .request:
            node.take(book.contents.withLock { $0.requests[event.number] })
        case .commit: node.commit()
        case .lost: node.lose(event.peer, isCut: false)
        case .cut: node.lose(event.peer, isCut: true)
        case .reached: node.reach(event.peer)
        case .wait: node.wait(milliseconds: event.number)
        case .crash, .amnesia, nil: preconditionFailure("event \(event.code) begins another life")
        }
    }
}
