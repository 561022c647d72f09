/// What an experiment found beside what was published or planned.
public struct ExperimentReport: Sendable {
    /// What was done, in a line.
    public let title: String
    /// What was found: a table, ready to print.
    public private(set) var lines: [String] = []
    /// What is out of its tolerance; empty where all was reproduced.
    public private(set) var failures: [String] = []

    /// A report without findings.
    package init(_ title: String) {
        self.title = title
    }

    /// Adds a line to read.
    package mutating func say(_ line: String) {
        lines.append(line)
    }

    /// Adds a table; the first row is its head.
    package mutating func table(_ rows: [[String]]) {
        guard let head = rows.first else { return }
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).enumerated().map { index, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + padding : padding + cell.0
            }
            lines.append("  " + cells.joined(separator: "   "))
        }
    }

    /// Notes a failure where something does not hold.
    package mutating func require(_ holds: Bool, _ failure: @autoclosure () -> String) {
        if !holds {
            failures.append(failure())
        }
    }

    /// Notes a failure where a figure is further than the tolerance from the expected one, of which only so many digits behind
    /// the point are known.
    package mutating func require(
        _ name: String, _ value: Double, near expected: Double, within tolerance: Double, digits: Int
    ) {
        let rounding = (0..<digits).reduce(0.5) { half, _ in half / 10 }
        require(
            abs(value - expected) <= expected * tolerance + rounding,
            "\(name): \(Self.text(value, digits + 1)) is not within \(Self.text(tolerance * 100, 0)) % of \(expected)")
    }

    /// Everything as text, with the verdict at the end.
    public var text: String {
        let verdict = failures.isEmpty ? ["reproduced"] : failures.map { "NOT reproduced: \($0)" }
        return ([title] + lines + verdict).joined(separator: "\n")
    }

    /// A number with a fixed count of digits behind the point.
    package static func text(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
        let rounded = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && rounded > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(rounded)" }
        let fraction = String(rounded % scale)
        return "\(sign)\(rounded / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
