/// The name of one write of one key: the `counter`th that `actor` made. A dot is issued once, ever.
@frozen
public struct Dot: Hashable, Sendable {
    /// Who made the write.
    public let actor: ActorID
    /// Which of the actor's writes of this key it is: from 1 to ``counterLimit``.
    public let counter: UInt64

    /// The largest counter that is ever issued or decoded, 2⁶³−1: the one above it still exists, so that no arithmetic
    /// on a peer's word can overflow.
    public static let counterLimit = UInt64(Int64.max)

    /// The dot of the `counter`th write of `actor`; `counter` is 1 or more.
    @inlinable
    public init(actor: ActorID, counter: UInt64) {
        self.actor = actor
        self.counter = counter
    }
}

extension Dot: Comparable {
    /// Orders by actor, then by counter. Between two actors the order says nothing of time.
    @inlinable
    public static func < (left: Dot, right: Dot) -> Bool {
        left.actor != right.actor ? left.actor < right.actor : left.counter < right.counter
    }
}

extension Dot: CustomStringConvertible {
    /// The actor and the counter, as `a1b2c3d4/7:12`.
    public var description: String {
        "\(actor):\(counter)"
    }
}
