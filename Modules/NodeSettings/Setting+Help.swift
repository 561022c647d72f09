extension Setting {
    /// What stands for the value in a usage line: `PORT`.
    public var valueName: String {
        switch self {
        case .host, .advertise: "host"
        case .port, .httpPort, .respPort: "port"
        case .seed: "host[:port]"
        case .name, .zone, .cluster: "name"
        case .weight, .partitions, .replicas, .hintLimit: "number"
        case .evictAfter, .timeout: "duration"
        case .dataDirectory: "directory"
        case .engine, .durability, .hedging, .logLevel, .logFormat: choices.joined(separator: "|")
        case .read, .write: "number|quorum|all|one"
        case .maxValueSize: "size"
        case .tlsCertificate, .tlsKey, .tlsAuthority, .gossipKey, .auth, .config: "file"
        }
    }

    /// What it does, in a line or two, without the default.
    public var summary: String {
        switch self {
        case .host: "The address to bind, and to advertise to the other members."
        case .advertise: "The address at which others reach this node, where that is another."
        case .port: "The base port: calls over TCP and gossip over UDP."
        case .httpPort: "The port of HTTP; 0 switches it off."
        case .respPort: "The port kept for the Redis protocol, which this build does not serve yet; 0 keeps none."
        case .seed: "A member of the cluster to join; may be repeated. None: a cluster of one."
        case .name: "What people call the node."
        case .zone: "What fails together with it, a rack or a data centre: copies go to different zones."
        case .weight: "Its share of the data, relative to the other members'."
        case .cluster: "The cluster's name; members of another are refused."
        case .partitions: "Partitions of the ring, a power of two, fixed when the cluster is born."
        case .replicas: "Copies of each value, fixed when the cluster is born."
        case .evictAfter: "Remove a member that was unreachable for so long."
        case .dataDirectory: "Where the data and the node's identity are kept."
        case .engine: "What keeps the data; memory forgets it at the end."
        case .durability: "What a write waits for: a sync; nothing, with a sync each second; or nothing at all."
        case .hintLimit: "Writes kept one by one for unreachable owners; beyond it, repair takes over."
        case .read: "Answers that a read waits for, unless the request says."
        case .write: "Acknowledgements that a write waits for, unless the request says."
        case .hedging: "Whether a read asks as few replicas as it needs, and the others when that takes long."
        case .timeout: "The time in which a request is answered, unless it says: 500ms, 5s, 1m."
        case .maxValueSize: "The largest value taken: 4096, 512KiB, 1MiB."
        case .logLevel: "The least important messages to log."
        case .logFormat: "The form of log lines."
        case .tlsCertificate: "The node's certificate."
        case .tlsKey: "The key of the certificate."
        case .tlsAuthority: "The authority that vouches for the other members."
        case .gossipKey: "The keys that seal gossip."
        case .auth: "Who may connect."
        case .config: "A YAML file of these settings, by their names without the dashes."
        }
    }

    /// What holds where nothing is said, in words, or `nil` where that is nothing at all.
    public var defaultText: String? {
        switch self {
        case .host: NodeConfiguration.defaultHost
        case .advertise: "the host"
        case .port: String(NodeConfiguration.defaultPort)
        case .httpPort: "port + 1"
        case .respPort: "port + 2"
        case .name: "<host>-<port>"
        case .weight: String(NodeConfiguration.defaultWeight)
        case .cluster: NodeConfiguration.defaultCluster
        case .partitions: "1024, or those of the cluster that is joined"
        case .replicas: "3, or those of the cluster that is joined"
        case .evictAfter: "off"
        case .dataDirectory: "toystore-data/<host>-<port>"
        case .engine: NodeConfiguration.Engine.log.rawValue
        case .durability: NodeConfiguration.Durability.sync.rawValue
        case .hintLimit: String(NodeConfiguration.defaultHintLimit)
        case .read, .write: "quorum"
        case .hedging: NodeConfiguration.Hedging.on.rawValue
        case .timeout: SettingText.describe(NodeConfiguration.defaultTimeout)
        case .maxValueSize: SettingText.describe(byteCount: NodeConfiguration.defaultMaxValueSize)
        case .logLevel: NodeConfiguration.LogLevel.info.rawValue
        case .logFormat: NodeConfiguration.LogFormat.text.rawValue
        case .seed, .zone, .tlsCertificate, .tlsKey, .tlsAuthority, .gossipKey, .auth, .config: nil
        }
    }

    /// The words that can be chosen from, in their order; empty where the value is free.
    public var choices: [String] {
        switch self {
        case .engine: NodeConfiguration.Engine.allCases.map(\.rawValue)
        case .durability: NodeConfiguration.Durability.allCases.map(\.rawValue)
        case .hedging: NodeConfiguration.Hedging.allCases.map(\.rawValue)
        case .logLevel: NodeConfiguration.LogLevel.allCases.map(\.rawValue)
        case .logFormat: NodeConfiguration.LogFormat.allCases.map(\.rawValue)
        default: []
        }
    }
}
