/// The kinds of messages. Both ends use a kind's number for the request and, with the flag `reply`, for its answer.
///
/// Whatever the kind, a reply with the flag `failure` says why there is no other: its payload is a `RequestFailure`.
/// Every message fills its payload: bytes behind its end are refused.
extension FrameKind {
    /// A client's `Request`; answered by a `Response`.
    public static let request = FrameKind(rawValue: 16)
    /// A `ReplicaRequest` between nodes; answered by a `ReplicaResponse`.
    public static let replica = FrameKind(rawValue: 17)
    /// A `HandoffRequest` between nodes; answered by a `HandoffResponse`.
    public static let handoff = FrameKind(rawValue: 18)
    /// A ``MembershipExchange`` between nodes; answered by another.
    public static let exchange = FrameKind(rawValue: 19)
    /// A `GossipState` between nodes; answered by a ``PushPullReply``.
    public static let pushPull = FrameKind(rawValue: 20)
    /// A ``StatusQuery``; answered by JSON of at most ``StatusQuery/answerByteLimit`` bytes.
    public static let query = FrameKind(rawValue: 21)
    /// Nothing, between nodes; answered by ``NodeStatistics``.
    public static let statistics = FrameKind(rawValue: 22)
}
