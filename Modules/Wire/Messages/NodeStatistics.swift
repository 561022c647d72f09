public import Machine
public import Ring

/// What a node says of its own data: the members' rows of a cluster's status are made of it.
///
/// | bytes | field |
/// |---|---|
/// | 3 × varint | keys, bytes, hints pending |
/// | varint | number of transfers, at most 64 |
/// | 16 + 16 | for each: from, to |
/// | 3 × varint | partition, bytes, bytes in all |
/// | 1, varint | 1 and the milliseconds that are left, or 0 |
public struct NodeStatistics: Hashable, Sendable {
    /// Keys on the node's disk, tombstones included.
    public var keys: UInt64
    /// Bytes of those.
    public var bytes: UInt64
    /// Copies that the node keeps for others.
    public var hintsPending: UInt64
    /// What moves to the node or away from it; at most ``transferLimit``, and what is more is left out on the wire.
    public var transfers: [TransferProgress]

    /// The most transfers that are told of.
    public static let transferLimit = 64

    /// Statistics of these parts.
    public init(keys: UInt64, bytes: UInt64, hintsPending: UInt64, transfers: [TransferProgress] = []) {
        self.keys = keys
        self.bytes = bytes
        self.hintsPending = hintsPending
        self.transfers = transfers
    }

    /// Writes the statistics.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeVarint(keys)
        buffer.writeVarint(bytes)
        buffer.writeVarint(hintsPending)
        let told = transfers.prefix(Self.transferLimit)
        buffer.writeNumber(told.count)
        for transfer in told {
            transfer.encode(into: &buffer)
        }
    }

    /// Reads statistics that fill the buffer.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        keys = try buffer.decodeVarint("keys")
        bytes = try buffer.decodeVarint("bytes")
        hintsPending = try buffer.decodeVarint("hints")
        transfers = []
        for _ in 0..<(try buffer.decodeCount(limit: Self.transferLimit, "transfers")) {
            transfers.append(try TransferProgress(decoding: &buffer))
        }
        try buffer.decodeEnd("statistics")
    }
}

/// How far a stream of data between two nodes has come.
public struct TransferProgress: Hashable, Sendable {
    /// Who gives.
    public var from: NodeID
    /// Who gets.
    public var to: NodeID
    /// The partition; the first of them where the stream carries several.
    public var partition: PartitionID
    /// Bytes that came.
    public var bytes: UInt64
    /// Bytes in all, as far as known.
    public var bytesTotal: UInt64
    /// Milliseconds that are left at the present rate, or `nil` while that is not known.
    public var millisecondsLeft: UInt64?

    /// The progress of these parts.
    public init(
        from: NodeID, to: NodeID, partition: PartitionID, bytes: UInt64, bytesTotal: UInt64, millisecondsLeft: UInt64?
    ) {
        self.from = from
        self.to = to
        self.partition = partition
        self.bytes = bytes
        self.bytesTotal = bytesTotal
        self.millisecondsLeft = millisecondsLeft
    }

    fileprivate func encode(into buffer: inout ByteBuffer) {
        buffer.writeNodeID(from)
        buffer.writeNodeID(to)
        buffer.writeVarint(UInt64(partition.index))
        buffer.writeVarint(bytes)
        buffer.writeVarint(bytesTotal)
        buffer.writeInteger(UInt8(millisecondsLeft == nil ? 0 : 1))
        if let millisecondsLeft {
            buffer.writeVarint(millisecondsLeft)
        }
    }

    fileprivate init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        from = try buffer.decodeNodeID("from")
        to = try buffer.decodeNodeID("to")
        partition = try PartitionID(decoding: &buffer)
        bytes = try buffer.decodeVarint("bytes of a transfer")
        bytesTotal = try buffer.decodeVarint("bytes of a transfer in all")
        millisecondsLeft = try buffer.decodeFlag("time left") ? try buffer.decodeVarint("time left") : nil
    }
}
