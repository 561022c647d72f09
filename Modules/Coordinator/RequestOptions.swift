/// What a client asks of one request beyond its key: whatever it leaves out, the node's own defaults fill in.
public struct RequestOptions: Hashable, Sendable {
    /// Answers that a read waits for (R).
    public var read: QuorumSize?
    /// Acknowledgements that a write waits for (W).
    public var write: QuorumSize?
    /// Of the answers, how many must come from owners (PR).
    public var primaryRead: QuorumSize?
    /// Of the acknowledgements, how many must come from owners (PW).
    public var primaryWrite: QuorumSize?
    /// Of the acknowledgements, how many must be of data on disk (DW).
    public var durableWrite: QuorumSize?
    /// Whether fallbacks stand in for owners that cannot be reached. If not, a read also waits until R holders have all that it
    /// answers, so that with a majority no later one shows less.
    public var sloppy: Bool
    /// Nanoseconds from the arrival of the request until it has an answer, whatever that is; `nil` for the default.
    public var timeout: Int64?

    /// Options that leave all to the defaults.
    public init(
        read: QuorumSize? = nil, write: QuorumSize? = nil, primaryRead: QuorumSize? = nil,
        primaryWrite: QuorumSize? = nil, durableWrite: QuorumSize? = nil, sloppy: Bool = true, timeout: Int64? = nil
    ) {
        self.read = read
        self.write = write
        self.primaryRead = primaryRead
        self.primaryWrite = primaryWrite
        self.durableWrite = durableWrite
        self.sloppy = sloppy
        self.timeout = timeout
    }
}
