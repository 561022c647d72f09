/// A member's place in one ring: dense from 0, in the order of the identities; means nothing in another ring.
public typealias MemberIndex = UInt16

/// Who should hold a partition, and who does.
///
/// First the owners in order of preference, then the holders that are no owners (any more) in the order of their
/// identities. A value of its own: taking it from the ring allocates nothing, and up to eight members count no
/// references either.
@frozen
public struct ReplicaSet: Sendable {
    /// The members where there are at most eight.
    @usableFromInline let near: SIMD8<MemberIndex>
    /// All members where there are more.
    @usableFromInline let far: [MemberIndex]?
    @usableFromInline let memberCount: UInt8
    @usableFromInline let owners: UInt8
    /// Bit `i` says whether the member at position `i` holds the partition completely.
    public let holdsMask: UInt64
    /// A hash of the owners' identities in order and of the holders': two rings agree about this partition if and only if
    /// their fingerprints are equal (but for a chance of 2^-64).
    public let fingerprint: UInt64

    /// The most members: holders beyond it are not listed.
    public static let limit = 64

    /// The set of a partition that does not exist, or of a ring without members.
    @usableFromInline static let empty = ReplicaSet(members: [], ownerCount: 0, holdsMask: 0, fingerprint: 0)

    init(members: [MemberIndex], ownerCount: Int, holdsMask: UInt64, fingerprint: UInt64) {
        var near = SIMD8<MemberIndex>()
        if members.count <= near.scalarCount {
            for (position, member) in members.enumerated() {
                near[position] = member
            }
            far = nil
        } else {
            far = members
        }
        self.near = near
        memberCount = UInt8(members.count)
        owners = UInt8(ownerCount)
        self.holdsMask = holdsMask
        self.fingerprint = fingerprint
    }

    /// How many of the members, from the first, are owners.
    @inlinable public var ownerCount: Int { Int(owners) }

    /// How many of the members hold the partition completely.
    @inlinable public var holderCount: Int { holdsMask.nonzeroBitCount }

    /// Whether the member at a position holds the partition completely.
    @inlinable
    public func holds(at position: Int) -> Bool {
        holdsMask & (1 << UInt64(position)) != 0
    }

    /// Whether a member is an owner.
    @inlinable
    public func isOwner(_ member: MemberIndex) -> Bool {
        firstIndex(of: member).map { $0 < ownerCount } ?? false
    }

    /// Whether a member holds the partition completely.
    @inlinable
    public func isHolder(_ member: MemberIndex) -> Bool {
        firstIndex(of: member).map { holds(at: $0) } ?? false
    }
}

extension ReplicaSet: RandomAccessCollection {
    /// Always 0.
    @inlinable public var startIndex: Int { 0 }
    /// The number of members.
    @inlinable public var endIndex: Int { Int(memberCount) }

    /// The member at a position.
    @inlinable
    public subscript(position: Int) -> MemberIndex {
        if let far { return far[position] }
        precondition(position < memberCount, "a position beyond the replicas")
        return near[position]
    }
}

extension ReplicaSet: Equatable {
    /// Whether both say the same of the same ring.
    public static func == (left: ReplicaSet, right: ReplicaSet) -> Bool {
        left.ownerCount == right.ownerCount && left.holdsMask == right.holdsMask && left.elementsEqual(right)
    }
}
