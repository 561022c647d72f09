public import Machine

/// A whole partition that an owner has to be sent: there were too many hints to note them key by key.
public struct MarkedRange: Hashable, Sendable {
    /// Who lacks the range.
    public let owner: NodeID
    /// The partition.
    public let partition: UInt32
    /// How often it was marked: who has sent the range takes away the mark that it saw, and no later one.
    public let generation: UInt64

    /// A mark of these parts.
    public init(owner: NodeID, partition: UInt32, generation: UInt64) {
        self.owner = owner
        self.partition = partition
        self.generation = generation
    }

    /// What a mark is about: the owner's 16 bytes and the partition's 4 are the key of its record.
    struct Place: Hashable {
        let owner: NodeID
        let partition: UInt32

        init(owner: NodeID, partition: UInt32) {
            self.owner = owner
            self.partition = partition
        }

        init?(engineKey: ByteBuffer) {
            var rest = engineKey
            guard let owner = try? rest.decodeNodeID("owner"),
                let partition = try? rest.decodeInteger(as: UInt32.self, "partition"), rest.readableBytes == 0
            else { return nil }
            self.init(owner: owner, partition: partition)
        }

        var engineKey: ByteBuffer {
            var buffer = ByteBuffer()
            buffer.writeNodeID(owner)
            buffer.writeInteger(partition)
            return buffer
        }
    }
}
