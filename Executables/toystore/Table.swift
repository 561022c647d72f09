/// Rows of text in columns, two blanks apart.
struct Table {
    /// Where a column's text stands.
    enum Alignment {
        case left, right
    }

    private let columns: [Alignment]
    private var rows: [[String]] = []

    init(columns: [Alignment]) {
        self.columns = columns
    }

    /// Adds a row with a text for each column.
    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    /// The rows, each on a line.
    func text(indent: Int = 0) -> String {
        let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = columns.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return columns[column] == .left ? row[column] + padding : padding + row[column]
            }
            let line = cells.joined(separator: "  ")
            let end = line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex
            return String(repeating: " ", count: indent) + line[..<end] + "\n"
        }.joined()
    }
}
