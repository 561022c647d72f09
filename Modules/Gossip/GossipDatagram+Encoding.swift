public import Machine

extension GossipDatagram {
    /// The version of the layout, the first byte of every datagram.
    public static let version: UInt8 = 1

    /// The bytes in front of the message: version, cluster, kind.
    private static let headerByteCount = 1 + 4 + 1

    private enum Kind: UInt8 {
        case ping = 1
        case pingRequest = 2
        case acknowledgement = 3
        case negativeAcknowledgement = 4
        case news = 5
    }

    /// The number of bytes of a datagram with this message and no updates.
    static func encodedByteCount(of message: Message) -> Int {
        let fields =
            switch message {
            case .ping: 8 + 2 * NodeID.byteCount + 8
            case .pingRequest(_, _, _, let address): 8 + 2 * NodeID.byteCount + address.encodedByteCount
            case .acknowledgement: 8 + NodeID.byteCount + 8
            case .negativeAcknowledgement: 8 + NodeID.byteCount
            case .news: NodeID.byteCount
            }
        return headerByteCount + fields + 1
    }

    /// The number of bytes of ``encode(into:)``.
    public var encodedByteCount: Int {
        updates.reduce(Self.encodedByteCount(of: message)) { $0 + $1.encodedByteCount }
    }

    /// Writes the datagram; the layout is in the module's documentation.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(Self.version, cluster.rawValue)
        switch message {
        case .ping(let sequence, let source, let target, let digest):
            buffer.writeMultipleIntegers(Kind.ping.rawValue, sequence)
            buffer.writeNodeID(source)
            buffer.writeNodeID(target)
            buffer.writeInteger(digest)
        case .pingRequest(let sequence, let source, let target, let address):
            buffer.writeMultipleIntegers(Kind.pingRequest.rawValue, sequence)
            buffer.writeNodeID(source)
            buffer.writeNodeID(target)
            address.encode(into: &buffer)
        case .acknowledgement(let sequence, let source, let digest):
            buffer.writeMultipleIntegers(Kind.acknowledgement.rawValue, sequence)
            buffer.writeNodeID(source)
            buffer.writeInteger(digest)
        case .negativeAcknowledgement(let sequence, let source):
            buffer.writeMultipleIntegers(Kind.negativeAcknowledgement.rawValue, sequence)
            buffer.writeNodeID(source)
        case .news(let source):
            buffer.writeInteger(Kind.news.rawValue)
            buffer.writeNodeID(source)
        }
        buffer.writeVarint(UInt64(updates.count))
        for update in updates {
            update.encode(into: &buffer)
        }
    }

    /// Reads a datagram, which is all of `buffer`.
    ///
    /// The metadata of its updates are slices of `buffer`; the machine copies what it keeps. Linear in the bytes, which
    /// are at most ``byteLimit``.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard buffer.readableBytes <= Self.byteLimit else { throw .tooLarge("datagram", limit: Self.byteLimit) }
        guard try buffer.decodeInteger(as: UInt8.self, "version") == Self.version else { throw .invalid("version") }
        let cluster = ClusterTag(rawValue: try buffer.decodeInteger("cluster"))
        let message = try Self.decodeMessage(from: &buffer)
        let count = try buffer.decodeCount(limit: Self.updateLimit, "updates")
        var updates: [GossipUpdate] = []
        updates.reserveCapacity(count)
        for _ in 0..<count {
            updates.append(try GossipUpdate(decoding: &buffer))
        }
        try buffer.decodeEnd("datagram")
        self.init(cluster: cluster, message: message, updates: updates)
    }

    private static func decodeMessage(from buffer: inout ByteBuffer) throws(DecodingFailure) -> Message {
        guard let kind = Kind(rawValue: try buffer.decodeInteger("kind")) else { throw .invalid("kind") }
        if kind == .news {
            return .news(source: try buffer.decodeNodeID("source"))
        }
        let sequence = try buffer.decodeInteger(as: UInt64.self, "sequence")
        let source = try buffer.decodeNodeID("source")
        switch kind {
        case .ping:
            let target = try buffer.decodeNodeID("target")
            return .ping(
                sequence: sequence, source: source, target: target, digest: try buffer.decodeInteger("digest"))
        case .pingRequest:
            let target = try buffer.decodeNodeID("target")
            return .pingRequest(
                sequence: sequence, source: source, target: target, address: try GossipAddress(decoding: &buffer))
        case .acknowledgement:
            return .acknowledgement(sequence: sequence, source: source, digest: try buffer.decodeInteger("digest"))
        case .negativeAcknowledgement, .news:
            return .negativeAcknowledgement(sequence: sequence, source: source)
        }
    }
}
