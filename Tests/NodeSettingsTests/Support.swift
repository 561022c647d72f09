import Coordinator
import NodeSettings
import Ring
import Testing

/// Loads from the three places; the file is called `node.yaml`.
func load(
    _ flags: [Setting: [String]] = [:], variables: [String: String] = [:], file: String? = nil
) throws(ConfigurationFailure) -> NodeConfiguration {
    var flags = flags
    if file != nil { flags[.config] = ["node.yaml"] }
    return try NodeConfiguration.load(
        arguments: flags, environment: variables, readFile: { _ in file ?? "" })
}

/// What the refusal says.
func refusal(
    _ flags: [Setting: [String]] = [:], variables: [String: String] = [:], file: String? = nil
) -> String? {
    do {
        _ = try load(flags, variables: variables, file: file)
        return nil
    } catch {
        return error.description
    }
}

/// Two values of each setting that this build serves, and what the first must come to.
struct Sample: CustomTestStringConvertible, Sendable {
    let setting: Setting
    let first: String
    let second: String
    let isFirst: @Sendable (NodeConfiguration) -> Bool

    var testDescription: String { setting.key }

    init(
        _ setting: Setting, _ first: String, _ second: String, isFirst: @escaping @Sendable (NodeConfiguration) -> Bool
    ) {
        self.setting = setting
        self.first = first
        self.second = second
        self.isFirst = isFirst
    }

    static let all: [Sample] = [
        Sample(.host, "10.0.0.1", "10.0.0.2") {
            $0.host == "10.0.0.1" && $0.advertisedHost == "10.0.0.1" && $0.name == "10.0.0.1-7400"
                && $0.dataDirectory == "toystore-data/10.0.0.1-7400"
        },
        Sample(.advertise, "a.example", "b.example") {
            $0.host == "127.0.0.1" && $0.advertisedHost == "a.example" && $0.name == "a.example-7400"
                && $0.dataDirectory == "toystore-data/127.0.0.1-7400"
        },
        Sample(.port, "8000", "9000") {
            $0.port == 8000 && $0.httpPort == 8001 && $0.respPort == 8002 && $0.name == "127.0.0.1-8000"
        },
        Sample(.httpPort, "80", "0") { $0.httpPort == 80 && $0.respPort == 7402 },
        Sample(.respPort, "0", "6379") { $0.respPort == nil && $0.httpPort == 7401 },
        Sample(.seed, "10.0.0.9", "10.0.0.8:7500") { $0.seeds == [SeedAddress(host: "10.0.0.9", port: 7400)] },
        Sample(.name, "left", "right") { $0.name == "left" },
        Sample(.zone, "north", "south") { $0.zone == "north" },
        Sample(.weight, "1", "10000") { $0.weight == 1 },
        Sample(.cluster, "blue", "green") { $0.cluster == "blue" },
        Sample(.partitions, "64", "128") { $0.partitions == 64 && $0.ringAtBirth.partitions == 64 },
        Sample(.replicas, "5", "7") { $0.replicas == 5 && $0.ringAtBirth.replicas == 5 },
        Sample(.evictAfter, "2h", "off") { $0.evictAfter == .seconds(7_200) },
        Sample(.dataDirectory, "/var/lib/toystore", "d") { $0.dataDirectory == "/var/lib/toystore" },
        Sample(.engine, "memory", "log") { $0.engine == .memory },
        Sample(.durability, "interval", "none") { $0.durability == .interval },
        Sample(.hintLimit, "0", "5") { $0.hintLimit == 0 },
        Sample(.read, "one", "2") { $0.read == .one },
        Sample(.write, "2", "all") { $0.write == .count(2) },
        Sample(.hedging, "off", "on") { $0.hedging == .off },
        Sample(.timeout, "250ms", "1m") { $0.timeout == .milliseconds(250) },
        Sample(.maxValueSize, "512KiB", "7MiB") { $0.maxValueSize == 524_288 },
        Sample(.logLevel, "debug", "error") { $0.logLevel == .debug },
        Sample(.logFormat, "json", "text") { $0.logFormat == .json },
    ]
}
