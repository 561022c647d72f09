/// Values as people write them, read strictly: one way to write each number, so that nothing is guessed.
enum SettingText {
    /// A whole number in plain decimal: no sign, no leading zero (which other readers of YAML take for octal), no `_`.
    static func integer(_ text: String, in limits: ClosedRange<Int>) -> Int? {
        guard let value = Int(text), String(value) == text, limits.contains(value) else { return nil }
        return value
    }

    /// Whether it is a host name or an address: letters, digits and `.-_`, or with two colons and more an IPv6 address.
    /// A single colon would be a port that has no business there.
    static func isHost(_ text: String) -> Bool {
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        return (1...255).contains(text.utf8.count) && colons != 1
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
                case ":", "%": colons > 1
                default: false
                }
            }
    }

    /// Whether every character can be seen, and written to a file and read again: no control, format or unassigned
    /// ones.
    static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
            default: true
            }
        }
    }

    // MARK: - Sizes and durations

    private static let sizeUnits = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    private static let durationUnits = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]

    /// Bytes: a number, alone or with KiB, MiB or GiB.
    static func byteCount(_ text: String) -> Int? {
        scaled(text, units: sizeUnits + [("", 1)])
    }

    /// A time: a number with ms, s, m, h or d; alone it is milliseconds, as in HTTP's `?timeout=`.
    static func duration(_ text: String) -> Duration? {
        scaled(text, units: durationUnits + [("", 1)]).map { .milliseconds($0) }
    }

    /// A size in the largest unit that holds it exactly.
    static func describe(byteCount: Int) -> String {
        describe(byteCount, units: sizeUnits + [("", 1)])
    }

    /// A time in the largest unit that holds it exactly; all that is set is whole milliseconds.
    static func describe(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return describe(Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000), units: durationUnits)
    }

    private static func scaled(_ text: String, units: [(suffix: String, factor: Int)]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text[digits.endIndex...]
        guard let unit = units.first(where: { $0.suffix == suffix }),
            let number = integer(String(digits), in: 0...Int.max)
        else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: unit.factor)
        return overflows ? nil : product
    }

    private static func describe(_ value: Int, units: [(suffix: String, factor: Int)]) -> String {
        let unit = units.first { value >= $0.factor && value.isMultiple(of: $0.factor) }
        return unit.map { "\(value / $0.factor)\($0.suffix)" } ?? "0"
    }
}
