import Causality
import Coordinator
import Storage

/// How a world ends in which nothing more goes wrong.
extension TinyMover {
    /// Whether the way to the end begins with something that may happen anyhow: then the world after that is judged.
    private func isJudgedLater(_ world: TinyWorld) -> Bool {
        if isolated(in: world) != nil { return true }
        let isQuiet = (0..<TinyWorld.nodeCount * TinyWorld.nodeCount).allSatisfy { !isBusy($0, of: world) }
        if isQuiet { return Self.all.contains { state($0, of: world).hasUncommitted } }
        return world.budget.deliveries > 0
    }

    /// The end of a world in which nothing more goes wrong: heals, lets everything happen in turn, and reads the key from
    /// all owners. Returns the first flaw.
    mutating func judge(_ world: TinyWorld) throws(StorageFailure) -> String? {
        if let flaw = outside(of: world).history.flaw { return flaw }
        guard !isJudgedLater(world) else { return nil }
        var world = world
        try settle(&world)
        if let flaw = outside(of: world).history.flaw { return flaw }
        world.budget = .none
        guard ends.meet(world) == .new else { return nil }
        endCount += 1
        return try end(of: world)
    }

    /// Walks a path as far as it is one, and to the end from there; the flaw that shows, and after how many steps.
    mutating func walk(
        _ path: [TinyChoice], from first: TinyWorld
    ) throws(StorageFailure) -> (flaw: String, length: Int)? {
        var world = first
        var possible: [TinyChoice] = []
        for (place, choice) in path.enumerated() {
            choices(of: world, into: &possible)
            guard possible.contains(choice) else { return nil }
            try apply(choice, to: &world)
            if let flaw = outside(of: world).history.flaw { return (flaw, place + 1) }
        }
        try heal(in: &world)
        try settle(&world)
        return try end(of: world).map { ($0, path.count) }
    }

    /// The flaw of a world at rest, if it has one.
    private mutating func end(of world: TinyWorld) throws(StorageFailure) -> String? {
        var world = world
        var history = outside(of: world).history
        if let flaw = history.flaw { return flaw }
        let acknowledged = history.acknowledged
        var found: Object?
        for round in Self.all where found == nil {
            try wait(milliseconds: 10_000, in: &world)
            try settle(&world)
            found = try read(at: round, in: &world)
        }
        if let found { history.judge(read: found, after: acknowledged) }
        history.judge(end: found)
        return history.flaw
    }

    /// Everything that is on its way arrives in turn.
    private mutating func settle(_ world: inout TinyWorld) throws(StorageFailure) {
        while true {
            let busy = (0..<TinyWorld.nodeCount * TinyWorld.nodeCount).first { isBusy($0, of: world) }
            if let busy {
                try deliver(busy, in: &world)
            } else if let host = Self.all.first(where: { state($0, of: world).hasUncommitted }) {
                try tell(host, TinyEvent(.commit), in: &world)
            } else {
                return
            }
        }
    }

    /// What a read of all owners finds.
    private mutating func read(at host: Int, in world: inout TinyWorld) throws(StorageFailure) -> Object? {
        let client = outside(of: world).clients.count
        let request = reader.number(
            of: TinyRequest(
                request: .get(GetRequest(key: TinyWorld.key, options: RequestOptions(read: .all))), client: client))
        var event = TinyEvent(.request, number: request)
        var host = host
        while true {
            let step = try reader.step(Int(world.hosts[host]), event)
            take(step, of: host, in: &world)
            for reply in step.replies where reply.client == client {
                switch reader.response(reply.response) {
                case .found(let object): return object
                case .absent: return Object()
                case .written, .failed: return nil
                }
            }
            let busy = (0..<TinyWorld.nodeCount * TinyWorld.nodeCount).first { isBusy($0, of: world) }
            guard let link = busy else { return nil }
            let sender = link / TinyWorld.nodeCount
            host = link % TinyWorld.nodeCount
            let frame = reader.networks[Int(world.network)].links[link][0]
            change(.arrived(link: link), in: &world)
            event = TinyEvent(.frame, peer: sender, number: Int(frame))
        }
    }
}
