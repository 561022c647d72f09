public import Machine

/// An operator's word about a member: beats the member's own, and the highest epoch beats the others.
///
/// Of two words with one epoch, said by two operators at once, the sterner holds: leave before none, then the greater weight.
/// A removal is final, whatever was or is said elsewhere, under whatever epoch: an operator on the other side of a partition who
/// changes a weight shall not bring back what is gone. Who comes back has another identity.
public struct Directive: Hashable, Sendable {
    /// What the member shall do.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// Nothing: the member's own word stands.
        case none
        /// Hand everything over and leave.
        case leave
        /// Be gone: the others bring back its share without it.
        case remove
    }

    /// Which word this is; 0 before any was said.
    public let epoch: UInt32
    /// What the member shall do.
    public let kind: Kind
    /// The weight in place of the member's own, within ``Member/weightLimits``; `nil` leaves its own, as does a removal.
    public let weight: UInt32?

    /// The state before any operator spoke.
    public static let initial = Directive(epoch: 0, kind: .none, weight: nil)

    /// A directive; a weight outside ``Member/weightLimits`` is moved to the nearest within.
    public init(epoch: UInt32, kind: Kind, weight: UInt32?) {
        self.epoch = epoch
        self.kind = kind
        self.weight =
            kind == .remove
            ? nil : weight.map { min(max($0, Member.weightLimits.lowerBound), Member.weightLimits.upperBound) }
    }

    /// The directive that replaces this one; `nil` when all 2^32 − 1 epochs are used up, and where it would undo a removal.
    public func successor(kind: Kind, weight: UInt32?) -> Directive? {
        guard epoch < .max, self.kind != .remove || kind == .remove else { return nil }
        return Directive(epoch: epoch + 1, kind: kind, weight: weight)
    }

    /// What holds where both were said. Idempotent, commutative and associative; nobody's measure is greater than its.
    public func merged(with other: Directive) -> Directive {
        guard kind == .remove || other.kind == .remove else { return measure < other.measure ? other : self }
        return Directive(epoch: max(epoch, other.epoch), kind: .remove, weight: nil)
    }

    /// Grows with every merge that changes a directive; no two directives have one. Below 2^47.
    var measure: UInt64 {
        let weights = UInt64(Member.weightLimits.upperBound) + 1
        return UInt64(epoch) << 15 | (UInt64(kind.rawValue) * weights + UInt64(weight ?? 0))
    }
}

extension Directive {
    /// Writes nine bytes: the epoch, the kind, the weight or 0.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(epoch, kind.rawValue, weight ?? 0)
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let epoch = try buffer.decodeInteger(as: UInt32.self, "a directive's epoch")
        let code = try buffer.decodeInteger(as: UInt8.self, "a directive's kind")
        let weight = try buffer.decodeInteger(as: UInt32.self, "a directive's weight")
        guard let kind = Kind(rawValue: code) else { throw .invalid("a directive's kind") }
        guard weight == 0 || (kind != .remove && Member.weightLimits.contains(weight)) else {
            throw .invalid("a directive's weight")
        }
        self.init(epoch: epoch, kind: kind, weight: weight == 0 ? nil : weight)
    }
}
