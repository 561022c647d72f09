public import Coordinator
import Machine

extension RequestOptions {
    /// Options with a time from the request to its answer, whatever that is. A node takes a millisecond to a minute, and
    /// lengthens or shortens what is outside.
    public init(
        read: QuorumSize? = nil, write: QuorumSize? = nil, primaryRead: QuorumSize? = nil,
        primaryWrite: QuorumSize? = nil, durableWrite: QuorumSize? = nil, sloppy: Bool = true, timeout: Duration
    ) {
        self.init(
            read: read, write: write, primaryRead: primaryRead, primaryWrite: primaryWrite, durableWrite: durableWrite,
            sloppy: sloppy, timeout: timeout.nanoseconds)
    }
}
