import Hashing
public import Machine

/// Who a node is and how far it has come: made with its data directory, and kept through every restart.
public struct NodeIdentity: Hashable, Sendable {
    /// The node's id: random, so that a wiped disk is a new node.
    public var node: NodeID
    /// Who makes the node's dots: the node itself, until it has gone back in time and takes another actor.
    public var actor: NodeID
    /// The cluster that the node belongs to; a node does not join another with the same data.
    public var cluster: String
    /// The cluster's number of partitions, fixed at its birth.
    public var partitions: UInt32
    /// The cluster's replicas for each key.
    public var replicas: UInt32
    /// Which birth of a cluster of this name it was.
    public var birth: UInt64
    /// No epoch at or above this one has been used.
    public var epochBound: UInt64
    /// A record of an epoch below this one may lack dots that were issued: it is older than a stop that was not clean, a
    /// commit that failed, or another actor, and a clean stop since then says nothing about it.
    public var epochFloor: UInt64
    /// The highest incarnation that the node has announced in gossip.
    public var incarnation: UInt64

    /// The identity of a new data directory.
    public init(node: NodeID, cluster: String, partitions: UInt32, replicas: UInt32, birth: UInt64) {
        self.node = node
        actor = node
        self.cluster = cluster
        self.partitions = partitions
        self.replicas = replicas
        self.birth = birth
        epochBound = 1
        epochFloor = 1
        incarnation = 0
    }

    /// The longest name of a cluster in bytes.
    public static let clusterByteLimit = 64

    func encode(into buffer: inout ByteBuffer) {
        buffer.writeNodeID(node)
        buffer.writeNodeID(actor)
        buffer.writePrefixed(cluster)
        buffer.writeVarint(UInt64(partitions))
        buffer.writeVarint(UInt64(replicas))
        buffer.writeInteger(birth)
        buffer.writeVarint(epochBound)
        buffer.writeVarint(epochFloor)
        buffer.writeVarint(incarnation)
    }

    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        node = try buffer.decodeNodeID("node id")
        actor = try buffer.decodeNodeID("actor")
        cluster = try buffer.decodePrefixedString(limit: Self.clusterByteLimit, "cluster name")
        partitions = UInt32(try buffer.decodeCount(limit: 1 << 16, "partitions"))
        replicas = UInt32(try buffer.decodeCount(limit: 16, "replicas"))
        birth = try buffer.decodeInteger(as: UInt64.self, "birth")
        epochBound = try buffer.decodeVarint("epoch bound")
        epochFloor = try buffer.decodeVarint("epoch floor")
        incarnation = try buffer.decodeVarint("incarnation")
        try buffer.decodeEnd("identity")
    }
}

/// The identity on disk: replaced as a whole, synced before the new one counts.
///
/// Used by one thread at a time.
public final class IdentityFile {
    /// What the file says.
    public private(set) var identity: NodeIdentity

    private let file: CheckedFile

    /// The identity in a data directory, or `nil` where there is none yet. A file that is there and cannot be read is an
    /// error: a node must not forget who it is.
    public static func open(in directory: String, on fileSystem: any FileSystem) throws(StorageFailure) -> IdentityFile?
    {
        let file = CheckedFile(path: directory + "/identity", directory: directory, fileSystem: fileSystem)
        guard var content = try file.read() else { return nil }
        do throws(DecodingFailure) {
            return IdentityFile(identity: try NodeIdentity(decoding: &content), file: file)
        } catch {
            throw .unsupported("the identity in \(directory)/identity: \(error)")
        }
    }

    /// Makes a data directory a node's.
    public static func create(
        _ identity: NodeIdentity, in directory: String, on fileSystem: any FileSystem
    ) throws(StorageFailure) -> IdentityFile {
        let file = CheckedFile(path: directory + "/identity", directory: directory, fileSystem: fileSystem)
        let result = IdentityFile(identity: identity, file: file)
        try result.update { _ in }
        return result
    }

    private init(identity: NodeIdentity, file: CheckedFile) {
        self.identity = identity
        self.file = file
    }

    /// Changes the identity; it is on disk when this returns, and unchanged when it throws.
    public func update(_ change: (inout NodeIdentity) -> Void) throws(StorageFailure) {
        var changed = identity
        change(&changed)
        var content = ByteBuffer()
        changed.encode(into: &content)
        try file.replace(with: content)
        identity = changed
    }
}
