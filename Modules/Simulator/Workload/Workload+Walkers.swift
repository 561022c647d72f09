import Causality
import Coordinator
import Machine

/// Walkers: clients that take a session with them, and ask another node each time. They have keys of their own, so that what one
/// has seen of a key is owed to those who read what it has written to another. Half of their requests are followed at once by
/// a read of the same key at the next node, which may not have heard of what the last one told them.
extension Workload {
    /// The walkers among the clients: after the one who reads everything in the end.
    var walkers: Range<Int> { options.clients + 1..<clients.count }

    /// The keys that walkers read and write: the last ones.
    var walkedKeys: Range<Int> { history.keys.count - options.walkedKeys..<history.keys.count }

    mutating func walk(_ client: Int, in world: World) {
        let key = walkedKeys.lowerBound + Int(clients[client].generator.below(UInt64(walkedKeys.count)))
        guard clients[client].generator.chance(3, in: 8) else {
            walkOn(client, key, in: world)
            return
        }
        guard let host = nextHost(for: client, world) else {
            pause(client, in: world)
            return
        }
        followWithRead(client)
        let known = clients[client].knowledge[key]
        write(
            client, key, host, .seen(known.context ?? CausalContext()), past: known.past,
            isDelete: clients[client].generator.chance(1, in: 8), strict: isStrict(key), world)
    }

    /// Goes to another node and reads.
    mutating func walkOn(_ client: Int, _ key: Int, in world: World) {
        guard let host = nextHost(for: client, world) else {
            pause(client, in: world)
            return
        }
        followWithRead(client)
        read(client, key, host, strict: isStrict(key), world)
    }

    private mutating func followWithRead(_ client: Int) {
        clients[client].following = clients[client].generator.chance(1, in: 2) ? .read : .nothing
    }

    private func isStrict(_ key: Int) -> Bool { history.keys[key].model == .walkedStrictly }

    /// Any host but the one that it asked last, if there is another.
    private mutating func nextHost(for client: Int, _ world: World) -> Int? {
        let running = world.running
        let others = running.filter { $0 != clients[client].host }
        let choice = others.isEmpty ? running : others
        guard !choice.isEmpty else { return nil }
        clients[client].host = choice[Int(clients[client].generator.below(UInt64(choice.count)))]
        return clients[client].host
    }

    /// The session that a walker's write is made in, by walked key; nothing for other clients.
    func session(of client: Int) -> [Session] {
        walkers.contains(client) ? walkedKeys.map { clients[client].knowledge[$0].session } : []
    }

    /// A walker has read a write that was made in a session: it goes on from all that.
    mutating func follow(_ write: Int, of key: Int, _ client: Int) {
        guard walkers.contains(client), !clients[client].knowledge[key].followed.contains(write) else { return }
        clients[client].knowledge[key].followed.insert(write)
        for (key, session) in zip(walkedKeys, history.keys[key].writes[write].session) {
            clients[client].knowledge[key].session.follow(session)
        }
    }
}
