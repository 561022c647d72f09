public import Coordinator

extension RequestOptions {
    /// Options with a time from the request to its answer, whatever that is. A node takes a millisecond to a minute, and
    /// lengthens or shortens what is outside.
    public init(
        read: QuorumSize? = nil, write: QuorumSize? = nil, primaryRead: QuorumSize? = nil,
        primaryWrite: QuorumSize? = nil, durableWrite: QuorumSize? = nil, sloppy: Bool = true, timeout: Duration
    ) {
        self.init(
            read: read, write: write, primaryRead: primaryRead, primaryWrite: primaryWrite, durableWrite: durableWrite,
            sloppy: sloppy, timeout: timeout.nanosecondCount)
    }
}

extension Duration {
    /// The duration in nanoseconds, the largest number for what is longer.
    var nanosecondCount: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }
}
