/// Numbers as people read them.
enum Quantity {
    /// With a blank between thousands.
    static func count(_ number: UInt64) -> String {
        var digits = String(number)[...]
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.append(digits.suffix(3))
            digits = digits.dropLast(3)
        }
        return ([digits] + groups.reversed()).joined(separator: " ")
    }

    /// In the largest unit of 1024 that leaves at least one: `512 B`, `1.5 KiB`.
    static func bytes(_ number: UInt64) -> String {
        guard number >= 1024 else { return "\(number) B" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = Double(number) / 1024
        var unit = 0
        // What would round up to 1024 is one of the next.
        while value >= 1023.95, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(decimal(value, digits: 1)) \(units[unit])"
    }

    /// In the two largest units: `45 s`, `3 m 20 s`, `2 h 5 m`.
    static func seconds(_ seconds: Double) -> String {
        let whole = UInt64(max(0, min(seconds.isFinite ? seconds.rounded(.up) : 0, 1e9)))
        return switch whole {
        case 0..<60: "\(whole) s"
        case 60..<3600: "\(whole / 60) m \(whole % 60) s"
        case 3600..<86_400: "\(whole / 3600) h \(whole / 60 % 60) m"
        default: "\(whole / 86_400) d \(whole / 3600 % 24) h"
        }
    }

    /// A number that is not negative, with so many digits behind the point.
    static func decimal(_ value: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
        let scaled = UInt64(max(0, min(value.isFinite ? value : 0, 1e12)) * Double(scale) + 0.5)
        guard digits > 0 else { return String(scaled) }
        let fraction = String(scaled % UInt64(scale))
        return "\(scaled / UInt64(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
