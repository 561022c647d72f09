public import Coordinator
public import Ring

/// All that a node is told at its start: complete, and within its limits.
///
/// There is no way to make one but ``load(arguments:environment:readFile:)``, so whoever holds one need not check
/// again.
public struct NodeConfiguration: Hashable, Sendable {
    // MARK: Addresses

    /// The name or address to bind.
    public let host: String
    /// The name or address that others reach it at; never an unspecified one such as `0.0.0.0`.
    public let advertisedHost: String
    /// The base port: calls over TCP, gossip over UDP. Never 0.
    public let port: UInt16
    /// The port of HTTP, or `nil` where that door is off.
    public let httpPort: UInt16?
    /// The port kept for the Redis protocol, or `nil` where that door is off.
    public let respPort: UInt16?
    /// Members of the cluster to join, at most ``seedLimit``, in the order given; empty for a cluster of one. The
    /// node's own address may be among them.
    public let seeds: [SeedAddress]

    // MARK: The node and its cluster

    /// What people call it, 1 to 64 bytes without spaces.
    public let name: String
    /// What fails together with it, 0 to 64 bytes without spaces.
    public let zone: String
    /// Its share of the data relative to the other members', within `Member.weightLimits`.
    public let weight: UInt32
    /// The cluster's name, 1 to 64 bytes without spaces.
    public let cluster: String
    /// The partitions asked for, or `nil` where that is left to the cluster, or at its birth to ``ringAtBirth``. A node
    /// that finds another number in its data or in its cluster has to refuse.
    public let partitions: Int?
    /// The replicas asked for, or `nil` as with ``partitions``.
    public let replicas: Int?
    /// How long a member is unreachable until it is removed, or `nil` for never.
    public let evictAfter: Duration?

    // MARK: Storage

    /// Where data and identity are kept.
    public let dataDirectory: String
    /// What keeps the data.
    public let engine: Engine
    /// When a write is answered.
    public let durability: Durability
    /// Hints that are kept one by one; beyond it whole ranges are left to repair.
    public let hintLimit: Int

    // MARK: Requests

    /// R where a request does not say.
    public let read: QuorumSize
    /// W where a request does not say.
    public let write: QuorumSize
    /// Whom a read asks at first.
    public let hedging: Hedging
    /// The time until a request has its answer, where it does not say, in whole milliseconds.
    public let timeout: Duration
    /// The most bytes of a value.
    public let maxValueSize: Int

    // MARK: Logs

    /// The least important messages to log.
    public let logLevel: LogLevel
    /// The form of log lines.
    public let logFormat: LogFormat

    /// What the ring is like where this node gives birth to the cluster.
    public var ringAtBirth: RingConfiguration {
        RingConfiguration(
            partitions: partitions ?? RingConfiguration.standard.partitions,
            replicas: replicas ?? RingConfiguration.standard.replicas) ?? .standard
    }
}

extension NodeConfiguration {
    /// What keeps the data.
    public enum Engine: String, CaseIterable, Hashable, Sendable {
        /// The log-structured engine.
        case log
        /// Memory only: all is gone with the process.
        case memory
    }

    /// When a write is answered.
    public enum Durability: String, CaseIterable, Hashable, Sendable {
        /// When it is on the disk.
        case sync
        /// When the system has it; it is on the disk within a second.
        case interval
        /// When the system has it, which writes it when it likes.
        case none
    }

    /// Whom a read asks at first.
    public enum Hedging: String, CaseIterable, Hashable, Sendable {
        /// As few replicas as its answer needs, and the others where that takes long.
        case on
        /// All replicas.
        case off
    }

    /// How important a message is, by the names of swift-log.
    public enum LogLevel: String, CaseIterable, Hashable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// The form of log lines.
    public enum LogFormat: String, CaseIterable, Hashable, Sendable {
        /// For people.
        case text
        /// One JSON object a line.
        case json
    }

    // MARK: - Defaults and limits

    /// The host where none is given.
    public static let defaultHost = "127.0.0.1"
    /// The base port where none is given, also in a seed's address.
    public static let defaultPort: UInt16 = 7400
    /// The weight where none is given.
    public static let defaultWeight: UInt32 = 100
    /// The cluster's name where none is given.
    public static let defaultCluster = "toystore"
    /// The hints that are kept where no number is given.
    public static let defaultHintLimit = 1_000_000
    /// The time for a request where none is given.
    public static let defaultTimeout = Duration.seconds(5)
    /// The most bytes of a value where no number is given: 1 MiB.
    public static let defaultMaxValueSize = 1 << 20

    /// The most seeds.
    public static let seedLimit = 64
    /// The most bytes of a name, a zone and a cluster's name: what membership records and handshakes have room for.
    public static let nameByteLimit = Member.nameByteLimit
    /// The possible numbers of hints; 0 leaves everything to repair.
    public static let hintLimits = 0...100_000_000
    /// The possible times for a request.
    public static let timeoutLimits: ClosedRange<Duration> = .milliseconds(1) ... .seconds(60)
    /// The possible sizes of the largest value: a value of the most fits into an object of 8 MiB.
    public static let maxValueSizeLimits = 1...(7 << 20)
    /// The possible times until a member is removed: shorter than a minute would take a restart for a death.
    public static let evictAfterLimits: ClosedRange<Duration> = .seconds(60) ... .seconds(365 * 86_400)
}
