import Client
import RPC
public import Server

extension ServerConfiguration {
    /// A node that keeps its data in a folder, which is made where it is not there. A node that is started again on its
    /// folder is the same node.
    ///
    /// - Parameters:
    ///   - data: The folder; one node has it at a time.
    ///   - seeds: Nodes to join a cluster through, as `host`, `host:port` or `[address]:port`, at port 7400 unless they say
    ///     another; none begins a cluster.
    ///   - host: The address that is bound, and that the others reach the node at.
    ///   - port: The port of peers, clients and gossip; 0 lets the system choose, which is for nodes that nobody has as a seed.
    /// - Throws: `configuration` for a seed that is no address.
    public init(
        data: String, seeds: [String] = [], host: String = "127.0.0.1", port: Int = 7400
    ) throws(StartFailure) {
        self.init()
        dataDirectory = data
        self.seeds = try seeds.map { text throws(StartFailure) in
            guard let seed = RPCSeed(text) else {
                throw .configuration(
                    "the seed \"\(text)\" is no address; give host, host:port or [address]:port")
            }
            return seed
        }
        self.host = host
        self.port = port
        httpPort = 0
    }

    /// A node that keeps its data in memory, at a port that the system chooses: for tests, and for what may be lost.
    ///
    /// When it stops its data is gone, and its place in the cluster is not: its partitions count as out of reach.
    ///
    /// - Parameters:
    ///   - seeds: Nodes to join a cluster through, as for a node with a folder; none begins a cluster.
    ///   - host: The address that is bound, and that the others reach the node at.
    /// - Throws: `configuration` for a seed that is no address.
    public static func inMemory(
        seeds: [String] = [], host: String = "127.0.0.1"
    ) throws(StartFailure) -> ServerConfiguration {
        var configuration = try ServerConfiguration(data: "memory", seeds: seeds, host: host, port: 0)
        configuration.engine = .memory
        return configuration
    }
}

extension RPCSeed {
    /// The seed that people write as `host`, `host:port`, `[address]:port` or a bare IPv6 address.
    fileprivate init?(_ text: String) {
        guard let endpoint = RPCEndpoint(text) else { return nil }
        self.init(host: endpoint.host, port: endpoint.port)
    }
}
