public import Machine
public import Ring

/// The cluster as this node sees it at one time: a ring, and who in it can be reached. Immutable, shared by all shards.
public final class ClusterView: Sendable {
    /// Who owns and holds what.
    public let ring: Ring
    /// This node.
    public let own: NodeID
    /// This node's place in the ring, if it has one.
    public let ownIndex: MemberIndex?

    private let reachable: [Bool]

    /// The view of `own` on a ring, with these members out of reach.
    public init(ring: Ring, own: NodeID, unreachable: Set<NodeID>) {
        self.ring = ring
        self.own = own
        ownIndex = ring.index(of: own)
        reachable = ring.members.map { $0.id == own || !unreachable.contains($0.id) }
    }

    /// Whether a member can be reached, by what the gossip says.
    @inlinable
    public func isReachable(_ member: MemberIndex) -> Bool {
        isReachable(at: Int(member))
    }

    @usableFromInline
    func isReachable(at index: Int) -> Bool {
        index < reachable.count && reachable[index]
    }

    /// The identity of a member of this ring.
    public func id(of member: MemberIndex) -> NodeID {
        ring.members[Int(member)].id
    }
}

extension ClusterView {
    /// Whether a node is in the ring and can be reached.
    public func isReachable(_ node: NodeID) -> Bool {
        ring.index(of: node).map { isReachable($0) } ?? false
    }
}
