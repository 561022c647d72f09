/// A cluster's name as four bytes, in front of every datagram, so that two clusters which can reach each other stay two.
///
/// It guards against a mistaken seed or a reused address, not against an enemy.
public struct ClusterTag: Hashable, Sendable {
    /// The four bytes.
    public let rawValue: UInt32

    /// The tag with these bytes.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The tag of a name: FNV-1a of its UTF-8, 32 bits.
    public init(name: String) {
        rawValue = name.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
