public import Machine

/// One datagram between two members: a message of the failure detector, and the news that fits beside it.
public struct GossipDatagram: Hashable, Sendable {
    /// What the datagram is for.
    public enum Message: Hashable, Sendable {
        /// "Are you there?" Answered only by the node that `target` names: an address may have gone to another.
        case ping(sequence: UInt64, source: NodeID, target: NodeID, digest: UInt64)
        /// "Ask that one for me": sent to helpers when the target did not answer in time.
        case pingRequest(sequence: UInt64, source: NodeID, target: NodeID, address: GossipAddress)
        /// "I am", with the sequence of the question; helpers hand it on, so `source` is the one who answered.
        case acknowledgement(sequence: UInt64, source: NodeID, digest: UInt64)
        /// "I am a helper and alive, but the target has not answered me so far" (Lifeguard, section IV-A).
        case negativeAcknowledgement(sequence: UInt64, source: NodeID)
        /// Nothing but the news.
        case news(source: NodeID)
    }

    /// The most bytes of a datagram: what crosses an Ethernet unbroken, with room for a seal around it.
    public static let byteLimit = 1400
    /// The most updates in a datagram; more than fit.
    static let updateLimit = 64

    /// Whose cluster.
    public let cluster: ClusterTag
    /// What for.
    public let message: Message
    /// The news, at most 64 updates.
    public let updates: [GossipUpdate]

    /// A datagram; updates beyond the 64th are left out.
    public init(cluster: ClusterTag, message: Message, updates: [GossipUpdate] = []) {
        self.cluster = cluster
        self.message = message
        self.updates = updates.count <= Self.updateLimit ? updates : Array(updates.prefix(Self.updateLimit))
    }
}
