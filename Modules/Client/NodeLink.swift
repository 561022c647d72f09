import Logging
import NIOCore
import RPC
import Synchronization
import Wire

/// The one connection to a node: made when it is first wanted, shared by all requests, made anew when it was lost.
final class NodeLink: Sendable {
    /// A connection to send a request on.
    struct Lease: Sendable {
        let connection: RPCClientConnection
        /// Whether it was open before: then it may have ended without this end knowing.
        let isReused: Bool
    }

    /// Why there is none.
    enum Failure: Error {
        /// The attempt failed; without a reason, it took longer than the caller waits.
        case notConnected(ConnectionCloseReason?)
        case cancelled
        case closed
    }

    private typealias Waiter = CheckedContinuation<Result<Lease, Failure>, Never>

    private enum Phase {
        case idle
        case connecting
        case open(RPCClientConnection)
        case closed
    }

    private struct State {
        var phase = Phase.idle
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    let endpoint: RPCEndpoint
    private let hello: Hello
    private let eventLoop: any EventLoop
    private let configuration: ClientConfiguration
    private let logger: Logger
    private let state = Mutex(State())

    init(
        to endpoint: RPCEndpoint, as hello: Hello, on eventLoop: any EventLoop, configuration: ClientConfiguration,
        logger: Logger
    ) {
        self.endpoint = endpoint
        self.hello = hello
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.logger = logger
    }

    /// The connection, as soon as there is one. An attempt that takes longer than `limit` goes on for those who come later.
    func connection(within limit: Duration) async -> Result<Lease, Failure> {
        let (id, ready) = state.withLock { state -> (UInt64, Result<Lease, Failure>?) in
            state.nextWaiter += 1
            return switch state.phase {
            case .open(let connection): (0, .success(Lease(connection: connection, isReused: true)))
            case .closed: (0, .failure(.closed))
            case .idle, .connecting: (state.nextWaiter, nil)
            }
        }
        if let ready { return ready }
        let timer = eventLoop.scheduleTask(in: TimeAmount(limit)) { self.resume(id, .failure(.notConnected(nil))) }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                wait(waiter, as: id)
                // A cancellation that came before found nobody waiting.
                if Task.isCancelled {
                    resume(id, .failure(.cancelled))
                }
            }
        } onCancel: {
            resume(id, .failure(.cancelled))
        }
    }

    /// Forgets a connection that has ended; the next request makes another.
    func discard(_ ended: RPCClientConnection) {
        state.withLock { state in
            if case .open(let connection) = state.phase, connection === ended {
                state.phase = .idle
            }
        }
    }

    /// Closes the connection, and returns when it has ended. Whoever waits for one is told; an attempt that is under way
    /// comes to its own end, and to nothing.
    func close() async {
        let (phase, waiters) = state.withLock { state in
            defer {
                state.phase = .closed
                state.waiters = [:]
            }
            return (state.phase, state.waiters)
        }
        for waiter in waiters.values {
            waiter.resume(returning: .failure(.closed))
        }
        if case .open(let connection) = phase {
            await connection.close()
        }
    }

    private func wait(_ waiter: Waiter, as id: UInt64) {
        let ready = state.withLock { state -> Result<Lease, Failure>? in
            switch state.phase {
            case .open(let connection):
                return .success(Lease(connection: connection, isReused: true))
            case .closed:
                return .failure(.closed)
            case .idle:
                state.phase = .connecting
                Task { await self.connect() }
            case .connecting:
                break
            }
            state.waiters[id] = waiter
            return nil
        }
        if let ready {
            waiter.resume(returning: ready)
        }
    }

    /// Gives a waiter its result; one that has it already is left alone.
    private func resume(_ id: UInt64, _ result: Result<Lease, Failure>) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: result)
    }

    private func connect() async {
        let result: Result<RPCClientConnection, Failure>
        do throws(RPCFailure) {
            result = .success(
                try await RPCClientConnection.connect(
                    to: endpoint, as: hello, on: eventLoop, callLimit: configuration.requestLimit,
                    configuration: configuration.connection, logger: logger))
        } catch .notConnected(let reason), .connectionLost(let reason) {
            result = .failure(.notConnected(reason))
        } catch {
            result = .failure(.notConnected(.transport(error.description)))
        }
        let (waiters, isClosed) = state.withLock { state -> ([UInt64: Waiter], Bool) in
            if case .closed = state.phase { return ([:], true) }
            state.phase =
                switch result {
                case .success(let connection): .open(connection)
                case .failure: .idle
                }
            defer { state.waiters = [:] }
            return (state.waiters, false)
        }
        if isClosed, case .success(let connection) = result {
            await connection.close()
        }
        for waiter in waiters.values {
            waiter.resume(returning: result.map { Lease(connection: $0, isReused: false) })
        }
    }
}
