import Coordinator

/// How the text of a setting becomes a value, and the words for what is allowed.
struct SettingFormat<Value>: Sendable {
    /// Completes "is not allowed:".
    let allowed: String
    /// The value, or `nil` where the text is not allowed.
    let parse: @Sendable (String) -> Value?
}

extension SettingFormat<Int> {
    /// A whole number within limits.
    static func integer(in limits: ClosedRange<Int>) -> SettingFormat {
        SettingFormat(allowed: "a number from \(limits.lowerBound) to \(limits.upperBound)") {
            SettingText.integer($0, in: limits)
        }
    }

    /// A power of two within limits.
    static func powerOfTwo(in limits: ClosedRange<Int>) -> SettingFormat {
        SettingFormat(allowed: "a power of two from \(limits.lowerBound) to \(limits.upperBound)") { text in
            SettingText.integer(text, in: limits).flatMap { $0.nonzeroBitCount == 1 ? $0 : nil }
        }
    }

    /// A number of bytes within limits.
    static func byteCount(in limits: ClosedRange<Int>) -> SettingFormat {
        let (least, most) = (
            SettingText.describe(byteCount: limits.lowerBound), SettingText.describe(byteCount: limits.upperBound)
        )
        return SettingFormat(allowed: "\(least) to \(most), in bytes or with KiB, MiB or GiB") { text in
            SettingText.byteCount(text).flatMap { limits.contains($0) ? $0 : nil }
        }
    }
}

extension SettingFormat<Duration> {
    /// A time within limits.
    static func duration(in limits: ClosedRange<Duration>) -> SettingFormat {
        let (least, most) = (SettingText.describe(limits.lowerBound), SettingText.describe(limits.upperBound))
        return SettingFormat(allowed: "\(least) to \(most), with ms, s, m, h or d, or in milliseconds") { text in
            SettingText.duration(text).flatMap { limits.contains($0) ? $0 : nil }
        }
    }
}

extension SettingFormat<Duration?> {
    /// A time within limits, or `off`.
    static func durationOrOff(in limits: ClosedRange<Duration>) -> SettingFormat {
        let duration = SettingFormat<Duration>.duration(in: limits)
        return SettingFormat(allowed: "off, or \(duration.allowed)") { text in
            text == "off" ? .some(nil) : duration.parse(text).map { .some($0) }
        }
    }
}

extension SettingFormat<String> {
    /// A name or an address to bind.
    static let host = SettingFormat(
        allowed: "a name or an address of 1 to 255 bytes, without brackets and port",
        parse: { SettingText.isHost($0) ? $0 : nil })

    /// A name of at most 64 bytes; the line that says `ready` is split at spaces, so there are none in it.
    static func name(least: Int, limit: Int) -> SettingFormat {
        SettingFormat(allowed: "\(least) to \(limit) bytes without spaces and control characters") { text in
            let isAllowed =
                (least...limit).contains(text.utf8.count) && SettingText.isPrintable(text)
                && !text.contains(where: \.isWhitespace)
            return isAllowed ? text : nil
        }
    }

    /// A path.
    static let path = SettingFormat(
        allowed: "a path of 1 to 4096 bytes without control characters",
        parse: { (1...4_096).contains($0.utf8.count) && SettingText.isPrintable($0) ? $0 : nil })
}

extension SettingFormat<SeedAddress> {
    /// A member to join.
    static let seed = SettingFormat(
        allowed: "HOST, HOST:PORT or [IPV6]:PORT, with a port from 1 to 65535", parse: { SeedAddress($0) })
}

extension SettingFormat<QuorumSize> {
    /// How many replicas a request waits for.
    static let quorum = SettingFormat(
        allowed: "quorum, all, one, or a number from 1 to \(QuorumSize.limit)",
        parse: { text in
            switch text {
            case "quorum", "all", "one": QuorumSize(text)
            default: SettingText.integer(text, in: 1...QuorumSize.limit).map { .count($0) }
            }
        })
}

extension SettingFormat where Value: CaseIterable & RawRepresentable<String> & SendableMetatype {
    /// One of the words of an enumeration.
    static var choice: SettingFormat {
        SettingFormat(
            allowed: Value.allCases.map(\.rawValue).joined(separator: ", "), parse: { Value(rawValue: $0) })
    }
}
