/// The identity of a node: 128 random bits, made once with its data directory.
///
/// Random rather than taken from an address or a name, so that a wiped disk is a new node and a node that moves is the
/// same one (riak_kv#679: reused actor names lost acknowledged writes).
@frozen
public struct NodeID: Hashable, Sendable {
    /// The more significant 64 bits.
    public let high: UInt64
    /// The less significant 64 bits.
    public let low: UInt64

    /// The identity with these bits.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh identity from a source of randomness.
    @inlinable
    public init(from generator: inout some RandomNumberGenerator) {
        self.init(high: generator.next(), low: generator.next())
    }

    /// The number of bytes in the binary form.
    public static let byteCount = 16

    /// The smallest identity; never given to a node.
    public static let zero = NodeID(high: 0, low: 0)
}

extension NodeID: Comparable {
    /// By the more significant half first: the order of the binary form and of the text.
    @inlinable
    public static func < (left: NodeID, right: NodeID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension NodeID: LosslessStringConvertible {
    /// The identity from its 32 hexadecimal digits, or `nil` for any other text.
    public init?(_ description: String) {
        guard description.utf8.count == 32, description.utf8.allSatisfy({ Self.isHexadecimal($0) }) else { return nil }
        guard let high = UInt64(description.prefix(16), radix: 16), let low = UInt64(description.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String {
        Self.hexadecimal(high) + Self.hexadecimal(low)
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default:
            false
        }
    }
}
