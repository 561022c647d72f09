public import Machine

/// All that one member knows, for a push-pull: the two sides exchange these over a reliable channel and both merge.
public struct GossipState: Hashable, Sendable {
    /// The most members in a state.
    public static let memberLimit = 1024
    /// The version of the layout, the first byte of every state.
    public static let version: UInt8 = 1

    /// Whose cluster.
    public let cluster: ClusterTag
    /// Who says it. Its own record is among the members; the others are hearsay.
    public let sender: NodeID
    /// A record for each member that is known, the sender's too; at most ``memberLimit``.
    public let members: [GossipUpdate]

    /// A state; members beyond ``memberLimit`` are left out.
    public init(cluster: ClusterTag, sender: NodeID, members: [GossipUpdate]) {
        self.cluster = cluster
        self.sender = sender
        self.members = members.count <= Self.memberLimit ? members : Array(members.prefix(Self.memberLimit))
    }

    /// Writes version, cluster, sender, the number of members, and each.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(Self.version, cluster.rawValue)
        buffer.writeNodeID(sender)
        buffer.writeVarint(UInt64(members.count))
        for member in members {
            member.encode(into: &buffer)
        }
    }

    /// Reads a state from the front of `buffer` and leaves what comes behind it, so that a shell may send its own in the
    /// same call.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard try buffer.decodeInteger(as: UInt8.self, "version") == Self.version else { throw .invalid("version") }
        let cluster = ClusterTag(rawValue: try buffer.decodeInteger("cluster"))
        let sender = try buffer.decodeNodeID("sender")
        let count = try buffer.decodeCount(limit: Self.memberLimit, "members")
        var members: [GossipUpdate] = []
        // Memory follows the bytes that came, not the count that they claim.
        members.reserveCapacity(min(count, buffer.readableBytes / 2 / NodeID.byteCount))
        for _ in 0..<count {
            members.append(try GossipUpdate(decoding: &buffer))
        }
        self.init(cluster: cluster, sender: sender, members: members)
    }
}
