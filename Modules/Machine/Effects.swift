/// What a machine wants done, in order.
///
/// Passed `inout` and reused, so that a machine in its stride allocates nothing: returning an array instead doubles the
/// cost of a step. Effects are moved in and out: they are large, and refer to much, so that a copy costs as much as a step.
@frozen
public struct Effects<Effect>: ~Copyable {
    /// Memory of this list's own; of its places the first ``count`` hold effects.
    @usableFromInline var places: UnsafeMutableBufferPointer<Effect>
    @usableFromInline var used = 0

    /// An empty list with room for `capacity` effects.
    @inlinable
    public init(capacity: Int = 16) {
        places = .allocate(capacity: max(capacity, 1))
    }

    @inlinable
    deinit {
        places[..<used].deinitialize()
        places.deallocate()
    }

    /// The number of effects that wait.
    @inlinable
    public var count: Int { used }

    /// Whether nothing waits.
    @inlinable
    public var isEmpty: Bool { used == 0 }

    /// Adds an effect behind the others.
    @inlinable
    public mutating func emit(_ effect: consuming Effect) {
        if used == places.count {
            grow()
        }
        places.initializeElement(at: used, to: effect)
        used &+= 1
    }

    /// Makes room for as many again.
    @inlinable
    @inline(never)
    mutating func grow() {
        let larger = UnsafeMutableBufferPointer<Effect>.allocate(capacity: 2 * places.count)
        _ = larger.moveInitialize(fromContentsOf: places[..<used])
        places.deallocate()
        places = larger
    }

    /// Hands every effect over in order and leaves the list empty, its memory kept.
    @inlinable
    public mutating func drain(_ carryOut: (consuming Effect) -> Void) {
        let count = used
        used = 0
        for index in 0..<count {
            carryOut(places.moveElement(from: index))
        }
    }

    /// Takes all effects out as an array: for tests and for shells that keep them.
    @inlinable
    public mutating func takeAll() -> [Effect] {
        let count = used
        guard count > 0 else { return [] }
        used = 0
        return Array(unsafeUninitializedCapacity: count) { array, initialized in
            initialized = array.moveInitialize(fromContentsOf: places[..<count])
        }
    }
}

// The memory is this list's own, and goes with it from thread to thread.
extension Effects: @unchecked Sendable where Effect: Sendable {}
