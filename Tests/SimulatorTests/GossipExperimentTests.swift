import Gossip
import Testing

@testable import Simulator

@Suite struct GossipExperimentTests {
    /// The cell of the grid in which most goes wrong within a second of a test.
    private static let bad = LifeguardExperiment.Cell(concurrency: 4, duration: 16_384, interval: 1, repetition: 0)

    @Test func `members that stand still condemn the healthy, and with Lifeguard they do not`() {
        let experiment = LifeguardExperiment(isFull: false, seed: 7)
        let plain = experiment.run(Self.bad, .swim)
        let lifeguard = experiment.run(Self.bad, .lifeguard)
        #expect(plain.falseVerdicts > 10)
        #expect(lifeguard.falseVerdicts == 0)
    }

    @Test func `a run is replayed from its seed`() {
        let cell = LifeguardExperiment.Cell(concurrency: 2, duration: 32_768, interval: 64, repetition: 3)
        let tallies = (0..<2).map { _ in LifeguardExperiment(isFull: false, seed: 11).run(cell, .buddy) }
        #expect(tallies[0] == tallies[1])
    }

    @Test func `who reads slowly has not read the contradiction in time, even between short blocks`() {
        let cell = LifeguardExperiment.Cell(concurrency: 2, duration: 1024, interval: 1, repetition: 0)
        let counts = [Duration.zero, .microseconds(200)].map { readingTime in
            LifeguardExperiment(isFull: false, seed: 7, readingTime: readingTime).run(cell, .swim).falseVerdicts
        }
        #expect(counts[0] == 0 && counts[1] > 10, "\(counts)")
    }

    @Test func `a failure is met as early as in the paper, by some and by all`() {
        let cell = LifeguardExperiment.Cell(concurrency: 3, duration: 32_768, interval: nil, repetition: 0)
        let tally = LifeguardExperiment(isFull: false, seed: 3).run(cell, .lifeguard)
        #expect(tally.detections.count == 3 && tally.disseminations.count == 3)
        #expect(zip(tally.detections, tally.disseminations).allSatisfy { $0 <= $1 })
        #expect(tally.detections.allSatisfy { (10.5...20).contains($0) })
    }

    @Test func `the sample is of at least 200 runs, and the grid of 6,480`() {
        let sample = LifeguardExperiment(isFull: false).cells.filter { $0.interval != nil }
        #expect(sample.count >= 200)
        for concurrency in LifeguardExperiment.concurrencies {
            for duration in LifeguardExperiment.durations {
                #expect(sample.contains { $0.concurrency == concurrency && $0.duration == duration })
            }
        }
        #expect(LifeguardExperiment(isFull: true).cells.count { $0.interval != nil } == 6480)
        // Each under every variant, in any order.
        let experiment = LifeguardExperiment(isFull: false)
        for row in LifeguardVariant.allCases.indices {
            #expect(experiment.runs.count { $0.row == row } == experiment.cells.count)
        }
    }

    @Test func `a report without a single run is outside the tolerance`() {
        let nothing = LifeguardReport(LifeguardVariant.allCases.map { _ in LifeguardExperiment.Tally() })
        #expect(nothing.flaws.contains { $0.contains("median") })
        #expect(nothing.flaws.contains { $0.contains("no false verdicts") })
    }

    @Test func `the report holds Lifeguard to its shares of SWIM's false verdicts`() {
        func flaws(_ falseVerdicts: [Int], _ atHealthy: [Int]) -> [String] {
            var tallies = LifeguardVariant.allCases.map { _ in LifeguardExperiment.Tally() }
            for row in tallies.indices {
                tallies[row].falseVerdicts = falseVerdicts[row]
                tallies[row].falseVerdictsAtHealthy = atHealthy[row]
                tallies[row].detections = [12.4]
                tallies[row].disseminations = [12.9]
            }
            return LifeguardReport(tallies).flaws
        }
        #expect(flaws([1000, 700, 40, 900, 20], [100, 30, 9, 40, 4]) == [])
        #expect(flaws([1000, 700, 40, 900, 31], [100, 30, 9, 40, 4]).count == 1)
        #expect(flaws([1000, 700, 40, 900, 20], [100, 30, 9, 40, 6]).count == 1)
        #expect(flaws([1000, 700, 40, 1200, 20], [100, 30, 9, 40, 4]).count == 1)
    }

    @Test func `SWIM's claims hold in groups of 10 and of 30`() {
        let report = SwimReport(SwimExperiment(seed: 5), sizes: [10, 30], samples: 1000, crashes: 1)
        #expect(report.flaws == [])
        #expect(abs(SwimReport.expectedDetection(2000) - 1.582) < 0.001)
    }

    @Test func `a table is aligned, and quantiles are values that were met`() {
        var table = AlignedTable(["", "ab"])
        table.add(["row", "1"])
        #expect(table.text == "     ab\nrow   1")
        #expect([3.0, 1, 2].quantile(0.5) == 2)
        #expect([3.0, 1, 2].quantile(0.999) == 3)
        #expect([Double]().quantile(0.5).isNaN)
    }
}
