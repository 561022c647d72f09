public import Machine

/// Which membership a request or an answer was made under.
///
/// Equal epochs mean the same membership, so the same ring. Of two memberships of which one has merged the other, the
/// one that knows more has the greater measure; of two that each know something, neither is the newer, and both have to
/// merge: the order is only a rule for who sends first. To know whether two members agree about one partition, compare
/// ``ReplicaSet/fingerprint``.
public struct RingEpoch: Hashable, Sendable {
    /// How far the membership has come: grows with every merge that brings a new member, version or directive.
    public let measure: UInt64
    /// A hash of the whole content.
    public let digest: UInt64

    /// The epoch of the empty membership.
    public static let zero = RingEpoch(measure: 0, digest: 0)

    /// An epoch from its parts.
    public init(measure: UInt64, digest: UInt64) {
        self.measure = measure
        self.digest = digest
    }
}

extension RingEpoch: Comparable {
    /// By measure, then by digest: a rule for who sends first, no more.
    public static func < (left: RingEpoch, right: RingEpoch) -> Bool {
        (left.measure, left.digest) < (right.measure, right.digest)
    }
}

extension RingEpoch {
    /// Writes 16 bytes.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(measure, digest)
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let measure = try buffer.decodeInteger(as: UInt64.self, "an epoch's measure")
        let digest = try buffer.decodeInteger(as: UInt64.self, "an epoch's digest")
        self.init(measure: measure, digest: digest)
    }
}
