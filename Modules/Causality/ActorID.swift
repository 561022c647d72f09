public import Machine

/// Who makes dots: a node, in one of its epochs.
///
/// A node that may have forgotten which counters it gave to a key goes on under an epoch that it never used before, so
/// that no dot is issued twice (riak_kv#679, riak_kv#1643). Within one key an epoch is used for one lifetime of the
/// node's record only; ``KeyEpoch`` says when that ends.
@frozen
public struct ActorID: Hashable, Sendable {
    /// The node, by the identity that was made with its data directory.
    public let node: NodeID
    /// Which of the node's lives with the key: 1 or more, handed out by an ``EpochAllocator``.
    public let epoch: UInt64

    /// The actor that `node` is in `epoch`.
    @inlinable
    public init(node: NodeID, epoch: UInt64) {
        self.node = node
        self.epoch = epoch
    }
}

extension ActorID: Comparable {
    /// Orders by node, then by epoch. The order means nothing but makes encodings canonical.
    @inlinable
    public static func < (left: ActorID, right: ActorID) -> Bool {
        left.node != right.node ? left.node < right.node : left.epoch < right.epoch
    }
}

extension ActorID: CustomStringConvertible {
    /// The first eight digits of the node and the epoch, as `a1b2c3d4/7`.
    public var description: String {
        "\(node.description.prefix(8))/\(epoch)"
    }
}
