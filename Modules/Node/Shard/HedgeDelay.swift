/// How long a read waits for the holders that it asked before it asks the others: the 95th percentile of what one of them takes.
///
/// The estimate follows one bit of each holder that was asked: whether it answered within the delay. If so the delay shrinks
/// by a 512th, if not it grows by nineteen of them, so it rests where one answer in twenty is late (the stochastic
/// approximation of Robbins and Monro, 1951, in steps that are relative, so that microseconds and seconds are found alike). A
/// tenfold change is followed within some 70 late answers, or 1,200 that are in time.
///
/// Only the answers of those who were asked at first count, and who is late counts as late however soon a hedge brought the
/// read's answer: an estimate from the latencies of reads would be changed by its own hedges. So the share of hedges is what is
/// kept, about one read in ten where a read needs two answers: hedging adds no more than that to the load of a cluster
/// that has become slow.
package struct HedgeDelay: Sendable {
    private static let unit: Int64 = 512
    private static let growth: Int64 = 19
    /// Where the estimate begins, in nanoseconds.
    private static let initial: Int64 = 10_000_000

    private let bounds: ClosedRange<Int64>
    /// In nanoseconds.
    package private(set) var delay: Int64

    /// A delay within these bounds, in nanoseconds; at least 512 of them, below which the steps vanish.
    package init(within bounds: ClosedRange<Int64>) {
        let least = max(bounds.lowerBound, Self.unit)
        self.bounds = least...max(least, min(bounds.upperBound, .max / 64))
        delay = min(max(Self.initial, self.bounds.lowerBound), self.bounds.upperBound)
    }

    /// So many of a read's holders answered before the delay was over, and so many did not.
    package mutating func saw(inTime: Int, late: Int) {
        for _ in 0..<inTime {
            delay = max(delay - delay / Self.unit, bounds.lowerBound)
        }
        for _ in 0..<late {
            delay = min(delay + delay / Self.unit * Self.growth, bounds.upperBound)
        }
    }
}
