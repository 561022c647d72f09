public import Logging
public import NIOCore
import NIOPosix

/// Listens on a TCP port and makes an ``RPCConnection`` of whoever comes, spread over the loops of a group.
public final class RPCListener: Sendable {
    /// Where it listens, with the port that the system chose if 0 was asked for.
    public let endpoint: RPCEndpoint
    private let channel: any Channel

    private init(endpoint: RPCEndpoint, channel: any Channel) {
        self.endpoint = endpoint
        self.channel = channel
    }

    /// Binds `endpoint`, and returns when connections are taken.
    ///
    /// `prepareChannel` is called on each new channel's loop before anything else is in its pipeline: the place for TLS.
    /// Fails with what was wrong and what to do about it.
    public static func bind(
        to endpoint: RPCEndpoint, acceptor: RPCAcceptor, group: any EventLoopGroup,
        configuration: RPCConfiguration = RPCConfiguration(), logger: Logger,
        prepareChannel: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws(RPCListenFailure) -> RPCListener {
        let counts = ConnectionCounts(configuration)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: configuration.watermarks)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard counts.handshakeBegan() else {
                        logger.notice("connection cut off: too many are in their handshake")
                        throw ChannelError.ioOnClosedChannel
                    }
                    do {
                        try prepareChannel(channel)
                        let connection = RPCConnection(
                            .acceptor(acceptor, counts), eventLoop: channel.eventLoop, delegate: nil,
                            configuration: configuration, logger: logger)
                        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(connection))
                    } catch {
                        counts.handshakeEnded()
                        throw error
                    }
                }
            }
        do {
            let channel = try await bootstrap.bind(host: endpoint.host, port: endpoint.port).get()
            let port = channel.localAddress?.port ?? endpoint.port
            let bound = RPCEndpoint(host: endpoint.host, port: port)
            logger.info("listening", metadata: ["endpoint": "\(bound)"])
            return RPCListener(endpoint: bound, channel: channel)
        } catch {
            throw RPCListenFailure(error, at: endpoint)
        }
    }

    /// Takes no more connections, and returns when the port is free. Those that are open stay: their delegates close them.
    public func close() async {
        // A listener that is closed already is what was asked for.
        try? await channel.close().get()
    }
}

extension RPCConfiguration {
    var watermarks: ChannelOptions.Types.WriteBufferWaterMark {
        .init(low: channelLowWatermark, high: channelHighWatermark)
    }
}
