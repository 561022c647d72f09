/// One of the Q equal parts of the token space, numbered by the tokens' top bits.
@frozen
public struct PartitionID: Hashable, Sendable {
    /// The number, from 0; below the configuration's number of partitions.
    public let index: UInt32

    /// The partition with this number.
    @inlinable
    public init(index: UInt32) {
        self.index = index
    }
}

extension PartitionID: Comparable {
    /// Partitions are ordered by number.
    @inlinable
    public static func < (left: PartitionID, right: PartitionID) -> Bool { left.index < right.index }
}

extension PartitionID: CustomStringConvertible {
    /// The number in decimal digits.
    public var description: String { String(index) }
}
