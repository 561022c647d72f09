import Foundation
import Testing

@testable import Simulator

@Suite struct DocumentationTests {
    @Test func `the page of rules and faults names each of them`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Modules/Simulator/Simulator.docc/RulesAndFaults.md"), encoding: .utf8)
        for name in Invariant.allCases.map(\.rawValue) + FaultKind.allCases.map(\.rawValue) {
            #expect(page.contains("\n| `\(name)` | "), "\(name)")
        }
    }
}
