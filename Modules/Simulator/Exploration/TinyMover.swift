import Storage

/// Moves a ``TinyWorld``: what may happen in it, what comes of that, and how it ends.
struct TinyMover {
    var reader: TinyReader
    static let all = 0..<TinyWorld.nodeCount
    /// Worlds at rest whose end has been judged, by any job.
    let ends: VisitedWorlds
    var endCount = 0

    init(_ book: TinyBook, _ ends: VisitedWorlds) {
        reader = TinyReader(book)
        self.ends = ends
    }

    /// How many ends were judged, and how many events real nodes were told, since the last time.
    mutating func takeCounts() -> (ends: Int, nodeEvents: Int) {
        defer { endCount = 0 }
        return (endCount, reader.takeEventCount())
    }

    /// The world before anything has happened.
    mutating func first(steps: [[TinyClient.Step]], budget: TinyBudget) throws(StorageFailure) -> TinyWorld {
        var hosts = SIMD3<UInt32>()
        for host in Self.all {
            hosts[host] = UInt32(try reader.first(of: host))
        }
        return TinyWorld(
            hosts: hosts, network: UInt32(reader.number(of: TinyNetwork())),
            outside: UInt32(reader.number(of: TinyOutside(steps: steps))), budget: budget)
    }

    func state(_ host: Int, of world: TinyWorld) -> TinyHostState { reader.states[Int(world.hosts[host])] }

    func outside(of world: TinyWorld) -> TinyOutside { reader.outsides[Int(world.outside)] }

    /// Whether anything is on its way over a link.
    func isBusy(_ link: Int, of world: TinyWorld) -> Bool {
        !reader.networks[Int(world.network)].links[link].isEmpty
    }

    /// The host that nobody reaches.
    func isolated(in world: TinyWorld) -> Int? {
        Self.all.first { state($0, of: world).cut.nonzeroBitCount == TinyWorld.nodeCount - 1 }
    }

    /// What may happen next.
    func choices(of world: TinyWorld, into choices: inout [TinyChoice]) {
        choices.removeAll(keepingCapacity: true)
        let budget = world.budget
        if budget.deliveries > 0 {
            for link in 0..<TinyWorld.nodeCount * TinyWorld.nodeCount where isBusy(link, of: world) {
                choices.append(.deliver(link))
            }
        }
        let clients = reader.outsides[Int(world.outside)].clients
        for client in clients.indices where clients[client].nextHost != nil {
            choices.append(.begin(client))
        }
        let isolated = isolated(in: world)
        for host in Self.all {
            if state(host, of: world).hasUncommitted {
                choices.append(.commit(host))
            }
            if budget.crashes > 0 { choices.append(.crash(host)) }
            if budget.amnesias > 0 { choices.append(.amnesia(host)) }
            if budget.partitions > 0, isolated == nil { choices.append(.isolate(host)) }
        }
        if isolated != nil { choices.append(.heal) }
        if budget.patience > 0, clients.contains(where: \.isWaiting) { choices.append(.patience) }
    }

    /// Lets one of the choices happen.
    mutating func apply(_ choice: TinyChoice, to world: inout TinyWorld) throws(StorageFailure) {
        switch choice {
        case .deliver(let link):
            world.budget.deliveries -= 1
            try deliver(link, in: &world)
        case .begin(let client):
            guard let host = outside(of: world).clients[client].nextHost else { return }
            let turn = reader.turn(Int(world.outside), .begin(client))
            world.outside = UInt32(turn.state)
            try tell(host, TinyEvent(.request, number: turn.request), in: &world)
        case .commit(let host):
            try tell(host, TinyEvent(.commit), in: &world)
        case .crash(let host):
            world.budget.crashes -= 1
            try restart(host, TinyEvent(.crash), in: &world)
        case .amnesia(let host):
            world.budget.amnesias -= 1
            turn(.forgot, in: &world)
            try restart(host, TinyEvent(.amnesia), in: &world)
        case .isolate(let host):
            world.budget.partitions -= 1
            for other in Self.all where other != host {
                change(.lost(host, other), in: &world)
                try tell(host, TinyEvent(.cut, peer: other), in: &world)
                try tell(other, TinyEvent(.cut, peer: host), in: &world)
            }
        case .heal:
            try heal(in: &world)
        case .patience:
            world.budget.patience -= 1
            try wait(milliseconds: 700, in: &world)
        }
    }

    /// Tells a host of an event, and clients what they are answered.
    mutating func tell(_ host: Int, _ event: TinyEvent, in world: inout TinyWorld) throws(StorageFailure) {
        let step = try reader.step(Int(world.hosts[host]), event)
        take(step, of: host, in: &world)
        for reply in step.replies where reply.client < outside(of: world).clients.count {
            turn(.answered(reply.client, response: reply.response), in: &world)
        }
    }

    mutating func take(_ step: TinyStep, of host: Int, in world: inout TinyWorld) {
        world.hosts[host] = UInt32(step.state)
        for (peer, frame) in step.sent {
            change(.sent(link: host * TinyWorld.nodeCount + peer, frame: frame), in: &world)
        }
    }

    mutating func change(_ change: TinyNetwork.Change, in world: inout TinyWorld) {
        world.network = UInt32(reader.change(Int(world.network), change))
    }

    private mutating func turn(_ event: TinyOutside.Event, in world: inout TinyWorld) {
        world.outside = UInt32(reader.turn(Int(world.outside), event).state)
    }

    mutating func deliver(_ link: Int, in world: inout TinyWorld) throws(StorageFailure) {
        let (sender, receiver) = link.quotientAndRemainder(dividingBy: TinyWorld.nodeCount)
        let frame = reader.networks[Int(world.network)].links[link][0]
        change(.arrived(link: link), in: &world)
        try tell(receiver, TinyEvent(.frame, peer: sender, number: Int(frame)), in: &world)
    }

    mutating func wait(milliseconds: Int, in world: inout TinyWorld) throws(StorageFailure) {
        for host in Self.all {
            try tell(host, TinyEvent(.wait, number: milliseconds), in: &world)
        }
    }

    mutating func heal(in world: inout TinyWorld) throws(StorageFailure) {
        guard let host = isolated(in: world) else { return }
        for other in Self.all where other != host {
            try tell(other, TinyEvent(.reached, peer: host), in: &world)
            try tell(host, TinyEvent(.reached, peer: other), in: &world)
        }
    }

    /// A power cut and the start after it. Both ends lose what was on its way between them.
    private mutating func restart(
        _ host: Int, _ event: TinyEvent, in world: inout TinyWorld
    ) throws(StorageFailure) {
        let clients = outside(of: world).clients
        for client in clients.indices where clients[client].host == host {
            turn(.lost(client), in: &world)
        }
        let cut = state(host, of: world).cut
        for other in Self.all where other != host {
            change(.lost(host, other), in: &world)
            try tell(other, TinyEvent(.lost, peer: host), in: &world)
        }
        try tell(host, event, in: &world)
        for other in Self.all where other != host && cut & 1 << UInt8(other) == 0 {
            try tell(other, TinyEvent(.reached, peer: host), in: &world)
        }
    }
}
