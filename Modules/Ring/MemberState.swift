/// Where a member stands between its arrival and its end.
///
/// `joining → up → leaving → left`, each step made by the member itself; `removed` comes from an operator only. Whether
/// a member can be *reached* is no state of the membership: failure never moves ownership (Dynamo, section 4.8.1).
public enum MemberState: UInt8, Sendable, CaseIterable {
    /// Placed, and still fetching its share.
    case joining
    /// Placed, and serving.
    case up
    /// No longer placed; it holds its share until the new owners do.
    case leaving
    /// Gone by its own will, everything handed over. The record stays, so that the identity is known.
    case left
    /// Gone by an operator's word. The identity is refused from now on.
    case removed

    /// Whether placement gives partitions to a member in this state.
    public var isPlaced: Bool { self == .joining || self == .up }

    /// Whether a member in this state is in the ring: placed, or holding what it gives away.
    public var isInRing: Bool { isPlaced || self == .leaving }
}
