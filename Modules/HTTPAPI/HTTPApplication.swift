import HummingbirdCore
import Logging
import NIOCore
public import ServiceLifecycle

/// A server of an ``HTTPAPI``: runs until it is told to stop.
///
/// In a `ServiceGroup` a graceful shutdown closes the port and idle connections at once, lets requests in flight finish,
/// and cuts off what is left after ``HTTPAPIConfiguration/stopGrace``. Cancelling the task cuts off at once.
public struct HTTPApplication: Service {
    let api: HTTPAPI
    let host: String
    let port: Int
    let group: any EventLoopGroup
    let logger: Logger
    let onListening: @Sendable (Int) async -> Void

    /// Listens and serves; returns when it has stopped. Call it once for each server.
    public func run() async throws(HTTPListenFailure) {
        let server = server
        let grace = api.configuration.stopGrace
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await server.run() }
                tasks.addTask {
                    try await gracefulShutdown()
                    // Whoever is served by then has been; the rest is cut off by the end of the group.
                    try await Task.sleep(for: grace)
                }
                try await tasks.next()
                tasks.cancelAll()
            }
        } catch is CancellationError {
            return
        } catch {
            throw HTTPListenFailure(error, host: host, port: port)
        }
    }

    private var server: Server<HTTP1Channel> {
        let (api, configuration, onListening, port) = (api, api.configuration, onListening, port)
        var channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionGuard(
                    requestTimeout: TimeAmount(configuration.requestTimeout),
                    stallTimeout: TimeAmount(configuration.stallTimeout))
            ],
            idleTimeout: TimeAmount(configuration.idleTimeout))
        channel.httpDecoder.maxHeaderFieldSize = configuration.headerByteLimit
        channel.httpDecoder.maxHeaderListSize = configuration.headerListByteLimit
        channel.httpDecoder.maxHeaderFieldCount = configuration.headerCountLimit
        return Server(
            childChannelSetup: HTTP1Channel(
                responder: { request, writer, _ in try await api.answer(request, with: writer) },
                configuration: channel),
            configuration: ServerConfiguration(
                address: .hostname(host, port: port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.connectionLimit)),
            onServerRunning: { await onListening($0.localAddress?.port ?? port) },
            eventLoopGroup: group, logger: logger)
    }
}
