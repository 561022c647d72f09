public import Machine

/// A hint as storage has it: an owner lacks this node's copy of a key. The copy itself is in the space of objects.
///
/// The engine's key is the owner's 16 bytes and the key, under the key's token, so that hints and objects of a partition
/// lie in the same range of tokens.
public struct HintRecord: Hashable, Sendable {
    /// Who lacks the copy.
    public let owner: NodeID
    /// The key's token.
    public let token: UInt64
    /// The key.
    public let key: ByteBuffer
    /// The hint's place in the engine's order: a hint that was renewed since has a greater one.
    public let sequence: UInt64

    /// A hint of these parts.
    public init(owner: NodeID, token: UInt64, key: ByteBuffer, sequence: UInt64) {
        self.owner = owner
        self.token = token
        self.key = key
        self.sequence = sequence
    }

    /// The hint of an engine's record; `nil` for what is none.
    init?(_ record: Record) {
        var rest = record.key
        guard let owner = try? rest.decodeNodeID("owner") else { return nil }
        self.init(owner: owner, token: record.token, key: rest, sequence: record.sequence)
    }

    /// The engine's key.
    static func engineKey(owner: NodeID, key: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(NodeID.byteCount + key.readableBytes)
        buffer.writeNodeID(owner)
        buffer.writeImmutableBuffer(key)
        return buffer
    }

    /// The engine's hash: the owner's low word, so that a scan finds an owner's hints without the disk.
    static func engineHash(owner: NodeID) -> UInt64 {
        owner.low
    }
}
