import Machine

/// Where a member's datagrams and calls go: a literal address (IPv4 or IPv6, with or without a zone) and a port.
///
/// The machine never resolves a name, so a `host` is text to it, compared byte for byte.
public struct GossipAddress: Hashable, Sendable {
    /// The most bytes of a host: an IPv6 literal of 45 and a zone of the longest interface name.
    public static let hostByteLimit = 63

    /// The literal address, 1 to ``hostByteLimit`` bytes of UTF-8.
    public let host: String
    /// The port.
    public let port: UInt16

    /// The address, or `nil` where `host` is empty or over ``hostByteLimit``.
    public init?(host: String, port: UInt16) {
        guard (1...Self.hostByteLimit).contains(host.utf8.count) else { return nil }
        self.host = host
        self.port = port
    }
}

extension GossipAddress {
    /// The number of bytes of ``encode(into:)``.
    var encodedByteCount: Int { 1 + host.utf8.count + 2 }

    /// Writes the host behind its length, then the port.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writePrefixed(host)
        buffer.writeInteger(port)
    }

    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let host = try buffer.decodePrefixedString(limit: Self.hostByteLimit, "host")
        let port = try buffer.decodeInteger(as: UInt16.self, "port")
        guard let address = GossipAddress(host: host, port: port) else { throw .invalid("host") }
        self = address
    }
}

extension GossipAddress: CustomStringConvertible {
    /// `host:port`, with brackets around a host that has colons.
    public var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
