public import Machine

/// What is fixed at a cluster's birth: how many partitions there are, how many copies of each, and which birth it was.
public struct RingConfiguration: Hashable, Sendable {
    /// The number of partitions, Q: a power of two.
    public let partitions: Int
    /// The number of owners of each partition, N, where there are as many members.
    public let replicas: Int
    /// Which birth it was: drawn at random by a cluster's first node, and learned by all others when they join. Two clusters
    /// of one name never merge: a first node that has lost its disk and begins anew would else be counted by the members
    /// of old as a holder of everything, and has nothing.
    public let birth: UInt64

    /// The numbers of partitions that are possible, where they are powers of two.
    public static let partitionLimits = 1...65_536
    /// The numbers of replicas that are possible.
    public static let replicaLimits = 1...16
    /// 1024 partitions of three replicas.
    public static let standard = RingConfiguration(validPartitions: 1024, replicas: 3, birth: 0)

    /// A configuration, or `nil` where the number of partitions is no power of two or a number is over its limit.
    public init?(partitions: Int = 1024, replicas: Int = 3, birth: UInt64 = 0) {
        guard Self.partitionLimits.contains(partitions), partitions.nonzeroBitCount == 1,
            Self.replicaLimits.contains(replicas)
        else { return nil }
        self.init(validPartitions: partitions, replicas: replicas, birth: birth)
    }

    private init(validPartitions partitions: Int, replicas: Int, birth: UInt64) {
        self.partitions = partitions
        self.replicas = replicas
        self.birth = birth
    }

    /// The base-2 logarithm of the number of partitions: how many of a token's top bits name its partition.
    @inlinable
    public var partitionBits: Int { partitions.trailingZeroBitCount }
}

extension RingConfiguration {
    /// Writes ten bytes: the logarithm of the number of partitions, the number of replicas, and the birth.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(UInt8(partitionBits), UInt8(replicas), birth)
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let bits = try buffer.decodeInteger(as: UInt8.self, "the number of partitions")
        let replicas = try buffer.decodeInteger(as: UInt8.self, "the number of replicas")
        let birth = try buffer.decodeInteger(as: UInt64.self, "the cluster's birth")
        guard bits <= 16,
            let valid = RingConfiguration(partitions: 1 << Int(bits), replicas: Int(replicas), birth: birth)
        else {
            throw .invalid("the ring's configuration")
        }
        self = valid
    }
}
