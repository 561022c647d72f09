/// What a machine wants done, in order.
///
/// Passed `inout` and reused, so that a machine in its stride allocates nothing: returning an array instead doubles the
/// cost of a step.
@frozen
public struct Effects<Effect>: ~Copyable {
    @usableFromInline var pending: [Effect]

    /// An empty list with room for `capacity` effects.
    @inlinable
    public init(capacity: Int = 16) {
        pending = []
        pending.reserveCapacity(capacity)
    }

    /// The number of effects that wait.
    @inlinable
    public var count: Int { pending.count }

    /// Whether nothing waits.
    @inlinable
    public var isEmpty: Bool { pending.isEmpty }

    /// Adds an effect behind the others.
    @inlinable
    public mutating func emit(_ effect: consuming Effect) {
        pending.append(effect)
    }

    /// Hands every effect over in order and leaves the list empty, its memory kept.
    @inlinable
    public mutating func drain(_ carryOut: (Effect) -> Void) {
        for effect in pending {
            carryOut(effect)
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// Takes all effects out as an array, and their memory with them: for tests and for shells that keep them.
    @inlinable
    public mutating func takeAll() -> [Effect] {
        defer { pending = [] }
        return pending
    }
}

extension Effects: Sendable where Effect: Sendable {}
