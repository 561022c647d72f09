import Gossip
import Logging
import Machine
import NIOCore
import NIOPosix

/// The gossip's datagrams: one UDP socket on the port of the peer connections.
final class GossipSocket: Sendable {
    private let channel: any Channel

    private init(channel: any Channel) {
        self.channel = channel
    }

    /// Binds the socket; datagrams that can be read go to `receive`, on the loop.
    static func bind(
        host: String, port: Int, eventLoop: any EventLoop, logger: Logger,
        receive: @escaping @Sendable (GossipDatagram, GossipAddress) -> Void
    ) async throws -> GossipSocket {
        let channel = try await DatagramBootstrap(group: eventLoop)
            .channelOption(.socketOption(.so_reuseaddr), value: 0)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramHandler(logger: logger, receive: receive))
                }
            }
            .bind(host: host, port: port).get()
        return GossipSocket(channel: channel)
    }

    /// Sends a datagram, which may be lost.
    func send(_ datagram: GossipDatagram, to address: GossipAddress) {
        guard let remote = try? SocketAddress(ipAddress: address.host, port: Int(address.port)) else { return }
        var bytes = channel.allocator.buffer(capacity: GossipDatagram.byteLimit)
        datagram.encode(into: &bytes)
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: remote, data: bytes), promise: nil)
    }

    /// Closes the socket.
    func close() async {
        try? await channel.close().get()
    }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let logger: Logger
    private let receive: @Sendable (GossipDatagram, GossipAddress) -> Void

    init(logger: Logger, receive: @escaping @Sendable (GossipDatagram, GossipAddress) -> Void) {
        self.logger = logger
        self.receive = receive
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let host = envelope.remoteAddress.ipAddress, let port = envelope.remoteAddress.port,
            let address = GossipAddress(host: host, port: UInt16(truncatingIfNeeded: port))
        else { return }
        var bytes = envelope.data
        do {
            receive(try GossipDatagram(decoding: &bytes), address)
        } catch {
            logger.debug("a datagram of \(address) cannot be read: \(error)")
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A datagram that could not be sent, or an ICMP answer to one: the gossip's probes say what it means.
        logger.trace("gossip socket: \(error)")
    }
}
