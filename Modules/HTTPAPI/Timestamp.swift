/// A wall time as HTTP and JSON write it.
///
/// By arithmetic of its own: the civil calendar from a number of days, after Howard Hinnant's "chrono-compatible
/// low-level date algorithms", without the cost of a formatter for each answer.
struct Timestamp {
    private let year: UInt64
    private let month: UInt64
    private let day: UInt64
    private let secondOfDay: UInt64
    private let millisecond: UInt64
    /// 0 for Thursday, the day on which 1970 began.
    private let weekday: UInt64

    /// The time of so many wall milliseconds since 1970, in the calendar without leap seconds.
    init(milliseconds: UInt64) {
        millisecond = milliseconds % 1000
        let seconds = milliseconds / 1000
        secondOfDay = seconds % 86_400
        weekday = seconds / 86_400 % 7
        // Days since the first of March of the year 0, so that a leap day is the last of its year.
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    /// As in RFC 3339, in UTC: `2025-11-22T18:37:00.123Z`.
    var rfc3339: String {
        let (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
            + "T\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2)).\(padded(millisecond, 3))Z"
    }

    /// As in an HTTP field, in GMT: `Sat, 22 Nov 2025 18:37:00 GMT` (RFC 9110, section 5.6.7).
    var httpDate: String {
        let (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
        return "\(Self.weekdays[Int(weekday)]), \(padded(day, 2)) \(Self.months[Int(month) - 1]) \(padded(year, 4)) "
            + "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2)) GMT"
    }

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
