import Wire

/// Where a node listens: a host (a name or an address) and a TCP port.
public struct RPCEndpoint: Hashable, Sendable {
    /// A name, or an IPv4 or IPv6 address.
    public let host: String
    /// A port from 0 to 65,535; 0 lets the system choose, for listeners only.
    public let port: Int

    /// An endpoint.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

extension RPCEndpoint: CustomStringConvertible {
    /// `host:port`, with brackets around an IPv6 address.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The limits and times of connections. Every default suits a local network.
public struct RPCConfiguration: Sendable {
    /// The largest frame that a client sends, and that is taken from one, by its length field: 16 MiB. The same at every
    /// node and client of a cluster.
    public var frameLengthLimit = FrameHeader.defaultLengthLimit
    /// The largest frame that a node sends, to another node or as an answer to a client: 72 MiB, far above what clients can
    /// make, since repair and handoff of what exists must always pass. The same at every node and client of a cluster.
    public var nodeFrameLengthLimit = FrameHeader.nodeLengthLimit
    /// The most bytes that wait in one connection, beside what the channel holds: 32 MiB. Beyond it a send is `busy`.
    public var outboundByteLimit = 32 << 20
    /// The most bytes that wait in one connection before it is open: 4 MiB.
    public var connectingByteLimit = 4 << 20
    /// The channel takes no more bytes above this level, 1 MiB: what comes then waits in the connection.
    public var channelHighWatermark = 1 << 20
    /// The channel takes bytes again below this level: 256 KiB.
    public var channelLowWatermark = 256 << 10
    /// Payloads of at least this size, 32 KiB, go out as they are, without a copy into the outbound buffer.
    public var copyFreePayloadSize = 32 << 10

    /// How long a TCP connection may take to be made: 3 s.
    public var connectTimeout: Duration = .seconds(3)
    /// How long the handshake may take at either end, and the last bytes of a connection that closes: 5 s.
    public var handshakeTimeout: Duration = .seconds(5)
    /// A connection that was silent for this long, 2 s, is asked for a sign of life.
    public var keepaliveInterval: Duration = .seconds(2)
    /// The connection is given up after so many silent intervals in a row: 3, so a dead one ends after 6 to 8 s.
    public var silentIntervalLimit = 3

    /// The most open connections of one listener; beyond it a newcomer is refused as `busy`.
    public var connectionLimit = 10_000
    /// The most connections of one listener that have not done their handshake; beyond it a newcomer is cut off.
    public var handshakingConnectionLimit = 512

    /// The first wait before a lost peer is tried again: 50 ms. Each failure doubles it.
    public var backoffBase: Duration = .milliseconds(50)
    /// The longest wait before a lost peer is tried again: 5 s.
    public var backoffLimit: Duration = .seconds(5)

    /// The defaults.
    public init() {}
}
