import Daemon
import NodeSettings

/// Runs a node until it is told to stop.
func serve(_ configuration: NodeConfiguration) async throws {
    try await Daemon(configuration, logger: LogSetup.logger(for: configuration)).run()
}
