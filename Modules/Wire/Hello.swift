public import Machine

/// Who opens a connection, and what for.
@frozen
public enum ConnectionRole: UInt8, Hashable, Sendable {
    /// A node of the same cluster.
    case peer = 1
    /// A client library, or the command line.
    case client = 2
}

/// Optional parts of the protocol, one bit each; both ends use those that both have.
@frozen
public struct ProtocolFeatures: OptionSet, Hashable, Sendable {
    /// The bits on the wire.
    public let rawValue: UInt64

    /// The features with these bits; bits without a meaning here are kept, and agree with nothing.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// The first frame on a connection: the initiator says who it is and what it wants.
///
/// | bytes | field |
/// |---|---|
/// | 4 | magic `TOYS` |
/// | 2 + 2 | oldest and newest protocol version |
/// | 1 | role |
/// | 8 | features |
/// | 16 | node id; zero for a client, never for a peer |
/// | 1 + n | cluster name, n ≤ 64; empty: whatever cluster this is, for clients only |
/// | 1…2 + n | credential, n ≤ 256 |
public struct Hello: Hashable, Sendable {
    /// The protocol versions that this end speaks.
    public let versions: ProtocolVersions
    /// Who this is.
    public let role: ConnectionRole
    /// The features that this end has.
    public let features: ProtocolFeatures
    /// The node's identity; zero for a client.
    public let nodeID: NodeID
    /// The cluster that this end belongs to, or looks for.
    public let clusterName: String
    /// What proves the right to be here, as the cluster's configuration defines it; opaque to this module.
    public let credential: ByteBuffer

    /// `TOYS`: the first four bytes of a handshake's messages.
    public static let magic: UInt32 = 0x544f_5953
    /// The most bytes of a cluster's name.
    public static let clusterNameByteLimit = 64
    /// The most bytes of a credential.
    public static let credentialByteLimit = 256
    /// The most bytes of a frame, by its length field, before the handshake is done.
    public static let frameLengthLimit = 512

    /// An introduction. Fails with `tooLarge` or `invalid` where another end could not decode it: a name or credential
    /// over its limit, a peer without identity or cluster.
    public init(
        role: ConnectionRole, nodeID: NodeID = .zero, clusterName: String, versions: ProtocolVersions = .current,
        features: ProtocolFeatures = [], credential: ByteBuffer = ByteBuffer()
    ) throws(DecodingFailure) {
        guard clusterName.utf8.count <= Self.clusterNameByteLimit else {
            throw .tooLarge("cluster name", limit: Self.clusterNameByteLimit)
        }
        guard credential.readableBytes <= Self.credentialByteLimit else {
            throw .tooLarge("credential", limit: Self.credentialByteLimit)
        }
        switch role {
        case .peer:
            guard nodeID != .zero else { throw .invalid("node id") }
            guard !clusterName.isEmpty else { throw .invalid("cluster name") }
        case .client:
            guard nodeID == .zero else { throw .invalid("node id") }
        }
        self.versions = versions
        self.role = role
        self.features = features
        self.nodeID = nodeID
        self.clusterName = clusterName
        self.credential = credential
    }

    /// Writes the introduction, at most 356 bytes.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.magic)
        versions.encode(into: &buffer)
        buffer.writeMultipleIntegers(role.rawValue, features.rawValue)
        buffer.writeNodeID(nodeID)
        buffer.writePrefixed(clusterName)
        buffer.writePrefixed(credential)
    }

    /// Reads an introduction that fills the buffer.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard try buffer.decodeInteger(as: UInt32.self, "magic") == Self.magic else { throw .invalid("magic") }
        let versions = try ProtocolVersions(decoding: &buffer)
        guard let role = ConnectionRole(rawValue: try buffer.decodeInteger("role")) else { throw .invalid("role") }
        let features = ProtocolFeatures(rawValue: try buffer.decodeInteger("features"))
        let nodeID = try buffer.decodeNodeID("node id")
        let name = try buffer.decodePrefixedString(limit: Self.clusterNameByteLimit, "cluster name")
        let credential = try buffer.decodePrefixed(limit: Self.credentialByteLimit, "credential")
        try buffer.decodeEnd("hello")
        try self.init(
            role: role, nodeID: nodeID, clusterName: name, versions: versions, features: features,
            credential: credential)
    }
}
