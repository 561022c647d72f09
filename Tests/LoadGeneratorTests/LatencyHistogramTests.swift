import LoadGenerator
import Machine
import Testing

@Suite("Latencies")
struct LatencyHistogramTests {
    @Test("Percentiles are those of the sorted list, to three digits", arguments: [UInt64(1), 2, 3, 4])
    func oracle(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var histogram = LatencyHistogram()
        var list: [Int64] = []
        for _ in 0..<5000 {
            // From 2¹⁰ ns to 2³³ ns, each power of two as likely.
            let nanoseconds = Int64(generator.below(1 << (10 + generator.below(24)))) + 1024
            histogram.record(nanoseconds: nanoseconds)
            list.append(nanoseconds)
        }
        list.sort()
        for permille in [10, 100, 500, 900, 990, 999, 1000] {
            let percent = Double(permille) / 10
            let rank = (permille * list.count + 999) / 1000
            let exact = Double(list[rank - 1]) / 1000
            let measured = histogram.percentile(percent)
            // A bucket's width: a thousandth, and 64 ns where that is more.
            #expect(abs(measured - exact) <= max(exact / 1000, 0.064), "seed \(seed), p\(percent)")
        }
        #expect(histogram.count == list.count)
        #expect(histogram.summary?.max == Double(list[list.count - 1]) / 1000)
    }

    @Test("Two histograms added are one of all values")
    func adding() {
        var generator = SeededGenerator(seed: 5)
        var (left, right, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for number in 0..<2000 {
            let value = Int64(generator.below(1 << 30))
            both.record(nanoseconds: value)
            if number % 3 == 0 {
                left.record(nanoseconds: value)
            } else {
                right.record(nanoseconds: value)
            }
        }
        left.add(right)
        #expect(left.summary == both.summary)
        #expect(left.percentileDistribution == both.percentileDistribution)
    }

    @Test("Nothing has no summary, and what is out of range counts at its edge")
    func edges() {
        var histogram = LatencyHistogram()
        #expect(histogram.summary == nil)
        histogram.record(nanoseconds: -5)
        histogram.record(nanoseconds: .max)
        #expect(histogram.count == 2)
        #expect(histogram.percentile(1) < 1)
        #expect(histogram.summary?.max == 600_000_000)
    }
}
