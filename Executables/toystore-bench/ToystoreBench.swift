import ArgumentParser
import Glibc
import LoadGenerator
import Server

/// Measures a ring or a cluster.
@main
struct ToystoreBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toystore-bench",
        abstract: "Measure a Toystore cluster, or the ring alone.",
        discussion: """
            EXAMPLES:
              Three nodes in this process, closed loop, puts and gets:
                toystore-bench
              A running cluster, 20,000 requests begun each second:
                toystore-bench --target 127.0.0.1:7400 --target 127.0.0.2:7400 --rate 20000
              What a lookup in the ring costs:
                toystore-bench ring
            """,
        version: NodeServer.version, subcommands: [LoadCommand.self, RingCommand.self],
        defaultSubcommand: LoadCommand.self)

    /// Runs the command; ends with 2 where it was called wrongly, with 3 where the cluster does not serve, as `toystore`
    /// does.
    static func main() async {
        do {
            var command = try parseAsRoot()
            #if DEBUG
            if command is LoadCommand || command is RingCommand {
                StandardError.write(
                    "toystore-bench: a debug build, whose figures mean little; measure with swift run -c release toystore-bench\n"
                )
            }
            #endif
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let code: Int32? =
                switch error {
                case is LoadFailure, is StartFailure: 3
                case _ where exitCode(for: error) == .validationFailure: 2
                default: nil
                }
            guard let code else { exit(withError: error) }
            StandardError.write(fullMessage(for: error) + "\n")
            Glibc.exit(code)
        }
    }
}

/// The place for what is not the result.
enum StandardError {
    /// Whether someone looks on.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String) {
        // Who closed it does not want to know.
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
