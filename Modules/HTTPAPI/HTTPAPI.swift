public import Logging
public import NIOCore
public import Node

/// The HTTP door of a node: the routes, statuses, headers and JSON that other programs rely on.
///
/// It holds nothing but a service to ask, and limits. Any number of servers can be made of it; they share its limits.
public struct HTTPAPI: Sendable {
    let service: any NodeService
    let configuration: HTTPAPIConfiguration
    /// What all bodies that are being received or served may take together.
    let bodies: ByteBudget

    /// The HTTP door of `service`, which is retained.
    public init(service: any NodeService, configuration: HTTPAPIConfiguration = HTTPAPIConfiguration()) {
        self.service = service
        self.configuration = configuration
        bodies = ByteBudget(configuration.bodyByteLimit)
    }

    /// A server of this API, to be run.
    ///
    /// - Parameters:
    ///   - host: The address or name to listen on.
    ///   - port: The port, or 0 for one that the system chooses.
    ///   - group: The loops that connections are spread over; it must outlive the server.
    ///   - logger: Where the server speaks about itself, never once for each request.
    ///   - onListening: Called once with the port that was bound, before the first request is taken.
    public func application(
        host: String, port: Int, on group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> HTTPApplication {
        HTTPApplication(api: self, host: host, port: port, group: group, logger: logger, onListening: onListening)
    }
}
