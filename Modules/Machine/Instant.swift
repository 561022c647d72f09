/// A point on a monotonic clock, in nanoseconds since an origin that only the shell knows.
///
/// Instants of two processes, or of two starts of one process, cannot be compared. Wall time is data and has other types.
@frozen
public struct Instant: InstantProtocol, Sendable {
    /// Nanoseconds since the clock's origin.
    public let nanoseconds: Int64

    /// The origin of the clock.
    public static let zero = Instant(nanoseconds: 0)

    /// Later than any instant that a clock reaches (292 years).
    public static let distantFuture = Instant(nanoseconds: .max)

    /// An instant `nanoseconds` after the clock's origin.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant `duration` later, saturating at ``distantFuture`` and at its opposite.
    @inlinable
    public func advanced(by duration: Duration) -> Instant {
        advanced(byNanoseconds: duration.nanoseconds)
    }

    /// The instant `nanoseconds` later, saturating at ``distantFuture``; cheaper than by a `Duration`.
    @inlinable
    public func advanced(byNanoseconds delta: Int64) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        return Instant(nanoseconds: overflow ? (delta > 0 ? .max : .min) : sum)
    }

    /// The time from this instant to `other`, negative where that is earlier, saturating at ±292 years.
    @inlinable
    public func duration(to other: Instant) -> Duration {
        .nanoseconds(nanoseconds(to: other))
    }

    /// The time from this instant to `other` in nanoseconds, saturating.
    @inlinable
    public func nanoseconds(to other: Instant) -> Int64 {
        let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return overflow ? (other.nanoseconds > nanoseconds ? .max : .min) : difference
    }

    /// Whether the first instant is the earlier one.
    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// The duration in whole nanoseconds, saturating at ±292 years.
    @inlinable
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds > 0 ? .max : .min) : sum
    }
}

extension Instant: CustomStringConvertible {
    /// Seconds with milliseconds, as `12.345s`.
    public var description: String {
        let milliseconds = nanoseconds / 1_000_000
        let fraction = String(milliseconds.magnitude % 1000)
        let padding = String(repeating: "0", count: 3 - fraction.count)
        return "\(milliseconds < 0 ? "-" : "")\(milliseconds.magnitude / 1000).\(padding)\(fraction)s"
    }
}
