/// One thing that can be set of a node: a flag, a key of the configuration file, and an environment variable.
///
/// The raw value is the key; everything else that names or explains the setting is derived from here, so that flags,
/// file, environment, help and messages cannot drift apart.
public enum Setting: String, CaseIterable, Hashable, Sendable {
    // Addresses
    case host
    case advertise
    case port
    case httpPort = "http-port"
    case respPort = "resp-port"
    case seed

    // The node and its cluster
    case name
    case zone
    case weight
    case cluster
    case partitions
    case replicas
    case evictAfter = "evict-after"

    // Storage
    case dataDirectory = "data-dir"
    case engine
    case durability
    case hintLimit = "hint-limit"

    // Requests
    case read
    case write
    case hedging
    case timeout
    case maxValueSize = "max-value-size"

    // Logs
    case logLevel = "log-level"
    case logFormat = "log-format"

    // Security
    case tlsCertificate = "tls-cert"
    case tlsKey = "tls-key"
    case tlsAuthority = "tls-ca"
    case gossipKey = "gossip-key"
    case auth

    // The file itself
    case config
}

extension Setting {
    /// The key in the configuration file: `http-port`.
    public var key: String { rawValue }

    /// The flag: `--http-port`.
    public var flag: String { "--" + rawValue }

    /// What every environment variable starts with.
    public static let variablePrefix = "TOYSTORE_"
    /// The one variable with that prefix that is not a node's: the nodes that the command line `toystore` talks to.
    public static let commandLineVariable = "TOYSTORE_NODE"

    /// The environment variable: `TOYSTORE_HTTP_PORT`.
    public var variable: String {
        Self.variablePrefix + String(rawValue.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// Whether it may be given several times, each time adding a value.
    public var isRepeatable: Bool { self == .seed }

    /// Why this build cannot serve it, or `nil` where it can: such a setting is refused rather than ignored, since a
    /// node that was told to encrypt and does not is worse than one that does not start.
    public var unavailability: String? {
        switch self {
        case .tlsCertificate, .tlsKey, .tlsAuthority: "this build has no TLS"
        case .gossipKey: "this build does not seal gossip"
        case .auth: "this build does not check who connects"
        default: nil
        }
    }
}
