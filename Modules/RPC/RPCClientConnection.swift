public import Logging
public import Machine
public import NIOCore
import Synchronization
public import Wire

/// One connection for callers in tasks: many calls at a time, each with its deadline.
///
/// For the client library and the command line. A call costs a hop to the loop and back; what is hot inside a node uses
/// ``RPCConnection``. The event loop must outlive the last call, and whoever connected calls ``close()``.
public final class RPCClientConnection: Sendable {
    /// The loop that the connection lives on.
    public let eventLoop: any EventLoop
    private let table: NIOLoopBound<CallTable>
    private let connection: NIOLoopBound<RPCConnection>

    private init(
        eventLoop: any EventLoop, table: NIOLoopBound<CallTable>, connection: NIOLoopBound<RPCConnection>
    ) {
        self.eventLoop = eventLoop
        self.table = table
        self.connection = connection
    }

    /// Connects and shakes hands. At most `callLimit` calls are in flight at a time.
    ///
    /// Fails with `notConnected` and the reason, within the connect timeout and the handshake timeout.
    public static func connect(
        to endpoint: RPCEndpoint, as hello: Hello, expecting nodeID: NodeID? = nil, on eventLoop: any EventLoop,
        callLimit: Int = 1024, configuration: RPCConfiguration = RPCConfiguration(), logger: Logger,
        prepareChannel: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws(RPCFailure) -> RPCClientConnection {
        let opening = eventLoop.makePromise(of: Void.self)
        do {
            let client = try await eventLoop.submit {
                let table = CallTable(on: eventLoop, callLimit: callLimit, opening: opening)
                let connection = RPCConnection.connect(
                    to: endpoint, as: hello, expecting: nodeID, on: eventLoop, delegate: table,
                    configuration: configuration, logger: logger, prepareChannel: prepareChannel)
                table.use(connection)
                return RPCClientConnection(
                    eventLoop: eventLoop, table: NIOLoopBound(table, eventLoop: eventLoop),
                    connection: NIOLoopBound(connection, eventLoop: eventLoop))
            }.get()
            try await opening.futureResult.get()
            return client
        } catch let reason as ConnectionCloseReason {
            throw .notConnected(reason)
        } catch {
            opening.fail(error)
            throw .notConnected(ConnectionCloseReason(of: error))
        }
    }

    /// Sends a request and returns the reply, a frame with the `reply` flag; what a `failure` among replies means is the
    /// message codec's to say.
    ///
    /// Returns or fails within `timeout`. A call that is given up is forgotten: its late reply is dropped.
    public func call(
        _ kind: FrameKind, payload: ByteBuffer, timeout: Duration
    ) async throws(RPCFailure) -> Frame {
        let call = Call()
        let deadline = Instant(nanoseconds: Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds))
            .advanced(by: timeout)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CallTable.Waiter) in
                eventLoop.execute {
                    self.table.value.begin(call, kind: kind, payload: payload, deadline: deadline, waiter)
                }
            }
        } onCancel: {
            eventLoop.execute {
                let slot: SlotID? = call.state.withLock { state in
                    guard case .waiting(let slot) = state else {
                        state = .cancelledBeforeStart
                        return nil
                    }
                    return slot
                }
                if let slot {
                    self.table.value.cancel(slot)
                }
            }
        }
        return try result.get()
    }

    /// The other end, or `nil` once the connection has ended.
    public func remote() async -> RemoteEnd? {
        try? await eventLoop.submit { self.connection.value.isOpen ? self.connection.value.remote : nil }.get()
    }

    /// Closes the connection; calls in flight fail with `connectionLost`. Returns when it has ended.
    public func close() async {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { self.table.value.close(promise) }
        // The promise is only ever succeeded.
        try? await promise.futureResult.get()
    }
}
