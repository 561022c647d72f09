/// A clock that follows wall time, never goes back, and is ahead of every timestamp that it has observed.
///
/// A peer whose clock is wrong could drag everybody's along (scylladb#7082: skew lost a third of the acknowledged
/// inserts under last-write-wins). So the clock follows nobody further than a bound ahead of its own wall time, and says
/// that it did not.
public struct HybridLogicalClock: Sendable {
    /// What came of a timestamp from elsewhere.
    @frozen
    public enum Observation: Hashable, Sendable {
        /// Every later timestamp of this clock is greater.
        case followed
        /// It was this many milliseconds ahead of the wall time here, which is beyond the bound: not followed. Either
        /// clock may be the wrong one.
        case refused(lead: UInt64)
    }

    /// The bound on how far ahead of the wall time the clock follows others, in milliseconds.
    public let maximumLead: UInt64

    /// The last timestamp that was given or followed.
    public private(set) var last: HybridTimestamp

    /// A clock that follows others up to `maximumLead` milliseconds ahead of the wall, and gives nothing up to `last`.
    public init(maximumLead: UInt64 = 10_000, after last: HybridTimestamp = .zero) {
        self.maximumLead = maximumLead
        self.last = last
    }

    /// A timestamp greater than all before, at the wall time in milliseconds since 1970 or as little beyond it as that
    /// takes.
    ///
    /// More than 65,536 in a millisecond borrow from the next. Only at the end of time, in the year 10889, does the clock
    /// stand still.
    public mutating func now(wall: UInt64) -> HybridTimestamp {
        let next = last.rawValue == .max ? last : HybridTimestamp(rawValue: last.rawValue + 1)
        last = max(next, HybridTimestamp(milliseconds: wall))
        return last
    }

    /// Takes note of a timestamp from elsewhere, at the wall time in milliseconds since 1970.
    @discardableResult
    public mutating func observe(_ timestamp: HybridTimestamp, wall: UInt64) -> Observation {
        let lead = timestamp.milliseconds > wall ? timestamp.milliseconds - wall : 0
        guard lead <= maximumLead else { return .refused(lead: lead) }
        last = max(last, timestamp)
        return .followed
    }

    /// By how many milliseconds the clock is ahead of the wall: what remains after the wall was set back.
    public func lead(wall: UInt64) -> UInt64 {
        last.milliseconds > wall ? last.milliseconds - wall : 0
    }
}
