public import Machine

/// One word about a member: what its owner said of itself last (address and metadata, under an incarnation), and what
/// the cluster thinks of it.
///
/// The owner's part is never carried without the rest, so nobody holds an incarnation whose metadata it does not have.
public struct GossipMember: Hashable, Sendable {
    /// What the cluster thinks of a member, the weakest word first.
    public enum Status: UInt8, Hashable, Sendable, CaseIterable {
        /// It answers, or has not been asked yet.
        case alive = 0
        /// A probe failed; it has time to contradict.
        case suspect = 1
        /// It did not contradict in time. It is still a member, and is still probed, rarely.
        case unreachable = 2
        /// It said that it goes, or the application said that it will not return.
        case left = 3
    }

    /// The most bytes of ``metadata``.
    public static let metadataByteLimit = 512
    /// The largest incarnation: what is beyond it is refused, so that "one more" cannot overflow.
    public static let incarnationLimit: UInt64 = 1 << 62

    /// Whose record this is.
    public let id: NodeID
    /// Where the owner can be reached.
    public internal(set) var address: GossipAddress
    /// The owner's counter: raised by the owner alone, for every change and every contradiction.
    public internal(set) var incarnation: UInt64
    /// What the cluster thinks of the member in this incarnation.
    public internal(set) var status: Status
    /// The application's bytes, at most ``metadataByteLimit``. Every update carries them: keep them small.
    public internal(set) var metadata: ByteBuffer

    /// A record; `nil` where the metadata or the incarnation is over its limit.
    public init?(
        id: NodeID, address: GossipAddress, incarnation: UInt64, status: Status = .alive,
        metadata: ByteBuffer = ByteBuffer()
    ) {
        guard metadata.readableBytes <= Self.metadataByteLimit, incarnation <= Self.incarnationLimit else { return nil }
        self.init(id: id, address: address, incarnation: incarnation, status: status, checkedMetadata: metadata)
    }

    /// A record whose parts are known to be within their limits.
    init(id: NodeID, address: GossipAddress, incarnation: UInt64, status: Status, checkedMetadata metadata: ByteBuffer)
    {
        self.id = id
        self.address = address
        self.incarnation = incarnation
        self.status = status
        self.metadata = metadata
    }

    /// Whether this word replaces `other`, a word about the same member.
    ///
    /// The later incarnation wins; within one, the graver status. It is a total order, so words may arrive in any order
    /// and any number of times: all that have heard the same words hold the same one. In the notation of the SWIM paper
    /// (section 4.2): Alive *i* replaces Suspect *j* where *i > j*, Suspect *i* replaces Alive *j* where *i ≥ j*. A
    /// Confirm is not final as it is there, since the owner may come back, with a higher incarnation and only so.
    public func supersedes(_ other: GossipMember) -> Bool {
        incarnation != other.incarnation ? incarnation > other.incarnation : status.rawValue > other.status.rawValue
    }
}
