/// Where a member of the cluster to join is found: a name or an address, and its base port.
public struct SeedAddress: Hashable, Sendable {
    /// A name, or an address without brackets.
    public let host: String
    /// The base port.
    public let port: UInt16

    /// The address, or `nil` where the host is none or the port is 0.
    public init?(host: String, port: UInt16 = NodeConfiguration.defaultPort) {
        guard port > 0, SettingText.isHost(host) else { return nil }
        self.host = host
        self.port = port
    }
}

extension SeedAddress: LosslessStringConvertible {
    /// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address; `nil` for anything else. The port is 7400
    /// unless it is there, whatever the node's own is.
    public init?(_ description: String) {
        var host = Substring(description)
        var port: Substring?
        if description.hasPrefix("[") {
            let parts = description.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].contains(":"), parts[1].isEmpty || parts[1].hasPrefix(":") else {
                return nil
            }
            host = parts[0]
            port = parts[1].isEmpty ? nil : parts[1].dropFirst()
        } else {
            let parts = description.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count == 2 {
                host = parts[0]
                port = parts[1]
            }
        }
        guard let port else {
            self.init(host: String(host))
            return
        }
        guard let number = SettingText.integer(String(port), in: 1...65_535) else { return nil }
        self.init(host: String(host), port: UInt16(number))
    }

    /// `host:port`, with brackets around a host that has colons.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
