/// The cluster as one node sees it; the JSON form of `/v1/cluster` is its coding.
public struct ClusterStatus: Hashable, Sendable, Codable {
    /// The cluster's name.
    public var cluster: String
    /// The measure of the membership: it only grows.
    public var epoch: UInt64
    /// Q.
    public var partitions: Int
    /// N.
    public var replicas: Int
    /// The id of the node that answers.
    public var `self`: String
    /// Everyone in the membership, in the order of their ids.
    public var members: [MemberStatus]
    /// What moves to or from the node that answers, and what the others say of theirs.
    public var transfers: [TransferStatus]

    /// A status of these parts.
    public init(
        cluster: String, epoch: UInt64, partitions: Int, replicas: Int, self id: String, members: [MemberStatus],
        transfers: [TransferStatus]
    ) {
        self.cluster = cluster
        self.epoch = epoch
        self.partitions = partitions
        self.replicas = replicas
        self.`self` = id
        self.members = members
        self.transfers = transfers
    }
}

/// One member.
public struct MemberStatus: Hashable, Sendable, Codable {
    /// Its id, 32 hexadecimal digits.
    public var id: String
    /// Its name.
    public var name: String
    /// Host and port of peer and client RPC.
    public var address: String
    /// Host and port of HTTP, or empty where that door is closed.
    public var http: String
    /// Its zone.
    public var zone: String
    /// Its weight; 100 is the usual.
    public var weight: Int
    /// joining, up, leaving, left or removed.
    public var state: String
    /// Whether the gossip reaches it.
    public var reachable: Bool
    /// How many partitions it should hold, by placement.
    public var partitionsOwned: Int
    /// How many partitions it holds completely, by its own word.
    public var partitionsHeld: Int
    /// Whether it answered, within the second that it is given, what it has: keys, bytes and hints are 0 where it did not.
    public var answered: Bool
    /// Keys on its disk, tombstones included.
    public var keys: Int
    /// Bytes of those.
    public var bytes: Int
    /// Copies that it keeps for others.
    public var hintsPending: Int
    /// The version of its software.
    public var version: String

    /// A member's status of these parts.
    public init(
        id: String, name: String, address: String, http: String, zone: String, weight: Int, state: String,
        reachable: Bool, partitionsOwned: Int, partitionsHeld: Int, answered: Bool, keys: Int, bytes: Int,
        hintsPending: Int, version: String
    ) {
        self.id = id
        self.name = name
        self.address = address
        self.http = http
        self.zone = zone
        self.weight = weight
        self.state = state
        self.reachable = reachable
        self.partitionsOwned = partitionsOwned
        self.partitionsHeld = partitionsHeld
        self.answered = answered
        self.keys = keys
        self.bytes = bytes
        self.hintsPending = hintsPending
        self.version = version
    }
}

/// Data on its way between two nodes.
public struct TransferStatus: Hashable, Sendable, Codable {
    /// The partition, or how many where a stream carries several: then the first of them.
    public var partition: Int
    /// Who gives.
    public var from: String
    /// Who gets.
    public var to: String
    /// Bytes that came.
    public var bytes: Int
    /// Bytes in all, as far as known.
    public var bytesTotal: Int
    /// Of the bytes, 0 to 100.
    public var percent: Double
    /// Seconds that are left at the present rate; absent while that is not known.
    public var etaSeconds: Double?

    /// A transfer's status of these parts.
    public init(
        partition: Int, from: String, to: String, bytes: Int, bytesTotal: Int, percent: Double, etaSeconds: Double?
    ) {
        self.partition = partition
        self.from = from
        self.to = to
        self.bytes = bytes
        self.bytesTotal = bytesTotal
        self.percent = percent
        self.etaSeconds = etaSeconds
    }
}
