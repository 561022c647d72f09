public import Client
public import Logging
public import Node
public import Server
public import ServiceLifecycle
import Synchronization

/// A node of a cluster in your own program: it stores, it replicates, and it takes the requests of this process without a
/// socket between.
///
/// ```swift
/// let node = try await ToystoreNode.start(.init(data: "data", seeds: ["10.0.0.5"]))
/// try await node.put("hello", for: "greeting")
/// let greeting = try await node.get("greeting").latest?.text
/// await node.stop()
/// ```
///
/// Its reads and writes are those of ``KeyValueStore``, the same as a remote client's. Other nodes and clients reach it at its
/// ``address``. It has no HTTP door.
///
/// A node runs until ``stop(grace:)``, also where nobody holds it any more.
public final class ToystoreNode: KeyValueStore {
    /// The name that people call the node by.
    public let name: String
    /// Where other nodes and clients reach the node, as seeds are written.
    public let address: String

    private let server: NodeServer
    private let requests = OpenRequests()
    private let isStopping = Mutex(false)
    private let stopped = Latch()

    private init(_ server: NodeServer) {
        self.server = server
        name = server.name
        address = server.endpoint.description
    }

    /// Starts a node, and returns when it takes requests: a first one at once, one that joins a cluster when one of its seeds
    /// has answered, which is waited for as long as the task is not cancelled.
    ///
    /// A node that joins takes requests while its share of the data is still on the way; ``whenServing()`` waits for that.
    ///
    /// - Parameters:
    ///   - configuration: Where the data is, whom to join, and whatever else `toystore-node` has as a setting.
    ///   - logger: Where the node says what happens to it; it says little below `debug`.
    public static func start(
        _ configuration: ServerConfiguration, logger: Logger = Logger(label: "toystore")
    ) async throws(StartFailure) -> ToystoreNode {
        let server = try await NodeServer.start(configuration, logger: logger)
        guard !Task.isCancelled else {
            await server.stop(grace: .zero)
            throw .cancelled
        }
        return ToystoreNode(server)
    }

    /// Returns when the node serves its share of the cluster: it holds every partition that it owns.
    ///
    /// Fails with `closed` where the node stops before, and with `cancelled`.
    public func whenServing() async throws(ClientFailure) {
        try await ask { server, answer in server.whenServing { answer(()) } }
        // A node that stops tells those who wait, too.
        guard !isStopping.withLock({ $0 }) else { throw .closed }
    }

    /// The members, what they hold, and what moves, as this node sees it; a member that can be reached is asked for its
    /// numbers, for a second at most.
    public func status() async throws(ClientFailure) -> ClusterStatus {
        try await ask { server, answer in server.service.clusterStatus(completion: answer) }
    }

    /// Takes no more requests, finishes those in flight within `grace`, writes everything down, and closes.
    ///
    /// Returns when all of that is done, whoever began it, and also where the task is cancelled. The node stays a member of its
    /// cluster, and goes on as the same node when it is started again on its data. What is still in flight when the grace has
    /// passed fails, with an unknown outcome.
    public func stop(grace: Duration = .seconds(5)) async {
        beginStop(grace: grace)
        await stopped.wait()
    }

    /// Returns when the node has stopped, and stops it when the task is cancelled or a graceful shutdown begins.
    public func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await stopped.wait()
        } onCancelOrGracefulShutdown: {
            self.beginStop(grace: .seconds(5))
        }
    }

    private func beginStop(grace: Duration) {
        let isFirst = isStopping.withLock { isStopping in
            defer { isStopping = true }
            return !isStopping
        }
        guard isFirst else { return }
        requests.close()
        // A task of its own: the end of the one who asked for the stop must not end it half way.
        Task {
            await server.stop(grace: grace)
            requests.abandon(.failed(.timeout(required: 1, available: 0, outcome: .unknown)))
            stopped.open()
        }
    }

    /// Asks the node, and waits for the answer, the end of the task or the end of the node.
    func ask<Answer: Sendable>(
        _ begin: (NodeServer, @escaping @Sendable (Answer) -> Void) -> Void
    ) async throws(ClientFailure) -> Answer {
        try await requests.ask { answer in begin(server, answer) }
    }
}

extension ToystoreNode: Service {}
