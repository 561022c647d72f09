import Machine

/// How long to wait before the next attempt: twice as long after each failure, up to a limit, and half of it random, so
/// that those who lost the same peer do not come back at once (Brooker, "Exponential Backoff and Jitter", 2015).
struct Backoff {
    private let base: Int64
    private let limit: Int64
    private var failures = 0

    init(base: Duration, limit: Duration) {
        self.base = max(1, base.nanoseconds)
        self.limit = max(self.base, limit.nanoseconds)
    }

    /// Counts one more failure and returns the wait: from half of `min(limit, base·2ⁿ)` to the whole.
    mutating func nextDelay(from generator: inout SeededGenerator) -> Duration {
        let doubled = base.multipliedReportingOverflow(by: 1 << Int64(min(failures, 32)))
        let whole = doubled.overflow ? limit : min(limit, doubled.partialValue)
        failures += 1
        let half = UInt64(whole / 2)
        return .nanoseconds(whole - Int64(generator.below(half + 1)))
    }

    /// Whether nothing has failed since the beginning.
    var isFresh: Bool { failures == 0 }

    /// Begins again: the peer was reached.
    mutating func reset() {
        failures = 0
    }
}
