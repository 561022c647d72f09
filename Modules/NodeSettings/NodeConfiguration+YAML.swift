import Coordinator

extension NodeConfiguration {
    /// The configuration as a file that loads as the same configuration again, every setting on its line in the order
    /// of ``Setting``. What is left to the cluster stands in a comment.
    public var yaml: String {
        var lines = [String]()
        for setting in Setting.allCases where setting != .config && setting.unavailability == nil {
            if setting.isRepeatable {
                lines += seeds.isEmpty ? ["\(setting.key): []"] : ["\(setting.key):"]
                lines += seeds.map { "  - \(Self.quoted($0.description))" }
            } else if let text = text(of: setting) {
                lines.append("\(setting.key): \(Self.quoted(text))")
            } else {
                lines.append("# \(setting.key): \(setting.defaultText ?? "")")
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The text that a flag would give, or `nil` where that is nothing.
    private func text(of setting: Setting) -> String? {
        switch setting {
        case .host: host
        case .advertise: advertisedHost
        case .port: String(port)
        case .httpPort: String(httpPort ?? 0)
        case .respPort: String(respPort ?? 0)
        case .name: name
        case .zone: zone
        case .weight: String(weight)
        case .cluster: cluster
        case .partitions: partitions.map { String($0) }
        case .replicas: replicas.map { String($0) }
        case .evictAfter: evictAfter.map(SettingText.describe) ?? "off"
        case .dataDirectory: dataDirectory
        case .engine: engine.rawValue
        case .durability: durability.rawValue
        case .hintLimit: String(hintLimit)
        case .read: read.description
        case .write: write.description
        case .hedging: hedging.rawValue
        case .timeout: SettingText.describe(timeout)
        case .maxValueSize: SettingText.describe(byteCount: maxValueSize)
        case .logLevel: logLevel.rawValue
        case .logFormat: logFormat.rawValue
        case .seed, .tlsCertificate, .tlsKey, .tlsAuthority, .gossipKey, .auth, .config: nil
        }
    }

    /// Words that some readers of YAML take for something else than text.
    private static let reservedWords = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

    /// A scalar that every reader of YAML takes for the same text or number.
    private static func quoted(_ text: String) -> String {
        let isNumber = SettingText.integer(text, in: 0...Int.max) != nil
        let isWord =
            text.unicodeScalars.first?.properties.isAlphabetic == true
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "/"):
                    true
                default: false
                }
            } && !reservedWords.contains(text.lowercased())
        guard !isNumber, !isWord else { return text }
        let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        return "\"\(escaped)\""
    }
}
