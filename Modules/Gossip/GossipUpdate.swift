public import Machine

/// What travels about a member: a word, and for a bad one the member who gave it.
public struct GossipUpdate: Hashable, Sendable {
    /// The word.
    public let member: GossipMember
    /// Who found the member suspect or unreachable; Lifeguard counts *different* accusers. Only for those two.
    public let accuser: NodeID?

    /// An update; the accuser is dropped where the status has none, and is the member itself (no independent voice)
    /// where a status that needs one came without.
    public init(_ member: GossipMember, accuser: NodeID? = nil) {
        self.member = member
        self.accuser = Self.hasAccuser(member.status) ? accuser ?? member.id : nil
    }

    static func hasAccuser(_ status: GossipMember.Status) -> Bool {
        status == .suspect || status == .unreachable
    }
}

extension GossipUpdate {
    /// The most bytes of an update.
    public static let encodedByteLimit =
        1 + NodeID.byteCount + ByteBuffer.varintByteLimit + 3 + GossipAddress.hostByteLimit + 2
        + GossipMember.metadataByteLimit + NodeID.byteCount

    /// The number of bytes of ``encode(into:)``: the machine fills datagrams by it.
    public var encodedByteCount: Int {
        let metadataCount = member.metadata.readableBytes
        return 1 + NodeID.byteCount + ByteBuffer.varintByteCount(member.incarnation) + member.address.encodedByteCount
            + ByteBuffer.varintByteCount(UInt64(metadataCount)) + metadataCount
            + (accuser == nil ? 0 : NodeID.byteCount)
    }

    /// Writes the update; the layout is in the module's documentation.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(member.status.rawValue)
        buffer.writeNodeID(member.id)
        buffer.writeVarint(member.incarnation)
        member.address.encode(into: &buffer)
        buffer.writePrefixed(member.metadata)
        if let accuser {
            buffer.writeNodeID(accuser)
        }
    }

    /// Reads an update; its metadata is a slice of `buffer`.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let status = GossipMember.Status(rawValue: try buffer.decodeInteger("status")) else {
            throw .invalid("status")
        }
        let id = try buffer.decodeNodeID("member")
        let incarnation = try buffer.decodeVarint("incarnation")
        guard incarnation <= GossipMember.incarnationLimit else { throw .invalid("incarnation") }
        let address = try GossipAddress(decoding: &buffer)
        let metadata = try buffer.decodePrefixed(limit: GossipMember.metadataByteLimit, "metadata")
        let accuser = Self.hasAccuser(status) ? try buffer.decodeNodeID("accuser") : nil
        self.init(
            GossipMember(
                id: id, address: address, incarnation: incarnation, status: status, checkedMetadata: metadata),
            accuser: accuser)
    }
}
