import ArgumentParser
import Coordinator

/// What the texts of arguments mean.
enum Parse {
    /// A number of replicas.
    static func quorum(_ text: String) throws -> QuorumSize {
        guard let size = QuorumSize(text) else {
            throw ValidationError("“\(text)” is no number of replicas: give 1 to 16, one, quorum or all.")
        }
        return size
    }

    /// A time in which to answer; a number alone is milliseconds, as in HTTP's `?timeout=`.
    static func timeout(_ text: String) throws -> Duration {
        guard let timeout = duration(text, defaultUnit: 1), timeout >= .milliseconds(1), timeout <= .seconds(60)
        else {
            throw ValidationError("“\(text)” is no timeout: give 1ms to 1m, with ms, s or m, or in milliseconds.")
        }
        return timeout
    }

    /// A time to live; a number alone is seconds, as in HTTP's `?ttl=`.
    static func timeToLive(_ text: String) throws -> Duration {
        guard let time = duration(text, defaultUnit: 1000), time >= .milliseconds(1) else {
            throw ValidationError("“\(text)” is no time to live: give a number with ms, s, m, h or d, or of seconds.")
        }
        return time
    }

    /// A whole number with a unit; without one it counts so many milliseconds each.
    private static func duration(_ text: String, defaultUnit: Int64) -> Duration? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let units: [Substring: Int64] = [
            "": defaultUnit, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
        ]
        guard let number = Int64(digits), let unit = units[text.dropFirst(digits.count)] else { return nil }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : .milliseconds(milliseconds)
    }
}
