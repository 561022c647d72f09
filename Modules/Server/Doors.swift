import Logging
import Node
import RPC
import Synchronization

/// Where connections go once the node takes part: they come before that, and are told to come later.
final class Doors: Sendable {
    private struct Inside: Sendable {
        var shards: [ShardRunner]
        var control: ControlRunner
        var service: ServerService
        var logger: Logger
    }

    private let inside = Mutex<Inside?>(nil)

    var isOpen: Bool { inside.withLock { $0 != nil } }

    func open(shards: [ShardRunner], control: ControlRunner, service: ServerService, logger: Logger) {
        inside.withLock { $0 = Inside(shards: shards, control: control, service: service, logger: logger) }
    }

    /// The delegate of a connection that has been admitted.
    func delegate(of connection: RPCConnection) -> any RPCConnectionDelegate {
        guard let inside = inside.withLock({ $0 }),
            let shard = inside.shards.first(where: { $0.eventLoop === connection.eventLoop })
        else { preconditionFailure("a connection was admitted before there was anything behind the door") }
        return InboundConnection(
            connection, shard: shard, control: inside.control, service: inside.service, logger: inside.logger)
    }
}
