/// Every partition's owners; the JSON form of `/v1/ring` is its coding.
public struct RingStatus: Hashable, Sendable, Codable {
    /// The measure of the membership that the ring was made from.
    public var epoch: UInt64
    /// Q.
    public var partitions: Int
    /// N.
    public var replicas: Int
    /// For each partition the ids of its owners in order of preference.
    public var owners: [[String]]

    /// A ring's status of these parts.
    public init(epoch: UInt64, partitions: Int, replicas: Int, owners: [[String]]) {
        self.epoch = epoch
        self.partitions = partitions
        self.replicas = replicas
        self.owners = owners
    }
}

/// Where a key lives; the JSON form of `/v1/locate` is its coding.
public struct KeyLocation: Hashable, Sendable, Codable {
    /// The key as text; bytes that are not UTF-8 are replaced.
    public var key: String
    /// Its place in the token space.
    public var token: UInt64
    /// Its partition.
    public var partition: Int
    /// The preference list.
    public var owners: [Replica]
    /// Those who stand in, in order.
    public var fallbacks: [Replica]

    /// One node of a key.
    public struct Replica: Hashable, Sendable, Codable {
        /// Its id.
        public var id: String
        /// Its name.
        public var name: String
        /// Whether it can be reached.
        public var reachable: Bool
        /// Whether it holds the partition completely.
        public var holds: Bool

        /// A node of these parts.
        public init(id: String, name: String, reachable: Bool, holds: Bool) {
            self.id = id
            self.name = name
            self.reachable = reachable
            self.holds = holds
        }
    }

    /// A location of these parts.
    public init(key: String, token: UInt64, partition: Int, owners: [Replica], fallbacks: [Replica]) {
        self.key = key
        self.token = token
        self.partition = partition
        self.owners = owners
        self.fallbacks = fallbacks
    }
}
