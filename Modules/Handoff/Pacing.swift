import Machine

/// How long to wait after failures: doubled each time, up to a limit.
public struct BackoffConfiguration: Sendable {
    /// The wait after the first failure.
    public var base: Duration
    /// The longest wait.
    public var limit: Duration

    /// Waits between `base` and `limit`.
    public init(base: Duration = .milliseconds(200), limit: Duration = .seconds(30)) {
        self.base = base
        self.limit = limit
    }
}

/// The failures of one piece of work in a row.
struct Backoff: Sendable {
    private(set) var failures: UInt64 = 0

    /// When to try again after one more failure: between half and the whole of the doubled wait, at random, so that those
    /// who failed together do not come back together.
    mutating func fail(
        at now: Instant, _ configuration: BackoffConfiguration, using generator: inout SeededGenerator
    ) -> Instant {
        let base = max(1, configuration.base.nanoseconds)
        let limit = max(base, configuration.limit.nanoseconds)
        let doublings = min(failures, 32)
        let wait = min(limit, base > limit >> doublings ? limit : base << doublings)
        failures += 1
        return now.advanced(byNanoseconds: wait / 2 + Int64(generator.below(UInt64(wait - wait / 2) + 1)))
    }

    mutating func reset() {
        failures = 0
    }
}

/// Holds a stream of bytes to a rate: after each batch the next waits until the batch has been paid for.
struct Throttle: Sendable {
    let bytesPerSecond: UInt64?
    private(set) var readyAt = Instant.zero

    init(bytesPerSecond: UInt64?) {
        self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
    }

    mutating func charge(_ byteCount: Int, at now: Instant) {
        guard let bytesPerSecond else { return }
        let (high, low) = UInt64(clamping: byteCount).multipliedFullWidth(by: 1_000_000_000)
        let cost = high < bytesPerSecond ? bytesPerSecond.dividingFullWidth((high, low)).quotient : .max
        readyAt = max(readyAt, now).advanced(byNanoseconds: Int64(clamping: cost))
    }
}

/// Bytes per second, smoothed over some ten seconds.
struct RateMeter: Sendable {
    private static let memory = 10.0

    private(set) var bytesPerSecond = 0.0
    private var pending = 0.0
    private var last: Instant?

    mutating func count(_ byteCount: Int, at now: Instant) {
        guard let last else {
            self.last = now
            return
        }
        pending += Double(byteCount)
        let elapsed = Double(last.nanoseconds(to: now)) / 1e9
        // Batches that arrive together are one measurement.
        guard elapsed >= 0.05 else { return }
        let weight = elapsed / (elapsed + Self.memory)
        let rate = pending / elapsed
        bytesPerSecond = bytesPerSecond == 0 ? rate : bytesPerSecond + weight * (rate - bytesPerSecond)
        pending = 0
        self.last = now
    }
}
