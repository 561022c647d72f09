import ArgumentParser
import Causality
import Client
import Coordinator
import Machine
import RPC

/// Whom to ask, and how to answer.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("A node of the cluster; again for more.", valueName: "host[:port]"))
    var node: [String] = []

    @Option(
        help: ArgumentHelp("How long to wait: 500ms, 5s, 1m, or milliseconds. (default: 5s)", valueName: "duration"),
        transform: Parse.timeout)
    var timeout: Duration?

    @Flag(help: "Answer in JSON.")
    var json = false

    /// Does something with a client of the cluster; `purpose` says what, as in “cannot …”. What `writes` is told of a failure
    /// that nothing was written, where that is certain.
    func withClient<Result>(
        on console: Console, to purpose: String, writes: Bool = false,
        _ body: (ToystoreClient) async throws(ClientFailure) -> Result
    ) async throws(CommandFailure) -> Result {
        let nodes = try endpoints(on: console)
        do throws(ClientFailure) {
            var configuration = ClientConfiguration()
            configuration.timeout = timeout ?? configuration.timeout
            let client = try ToystoreClient(nodes: nodes, configuration: configuration)
            let result: Swift.Result<Result, ClientFailure>
            do throws(ClientFailure) {
                result = .success(try await body(client))
            } catch {
                result = .failure(error)
            }
            await client.close()
            return try result.get()
        } catch {
            let effect = writes && error.outcome == .notApplied ? " Nothing was written." : ""
            throw CommandFailure(error.status, "cannot \(purpose): \(error).\(effect) \(error.advice)")
        }
    }

    private func endpoints(on console: Console) throws(CommandFailure) -> [RPCEndpoint] {
        let named = node.isEmpty ? console.environment["TOYSTORE_NODE"].map(Self.list) ?? [] : node
        var endpoints: [RPCEndpoint] = []
        for text in named.isEmpty ? ["127.0.0.1"] : named {
            guard let endpoint = RPCEndpoint(text) else {
                throw CommandFailure(
                    .usage,
                    "“\(text)” is no address of a node. Give HOST, HOST:PORT or [IPv6]:PORT with --node or in TOYSTORE_NODE."
                )
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    /// The parts of a variable that lists nodes, with commas or blanks between them.
    private static func list(_ text: String) -> [String] {
        text.split { $0 == "," || $0.isWhitespace }.map(String.init)
    }
}

/// How many replicas a read asks.
struct ReadOptions: ParsableArguments {
    @Option(
        name: .customLong("r"), help: ArgumentHelp("Replicas that must answer.", valueName: "replicas"),
        transform: Parse.quorum)
    var read: QuorumSize?

    @Option(
        name: .customLong("pr"), help: ArgumentHelp("Of those, owners.", valueName: "replicas"),
        transform: Parse.quorum)
    var primaryRead: QuorumSize?

    @Flag(help: "Let no other node stand in for an owner that cannot be reached.")
    var strict = false

    var options: RequestOptions { RequestOptions(read: read, primaryRead: primaryRead, sloppy: !strict) }
}

/// How many replicas a write needs, and what it replaces.
struct WriteOptions: ParsableArguments {
    @Option(
        name: .customLong("w"), help: ArgumentHelp("Replicas that must acknowledge.", valueName: "replicas"),
        transform: Parse.quorum)
    var write: QuorumSize?

    @Option(
        name: .customLong("pw"), help: ArgumentHelp("Of those, owners.", valueName: "replicas"),
        transform: Parse.quorum)
    var primaryWrite: QuorumSize?

    @Option(
        name: .customLong("dw"), help: ArgumentHelp("Of those, with the value on disk.", valueName: "replicas"),
        transform: Parse.quorum)
    var durableWrite: QuorumSize?

    @Flag(help: "Let no other node stand in for an owner that cannot be reached.")
    var strict = false

    @Option(
        help: ArgumentHelp(
            "What the write replaces: the context of a read, or none for nothing. (default: what is there)",
            valueName: "context"))
    var context: String?

    var options: RequestOptions {
        RequestOptions(write: write, primaryWrite: primaryWrite, durableWrite: durableWrite, sloppy: !strict)
    }

    /// What the writer has seen of the key.
    func seeing(_ key: ByteBuffer) throws(CommandFailure) -> WriteContext {
        switch context {
        case nil: return .everythingHere
        case "none": return .seen(CausalContext())
        case let text?:
            do throws(ContextToken.Failure) {
                return .seen(try ContextToken(text: text, key: key).context)
            } catch .foreign {
                throw CommandFailure(.usage, "the context belongs to another key. Read this key and give its own.")
            } catch {
                throw CommandFailure(
                    .usage, "the context is none. Give one as toystore get --json prints it, whole, or none.")
            }
        }
    }
}
