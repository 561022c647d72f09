import ArgumentParser
import Foundation
import LoadGenerator
import Logging
import Testing

@testable import toystore_bench

@Suite("A cluster of its own")
struct OwnClusterTests {
    @Test(
        "A short load on three nodes gives figures and a histogram, and leaves nothing behind", .timeLimit(.minutes(2)))
    func endToEnd() async throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(
            "toystore-bench-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let histogram = place.appendingPathComponent("latency.hgrm")
        let command = try LoadCommand.parse([
            "--duration", "1s", "--warmup", "100ms", "--keys", "300", "--durability", "none", "--data-dir", place.path,
            "--connections", "6", "--in-flight", "4", "--histogram", histogram.path,
        ])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let cluster = try await OwnCluster.start(command.nodes, valueByteCount: 100, logger: logger)
        let report = try await command.measure(cluster, logger: logger)
        await cluster.stop()

        #expect(report.operations.map(\.name) == ["put", "get"])
        for operation in report.operations {
            #expect(operation.operations > 0 && operation.perSecond > 0, "\(operation.name)")
            #expect(operation.failures.isEmpty, "\(operation.failures)")
        }
        #expect(report.absent == 0 && report.unwrittenKeys == 0 && report.unsent == 0)
        #expect(report.cpuSeconds > 0 && report.nodesInProcess)
        #expect(report.text.contains("3 in this process"))
        let again = try JSONDecoder().decode(LoadReport.self, from: Data(report.json.utf8))
        #expect(again.operations.map(\.operations) == report.operations.map(\.operations))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: place.path).sorted() == [
                "latency.get.hgrm", "latency.put.hgrm",
            ])
        let text = try String(contentsOf: place.appendingPathComponent("latency.put.hgrm"), encoding: .utf8)
        #expect(text.contains("1/(1-Percentile)") && text.contains("#[Mean"))
    }
}
