/// What must hold of a copy for a write to happen: checked at the coordinating owner alone, so best effort when writes
/// race at several owners.
public enum Precondition: Hashable, Sendable {
    /// Nothing.
    case none
    /// The copy's values are those that a reader with this context saw: none is new to it, and all of it is known here.
    case unchanged(since: CausalContext)
    /// There is no value to read.
    case absent
    /// There is a value to read.
    case present

    /// Whether the condition holds for `object` at a wall time in milliseconds since 1970. O(n + m).
    public func holds(for object: Object, at wall: UInt64) -> Bool {
        switch self {
        case .none:
            true
        case .unchanged(let seen):
            object.siblings.allSatisfy { seen.contains($0.dot) } && object.context.descends(from: seen)
        case .absent:
            object.isDeleted(at: wall)
        case .present:
            !object.isDeleted(at: wall)
        }
    }
}
