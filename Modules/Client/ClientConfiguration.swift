import Glibc
public import Machine
public import RPC

/// The limits and times of a ``ToystoreClient``.
public struct ClientConfiguration: Sendable {
    /// The cluster's name, at most 64 bytes of UTF-8; empty for whatever cluster the nodes belong to. With a name, a node of
    /// another cluster counts as one that cannot be reached.
    public var clusterName = ""
    /// What proves the right to be a client, at most 256 bytes, as the cluster's configuration defines it.
    public var credential = ByteBuffer()
    /// How long a request may take that does not say so itself: 5 s, from the call to the answer.
    public var timeout: Duration = .seconds(5)
    /// How much longer than the deadline to wait for an answer on its way: 250 ms. A node's own answer that the deadline
    /// passed says more than silence does.
    public var answerGrace: Duration = .milliseconds(250)
    /// The most requests in flight to one node: 1024. Beyond it a request fails as `busy`, and was not sent.
    public var requestLimit = 1024
    /// The limits and times of the connections.
    public var connection = RPCConfiguration()
    /// Wall milliseconds since 1970, by which values expire; the system's clock unless told otherwise.
    public var wallClock: @Sendable () -> UInt64 = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(clamping: now.tv_sec) &* 1000 &+ UInt64(clamping: now.tv_nsec / 1_000_000)
    }

    /// The defaults.
    public init() {}
}
