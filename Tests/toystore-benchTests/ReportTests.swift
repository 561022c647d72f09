import ArgumentParser
import Foundation
import LoadGenerator
import Testing

@testable import toystore_bench

@Suite("What is printed")
struct ReportTests {
    @Test("Numbers are grouped, rounded, and in the unit that suits them")
    func figures() {
        #expect([0, 999, 1000, 1_234_567, -1000].map(Figure.grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(Figure.fixed(1234.567, digits: 1) == "1,234.6")
        #expect(Figure.fixed(0.05, digits: 2) == "0.05")
        #expect(Figure.fixed(-0.001, digits: 1) == "0.0")
        #expect(Figure.fixed(999.9, digits: 0) == "1,000")
        #expect(Figure.fixed(.infinity, digits: 1) == "–")
        let latencies: [(Double, String)] = [
            (0.5, "0.50 µs"), (9.99, "9.99 µs"), (87.25, "87.3 µs"), (870, "870 µs"), (999.7, "1.00 ms"),
            (12_340, "12.3 ms"), (123_400, "123 ms"), (3_100_000, "3.10 s"),
        ]
        for (microseconds, text) in latencies {
            #expect(Figure.latency(microseconds) == text)
        }
    }

    @Test("Columns stand under each other")
    func table() {
        #expect(Figure.table([["", "a", "bb"], ["put", "1,000", "µ"]]) == "         a  bb\nput  1,000   µ\n")
    }

    @Test("The progress line says what the last second brought")
    func progress() {
        let nothing = LoadProgress()
        #expect(
            ProgressLine.line("measuring", seconds: 3, nothing, since: nothing)
                == "measuring, 3 s: 0 a second, 0 in flight")
    }

    @Test("The processor's name is found where there is one")
    func processor() {
        #expect(MachineDescription.model(in: "processor\t: 0\nmodel name\t: A: B\nmodel name\t: C\n") == "A: B")
        #expect(MachineDescription.model(in: "") == "unknown")
    }

    @Test("The ring's figures are there for each size, as text and as JSON")
    func ring() throws {
        let command = try RingCommand.parse(["--members", "1", "--members", "5", "--millions", "1"])
        let report = RingReport(
            partitions: 16, machine: MachineDescription(cores: 2, model: "m"),
            rows: [RingReport.Row(members: 1234, tokenNanoseconds: 5.04, keyNanoseconds: 40, buildMilliseconds: 13)])
        #expect(command.memberCounts == [1, 5])
        #expect(
            report.text == """
                members  token → owners  key → owners    build
                1,234            5.0 ns       40.0 ns  13.0 ms

                partitions: 16
                machine: 2 cores, m

                """)
        #expect(try JSONDecoder().decode(RingReport.self, from: Data(report.json.utf8)).rows[0].members == 1234)
    }
}
