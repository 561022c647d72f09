public import Machine

/// A range of protocol versions that one end speaks.
public struct ProtocolVersions: Hashable, Sendable {
    /// The oldest version that is still spoken.
    public let minimum: UInt16
    /// The newest version.
    public let maximum: UInt16

    /// The versions from `minimum` to `maximum`, or `nil` where there are none.
    public init?(minimum: UInt16, maximum: UInt16) {
        guard minimum <= maximum else { return nil }
        self.minimum = minimum
        self.maximum = maximum
    }

    /// One version alone.
    public init(_ version: UInt16) {
        minimum = version
        maximum = version
    }

    /// What this build speaks.
    public static let current = ProtocolVersions(1)

    /// The newest version that both ends speak, or `nil` where there is none.
    public func agreed(with other: ProtocolVersions) -> UInt16? {
        let newest = Swift.min(maximum, other.maximum)
        return newest >= Swift.max(minimum, other.minimum) ? newest : nil
    }

    /// Writes four bytes: minimum and maximum.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(minimum, maximum)
    }

    /// Reads four bytes; an empty range is invalid.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let minimum = try buffer.decodeInteger(as: UInt16.self, "minimum version")
        let maximum = try buffer.decodeInteger(as: UInt16.self, "maximum version")
        guard let versions = ProtocolVersions(minimum: minimum, maximum: maximum) else {
            throw .invalid("protocol versions")
        }
        self = versions
    }
}

extension ProtocolVersions: CustomStringConvertible {
    /// `3`, or `1–3`.
    public var description: String {
        minimum == maximum ? "\(minimum)" : "\(minimum)–\(maximum)"
    }
}
