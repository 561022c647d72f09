import Foundation
import HTTPAPI
public import Logging
public import NodeSettings
import Server
import ServiceLifecycle
import UnixSignals

/// A node as a process: started from its configuration, it says when it serves, and stops by SIGTERM or SIGINT.
///
/// The order of things: ports and data directory, the cluster, HTTP, then the one line `ready …` on standard output once
/// the node serves its share. On a signal HTTP stops first, then the node finishes what is in flight and closes storage.
public struct Daemon: Sendable {
    private let configuration: NodeConfiguration
    private let logger: Logger

    /// A node of this configuration.
    public init(_ configuration: NodeConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs until a signal; throws why the node could not start, or had to stop.
    public func run() async throws {
        guard configuration.evictAfter == nil else {
            // Whoever counts on it would find out when a member is gone for good.
            throw StartFailure.configuration(
                "--evict-after: this build removes no member by itself; leave the setting out, or off")
        }
        let settings = ServerConfiguration(configuration)
        let logger = logger
        let httpPort = configuration.httpPort.map(Int.init)
        let host = configuration.host
        let node = NodeProcess(settings: settings, logger: logger) { server in
            guard let httpPort else { return nil }
            return HTTPAPI(service: server.service).application(
                host: host, port: httpPort, on: server.group, logger: logger)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: node, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

/// Starts the node, then its HTTP door, and takes both down in the opposite order.
private struct NodeProcess: Service {
    let settings: ServerConfiguration
    let logger: Logger
    let makeHTTP: @Sendable (NodeServer) -> HTTPApplication?

    func run() async throws {
        // A node that waits for its seeds is stopped by a signal at once.
        let started = try await cancelWhenGracefulShutdown { () -> NodeServer? in
            do {
                return try await NodeServer.start(settings, logger: logger)
            } catch StartFailure.cancelled {
                return nil
            }
        }
        guard let server = started else { return }
        do {
            try await serve(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        logger.notice("stopped")
    }

    private func serve(_ server: NodeServer) async throws {
        let announcement = Task {
            await server.whenServing()
            if !Task.isCancelled {
                await announce(server)
            }
        }
        defer { announcement.cancel() }
        guard let http = makeHTTP(server) else {
            try await gracefulShutdown()
            return
        }
        // Returns after a graceful shutdown, and throws where the port cannot be had.
        try await http.run()
    }

    private func announce(_ server: NodeServer) async {
        let members = await server.memberCount()
        let http = settings.httpPort.map { $0 == 0 ? "off" : "\(settings.host):\($0)" } ?? "off"
        let line = "ready name=\(server.name) rpc=\(server.endpoint) http=\(http) resp=off members=\(members)\n"
        FileHandle.standardOutput.write(Data(line.utf8))
    }
}
