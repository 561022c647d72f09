public import RPC

extension RPCEndpoint {
    /// The port of a node that is not told another.
    public static let standardPort = 7400

    /// The endpoint that people write as `host`, `host:port`, `[address]:port` or a bare IPv6 address; `nil` for what is
    /// none of these. Without a port it is ``standardPort``.
    public init?(_ text: String) {
        var host = text[...]
        var port = Self.standardPort
        func isPort(_ digits: Substring) -> Bool {
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(digits), (1...65_535).contains(number)
            else { return false }
            port = number
            return true
        }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || (rest.hasPrefix(":") && isPort(rest.dropFirst())) else { return nil }
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            host = text[..<colon]
            guard isPort(text[text.index(after: colon)...]) else { return nil }
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "[]/".contains($0) }) else { return nil }
        self.init(host: String(host), port: port)
    }
}
