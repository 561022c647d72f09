/// A cluster's name and birth as four bytes, in front of every datagram, so that two clusters which can reach each other stay two.
///
/// It guards against a mistaken seed or a reused address, not against an enemy.
public struct ClusterTag: Hashable, Sendable {
    /// The four bytes.
    public let rawValue: UInt32

    /// The tag with these bytes.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The tag of a name, and of a number that tells clusters of one name apart: FNV-1a of the name's UTF-8 and, unless
    /// it is 0, the number's bytes, lowest first; 32 bits.
    public init(name: String, birth: UInt64 = 0) {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: birth >> ($0 * 8)) }
        rawValue = (Array(name.utf8) + (birth == 0 ? [] : bytes)).reduce(0x811c_9dc5) {
            ($0 ^ UInt32($1)) &* 0x0100_0193
        }
    }
}
