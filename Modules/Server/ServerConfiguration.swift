public import Coordinator
import RPC
import Storage

/// How a node is to be run.
public struct ServerConfiguration: Sendable {
    /// What keeps the data.
    public enum Engine: String, Sendable, CaseIterable {
        /// The log engine, on disk.
        case log
        /// Memory only: a restart is a new node.
        case memory
    }

    /// What a write's acknowledgement promises.
    public enum Durability: String, Sendable, CaseIterable {
        /// On disk.
        case sync
        /// In the operating system's hands, and on disk within a moment.
        case interval
        /// In the operating system's hands.
        case none
    }

    /// The cluster's name: nodes and clients of another are refused.
    public var cluster = "toystore"
    /// The name that people call the node by; `nil` for host and port.
    public var name: String?
    /// The address to bind.
    public var host = "127.0.0.1"
    /// The address that others reach the node at; `nil` for `host`.
    public var advertisedHost: String?
    /// The port of peers, clients and gossip; 0 lets the system choose.
    public var port = 7400
    /// The port of HTTP; `nil` for one above `port`, 0 for no such door.
    public var httpPort: Int?
    /// Nodes to join the cluster through; none begins a cluster.
    public var seeds: [RPCSeed] = []
    /// Where the node's identity and data are; `nil` for `toystore-data/<host>-<port>`.
    public var dataDirectory: String?
    /// What keeps the data.
    public var engine = Engine.log
    /// What a write's acknowledgement promises.
    public var durability = Durability.sync
    /// What fails together with the node.
    public var zone = ""
    /// The node's share relative to the others'.
    public var weight: UInt32 = 100
    /// The number of partitions of a new cluster; `nil` for 1024, or the joined cluster's.
    public var partitions: Int?
    /// The replicas of a new cluster; `nil` for 3, or the joined cluster's.
    public var replicas: Int?
    /// R where a request does not say.
    public var read = QuorumSize.quorum
    /// W where a request does not say.
    public var write = QuorumSize.quorum
    /// Whether a read asks as few replicas as its answer needs, and the others where that takes long; or all at once.
    public var isHedging = true
    /// How long a request takes at most where it does not say.
    public var timeout: Duration = .seconds(5)
    /// The longest value that clients may write, in bytes.
    public var valueByteLimit = 1 << 20
    /// Hints that are kept key by key.
    public var hintLimit = 1_000_000
    /// Event loops, each with a shard of the requests; `nil` for one for each core.
    public var eventLoops: Int?
    /// The limits and times of connections; the defaults, but in tests.
    var connections = RPCConfiguration()
    /// Another disk than the engine's usual one: in tests.
    var fileSystem: (any FileSystem)?

    /// The defaults: a cluster of one on this machine.
    public init() {}
}

/// Where another node is.
public struct RPCSeed: Hashable, Sendable {
    /// Its host or address.
    public var host: String
    /// Its port.
    public var port: Int

    /// A node at a host and port.
    public init(host: String, port: Int = 7400) {
        self.host = host
        self.port = port
    }
}
