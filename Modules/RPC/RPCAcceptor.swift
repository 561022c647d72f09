import Synchronization
public import Wire

/// What a listener does with whoever comes: the node's own introduction, who may come in, and who hears the frames.
public struct RPCAcceptor: Sendable {
    /// This node's introduction.
    public var hello: Hello
    /// Says on any event loop why an initiator that fits (version, cluster) may still not come in, or `nil`.
    public var admit: @Sendable (Hello) -> HandshakeRefusal?
    /// Makes the delegate of a connection, on the connection's event loop, once its handshake is done.
    public var makeDelegate: @Sendable (RPCConnection) -> any RPCConnectionDelegate

    /// An acceptor; without `admit` everyone that fits may come in.
    public init(
        hello: Hello, admit: @escaping @Sendable (Hello) -> HandshakeRefusal? = { _ in nil },
        makeDelegate: @escaping @Sendable (RPCConnection) -> any RPCConnectionDelegate
    ) {
        self.hello = hello
        self.admit = admit
        self.makeDelegate = makeDelegate
    }
}

/// Counts the connections of one listener over all event loops, twice for each connection, never for a frame.
final class ConnectionCounts: Sendable {
    private let handshakes = Atomic(0)
    private let connections = Atomic(0)
    private let handshakeLimit: Int
    private let connectionLimit: Int

    init(_ configuration: RPCConfiguration) {
        handshakeLimit = configuration.handshakingConnectionLimit
        connectionLimit = configuration.connectionLimit
    }

    /// A newcomer: `false` where too many are in their handshake.
    func handshakeBegan() -> Bool {
        Self.take(handshakes, limit: handshakeLimit)
    }

    func handshakeEnded() {
        handshakes.subtract(1, ordering: .relaxed)
    }

    /// The handshake is done: `false`, and nothing changed, where too many connections are open.
    func handshakeBecameConnection() -> Bool {
        guard Self.take(connections, limit: connectionLimit) else { return false }
        handshakeEnded()
        return true
    }

    func connectionClosed() {
        connections.subtract(1, ordering: .relaxed)
    }

    private static func take(_ count: borrowing Atomic<Int>, limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }
}
