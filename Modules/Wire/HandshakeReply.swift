public import Machine

/// Why an end does not want a connection. Each says what is wrong, so that whoever is refused knows what to change.
public enum HandshakeRefusal: Error, Hashable, Sendable {
    /// The acceptor belongs to the cluster of this name.
    case wrongCluster(String)
    /// The acceptor speaks these versions only.
    case wrongVersion(ProtocolVersions)
    /// The node was removed from the cluster; its identity never comes back.
    case removed
    /// The acceptor has as many connections as it takes; try again later.
    case busy
    /// The credential is missing or wrong.
    case unauthorized
    /// Another reason, in words of at most ``textByteLimit`` bytes.
    case other(String)

    /// The most bytes of a reason in words; what is longer is cut, at a character.
    public static let textByteLimit = 256
}

/// The acceptor's first frame: the connection is open, or why it is not.
///
/// | bytes | field |
/// |---|---|
/// | 4 | magic `TOYS` |
/// | 1 | 0: accepted; else the refusal: 1 wrong cluster, 2 wrong version, 3 removed, 4 busy, 5 unauthorized, 6 other |
/// | 2, 8, 16 | accepted: the agreed version, the agreed features, the acceptor's node id |
/// | 1 + n | wrong cluster: the acceptor's cluster name, n ≤ 64 |
/// | 2 + 2 | wrong version: the acceptor's oldest and newest |
/// | 1…2 + n | other: words, n ≤ 256 |
public enum HandshakeReply: Hashable, Sendable {
    /// The connection is open, with what both ends have.
    case accepted(version: UInt16, features: ProtocolFeatures, nodeID: NodeID)
    /// The connection will be closed.
    case refused(HandshakeRefusal)

    private enum Tag: UInt8 {
        case accepted = 0
        case wrongCluster, wrongVersion, removed, busy, unauthorized, other
    }

    /// Writes the reply, at most 263 bytes.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Hello.magic)
        switch self {
        case .accepted(let version, let features, let nodeID):
            buffer.writeMultipleIntegers(Tag.accepted.rawValue, version, features.rawValue)
            buffer.writeNodeID(nodeID)
        case .refused(.wrongCluster(let name)):
            buffer.writeInteger(Tag.wrongCluster.rawValue)
            buffer.writePrefixed(name.cut(toByteCount: Hello.clusterNameByteLimit))
        case .refused(.wrongVersion(let versions)):
            buffer.writeInteger(Tag.wrongVersion.rawValue)
            versions.encode(into: &buffer)
        case .refused(.removed):
            buffer.writeInteger(Tag.removed.rawValue)
        case .refused(.busy):
            buffer.writeInteger(Tag.busy.rawValue)
        case .refused(.unauthorized):
            buffer.writeInteger(Tag.unauthorized.rawValue)
        case .refused(.other(let text)):
            buffer.writeInteger(Tag.other.rawValue)
            buffer.writePrefixed(text.cut(toByteCount: HandshakeRefusal.textByteLimit))
        }
    }

    /// Reads a reply that fills the buffer.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard try buffer.decodeInteger(as: UInt32.self, "magic") == Hello.magic else { throw .invalid("magic") }
        guard let tag = Tag(rawValue: try buffer.decodeInteger("handshake reply")) else {
            throw .invalid("handshake reply")
        }
        switch tag {
        case .accepted:
            let version: UInt16 = try buffer.decodeInteger("version")
            let features = ProtocolFeatures(rawValue: try buffer.decodeInteger("features"))
            self = .accepted(version: version, features: features, nodeID: try buffer.decodeNodeID("node id"))
        case .wrongCluster:
            let name = try buffer.decodePrefixedString(limit: Hello.clusterNameByteLimit, "cluster name")
            self = .refused(.wrongCluster(name))
        case .wrongVersion:
            self = .refused(.wrongVersion(try ProtocolVersions(decoding: &buffer)))
        case .removed:
            self = .refused(.removed)
        case .busy:
            self = .refused(.busy)
        case .unauthorized:
            self = .refused(.unauthorized)
        case .other:
            let text = try buffer.decodePrefixedString(limit: HandshakeRefusal.textByteLimit, "reason")
            self = .refused(.other(text))
        }
        try buffer.decodeEnd("handshake reply")
    }
}

extension Hello {
    /// What this end answers to `initiator`: the newest common version and the common features, or what does not fit.
    ///
    /// The version comes first, since nothing else can be judged without it. Whether the initiator may come in at all
    /// (removed, unauthorized, busy) is for the caller to say.
    public func reply(to initiator: Hello) -> HandshakeReply {
        guard let version = versions.agreed(with: initiator.versions) else {
            return .refused(.wrongVersion(versions))
        }
        let anyCluster = initiator.role == .client && initiator.clusterName.isEmpty
        guard anyCluster || initiator.clusterName == clusterName else {
            return .refused(.wrongCluster(clusterName))
        }
        return .accepted(version: version, features: features.intersection(initiator.features), nodeID: nodeID)
    }
}

extension HandshakeRefusal: CustomStringConvertible {
    /// A sentence for a log or a user.
    public var description: String {
        switch self {
        case .wrongCluster(let name): "it belongs to the cluster “\(name)”"
        case .wrongVersion(let versions): "it speaks protocol version \(versions) only"
        case .removed: "this node was removed from the cluster"
        case .busy: "it has as many connections as it takes"
        case .unauthorized: "the credential is missing or wrong"
        case .other(let text): text
        }
    }
}

extension String {
    /// The longest beginning, in whole characters, of at most `limit` bytes.
    func cut(toByteCount limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var cut = ""
        var byteCount = 0
        for character in self {
            byteCount += character.utf8.count
            guard byteCount <= limit else { break }
            cut.append(character)
        }
        return cut
    }
}
