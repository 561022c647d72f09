import ArgumentParser
import NodeSettings

/// Where a node listens, and whom it joins.
struct AddressOptions: ParsableArguments {
    @Option(.host) var host: String?
    @Option(.advertise) var advertise: String?
    @Option(.port) var port: String?
    @Option(.httpPort) var httpPort: String?
    @Option(.respPort) var respPort: String?
    @Option(.seed) var seeds: [String] = []

    var given: [(Setting, [String?])] {
        [
            (.host, [host]), (.advertise, [advertise]), (.port, [port]), (.httpPort, [httpPort]),
            (.respPort, [respPort]), (.seed, seeds),
        ]
    }
}

/// What a node is in its cluster.
struct ClusterOptions: ParsableArguments {
    @Option(.name) var name: String?
    @Option(.zone) var zone: String?
    @Option(.weight) var weight: String?
    @Option(.cluster) var cluster: String?
    @Option(.partitions) var partitions: String?
    @Option(.replicas) var replicas: String?
    @Option(.evictAfter) var evictAfter: String?

    var given: [(Setting, [String?])] {
        [
            (.name, [name]), (.zone, [zone]), (.weight, [weight]), (.cluster, [cluster]),
            (.partitions, [partitions]), (.replicas, [replicas]), (.evictAfter, [evictAfter]),
        ]
    }
}

/// How a node keeps its data.
struct StorageOptions: ParsableArguments {
    @Option(.dataDirectory) var dataDirectory: String?
    @Option(.engine) var engine: String?
    @Option(.durability) var durability: String?
    @Option(.hintLimit) var hintLimit: String?

    var given: [(Setting, [String?])] {
        [
            (.dataDirectory, [dataDirectory]), (.engine, [engine]), (.durability, [durability]),
            (.hintLimit, [hintLimit]),
        ]
    }
}

/// What holds for requests that do not say otherwise.
struct RequestOptions: ParsableArguments {
    @Option(.read) var read: String?
    @Option(.write) var write: String?
    @Option(.hedging) var hedging: String?
    @Option(.timeout) var timeout: String?
    @Option(.maxValueSize) var maxValueSize: String?

    var given: [(Setting, [String?])] {
        [
            (.read, [read]), (.write, [write]), (.hedging, [hedging]), (.timeout, [timeout]),
            (.maxValueSize, [maxValueSize]),
        ]
    }
}

/// What a node says about itself, and where it is configured.
struct RunOptions: ParsableArguments {
    @Option(.config) var config: String?
    @Option(.logLevel) var logLevel: String?
    @Option(.logFormat) var logFormat: String?

    var given: [(Setting, [String?])] {
        [(.config, [config]), (.logLevel, [logLevel]), (.logFormat, [logFormat])]
    }
}

/// What is refused until a build can do it.
struct SecurityOptions: ParsableArguments {
    @Option(.tlsCertificate) var tlsCertificate: String?
    @Option(.tlsKey) var tlsKey: String?
    @Option(.tlsAuthority) var tlsAuthority: String?
    @Option(.gossipKey) var gossipKey: String?
    @Option(.auth) var auth: String?

    var given: [(Setting, [String?])] {
        [
            (.tlsCertificate, [tlsCertificate]), (.tlsKey, [tlsKey]), (.tlsAuthority, [tlsAuthority]),
            (.gossipKey, [gossipKey]), (.auth, [auth]),
        ]
    }
}

// Every value stays text: one reader for flags, environment and file says what is allowed.
extension Option where Value == String? {
    init(_ setting: Setting) {
        self.init(name: .customLong(setting.key), help: setting.help, completion: setting.completion)
    }
}

extension Option where Value == [String] {
    init(wrappedValue: [String], _ setting: Setting) {
        self.init(
            wrappedValue: wrappedValue, name: .customLong(setting.key), parsing: .singleValue, help: setting.help,
            completion: setting.completion)
    }
}

extension Setting {
    fileprivate var help: ArgumentHelp {
        let ending = defaultText.map { " (default: \($0))" } ?? ""
        return ArgumentHelp(stringLiteral: summary + ending).named(valueName)
    }

    fileprivate var completion: CompletionKind? {
        switch self {
        case .dataDirectory: .directory
        case .config, .tlsCertificate, .tlsKey, .tlsAuthority, .gossipKey, .auth: .file()
        default: choices.isEmpty ? nil : .list(choices)
        }
    }
}

extension ArgumentHelp {
    fileprivate func named(_ valueName: String) -> ArgumentHelp {
        var help = self
        help.valueName = valueName
        return help
    }
}
