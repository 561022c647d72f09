import ArgumentParser
import FoundationEssentials
import Glibc
import Machine
import NodeSettings

/// One node of a cluster.
@main
struct ToystoreNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toystore-node",
        abstract: "Run one node of a Toystore cluster: storage, gossip, calls and HTTP in one process.",
        usage: "toystore-node [<options>]",
        discussion: """
            Every option is also a key of the configuration file (--http-port is http-port) and an environment \
            variable (TOYSTORE_HTTP_PORT). An option beats the environment, which beats the file. What is unknown \
            or out of range is refused, with its place.

            EXAMPLES:
              A cluster of one:
                toystore-node
              Three nodes on one machine:
                toystore-node --host 127.0.0.1
                toystore-node --host 127.0.0.2 --seed 127.0.0.1
                toystore-node --host 127.0.0.3 --seed 127.0.0.1
              What a file amounts to, without starting anything:
                toystore-node --config node.yaml --print-config
            """,
        version: Release.version)

    @OptionGroup(title: "Addresses") var addresses: AddressOptions
    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup(title: "Storage") var storage: StorageOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "Security (refused: not in this build)") var security: SecurityOptions
    @OptionGroup var process: RunOptions

    @Flag(help: "Print the configuration that holds, as YAML, and end.")
    var printConfig = false

    /// What the options say.
    var arguments: [Setting: [String]] {
        let given =
            addresses.given + cluster.given + storage.given + requests.given + security.given + process.given
        return Dictionary(uniqueKeysWithValues: given.map { ($0, $1.compactMap { $0 }) })
    }

    func run() async throws {
        let configuration = try NodeConfiguration.load(
            arguments: arguments, environment: ProcessInfo.processInfo.environment,
            readFile: { path throws(TextFile.Failure) in try TextFile.read(path) })
        if printConfig {
            print(configuration.yaml, terminator: "")
        } else {
            try await serve(configuration)
        }
    }

    /// Runs the command; ends with 2 where it was called wrongly, as `toystore` does.
    static func main() async {
        do {
            try await parse().run()
        } catch {
            guard error is ConfigurationFailure || exitCode(for: error) == .validationFailure else {
                exit(withError: error)
            }
            let message = fullMessage(for: error) + "\n"
            _ = write(STDERR_FILENO, message, message.utf8.count)
            Glibc.exit(2)
        }
    }
}
