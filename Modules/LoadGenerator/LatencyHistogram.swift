import Histogram

/// Latencies in nanoseconds, to three digits, up to ten minutes; what is longer counts as that.
package struct LatencyHistogram: Sendable {
    /// The histogram itself, by Gil Tene's HdrHistogram.
    package private(set) var values = Histogram<UInt64>(
        lowestDiscernibleValue: 64, highestTrackableValue: Self.limit, numberOfSignificantValueDigits: .three)
    private static let limit: UInt64 = 600_000_000_000

    /// An empty histogram.
    package init() {}

    /// Counts one latency; a negative one counts as 0.
    package mutating func record(nanoseconds: Int64) {
        values.record(min(UInt64(max(nanoseconds, 0)), Self.limit))
    }

    /// Adds another's counts.
    package mutating func add(_ other: LatencyHistogram) {
        values.add(other.values)
    }

    /// The number of latencies.
    package var count: Int { Int(clamping: values.totalCount) }

    /// The numbers that a reader wants; `nil` where there is nothing.
    package var summary: LatencySummary? {
        guard count > 0 else { return nil }
        return LatencySummary(
            p50: percentile(50), p90: percentile(90), p99: percentile(99), p999: percentile(99.9),
            max: microseconds(values.maxRecorded), mean: values.mean / 1000)
    }

    /// The latency that `percent` of all do not exceed, in microseconds.
    package func percentile(_ percent: Double) -> Double {
        microseconds(values.valueAtPercentile(percent))
    }

    /// The distribution as HdrHistogram's own plotter takes it, in milliseconds.
    package var percentileDistribution: String {
        var text = ""
        values.outputPercentileDistribution(to: &text, outputValueUnitScalingRatio: 1_000_000)
        return text
    }

    private func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1000 }
}

/// Latencies in a few numbers, in microseconds.
package struct LatencySummary: Codable, Hashable, Sendable {
    /// The median.
    package let p50: Double
    /// What nine of ten do not exceed.
    package let p90: Double
    /// What 99 of 100 do not exceed.
    package let p99: Double
    /// What 999 of 1,000 do not exceed.
    package let p999: Double
    /// The longest.
    package let max: Double
    /// The mean.
    package let mean: Double
}
