/// A table for a terminal: columns as wide as their widest cell, the first one aligned to the left.
struct AlignedTable {
    private var rows: [[String]]

    init(_ header: [String]) {
        rows = [header]
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    var text: String {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension [Double] {
    /// The smallest value that a share of all are not above; not a number where there are none. O(n log n).
    func quantile(_ share: Double) -> Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return sorted[Swift.min(count - 1, Int((share * Double(count)).rounded(.up)) - 1)]
    }

    var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }

    /// The standard error of ``mean``.
    var standardError: Double {
        let mean = mean
        let squares = reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(Swift.max(1, count - 1)) / Double(Swift.max(1, count))).squareRoot()
    }
}

extension Double {
    func rounded(to digits: Int) -> Double {
        var scale = 1.0
        for _ in 0..<digits {
            scale *= 10
        }
        return (self * scale).rounded() / scale
    }
}
