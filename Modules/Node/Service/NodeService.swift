public import Coordinator
public import Machine

/// What a node does for its doors: HTTP, the Redis protocol, a program that embeds it.
///
/// Each call answers exactly once, on any thread, by the request's deadline.
public protocol NodeService: AnyObject, Sendable {
    /// Serves a request, wherever its key lives.
    func serve(_ request: Request, completion: @escaping @Sendable (Response) -> Void)

    /// The members, what they hold, and what moves.
    func clusterStatus(completion: @escaping @Sendable (ClusterStatus) -> Void)

    /// Every partition's owners.
    func ringStatus(completion: @escaping @Sendable (RingStatus) -> Void)

    /// Where a key lives.
    func locate(_ key: ByteBuffer, completion: @escaping @Sendable (KeyLocation) -> Void)

    /// Whether the node serves its share: why not, where it does not.
    func readiness(completion: @escaping @Sendable (Readiness) -> Void)

    /// The longest value that a client may write, in bytes.
    var valueByteLimit: Int { get }
}

/// Whether a node serves its share.
public enum Readiness: Hashable, Sendable {
    /// It holds every partition that it owns, and takes writes.
    case ready
    /// It does not yet: why, in a sentence.
    case notReady(String)
}
