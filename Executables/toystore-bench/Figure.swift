/// Numbers as people read them.
enum Figure {
    /// `1,234,567`.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number.magnitude).reversed().enumerated() {
            if place > 0, place % 3 == 0 {
                text.append(",")
            }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }

    /// A number with so many digits behind the point.
    static func fixed(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
        let rounded = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && rounded > 0 ? "-" : ""
        guard digits > 0 else { return sign + grouped(rounded) }
        let fraction = String(rounded % scale)
        return sign + grouped(rounded / scale) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// A latency in microseconds with the unit that suits it, in three digits: `870 µs`, `1.25 ms`, `3.10 s`.
    static func latency(_ microseconds: Double) -> String {
        let (value, unit) =
            switch microseconds {
            case ..<999.5: (microseconds, "µs")
            case ..<999_500: (microseconds / 1000, "ms")
            default: (microseconds / 1_000_000, "s")
            }
        return fixed(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + unit
    }

    /// Columns, the first to the left and the rest to the right, two spaces apart.
    static func table(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ") + "\n"
        }.joined()
    }
}
