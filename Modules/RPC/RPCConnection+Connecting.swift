import Glibc
public import Logging
public import Machine
public import NIOCore
import NIOPosix
public import Wire

extension RPCConnection {
    /// Opens a connection from `eventLoop`, on which this is called, and returns it at once.
    ///
    /// Frames may be sent from now on; they wait for the handshake. The delegate hears whether it came to be. With
    /// `expecting`, a node that answers under another identity ends the connection: addresses are reused, identities are
    /// not. `prepareChannel` is called on the loop before anything else is in the pipeline: the place for TLS.
    public static func connect(
        to endpoint: RPCEndpoint, as hello: Hello, expecting nodeID: NodeID? = nil, on eventLoop: any EventLoop,
        delegate: any RPCConnectionDelegate, configuration: RPCConfiguration = RPCConfiguration(), logger: Logger,
        prepareChannel: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) -> RPCConnection {
        eventLoop.preconditionInEventLoop()
        let connection = RPCConnection(
            .initiator(hello, expecting: nodeID), eventLoop: eventLoop, delegate: delegate,
            configuration: configuration, logger: logger)
        guard (1...65_535).contains(endpoint.port) else {
            connection.channelClosed(.transport("\(endpoint) has no port to connect to"))
            return connection
        }
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: configuration.watermarks)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try prepareChannel(channel) }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .assumeIsolated()
            .whenComplete { connection.connected($0) }
        return connection
    }

    /// Takes the channel over. A host with several addresses has a channel for each, of which this is the one that won;
    /// nothing is missed by coming this late, because it is the initiator who speaks first.
    private func connected(_ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel):
            do {
                try channel.pipeline.syncOperations.addHandler(ConnectionHandler(self))
            } catch {
                channelClosed(ConnectionCloseReason(connecting: error))
                channel.close(promise: nil)
            }
        case .failure(let error):
            channelClosed(ConnectionCloseReason(connecting: error))
        }
    }
}

extension ConnectionCloseReason {
    /// Reads NIO's account of a connection that was not made.
    init(connecting error: any Error) {
        switch error {
        case ChannelError.connectTimeout:
            self = .connectTimeout
        case let error as NIOConnectionError:
            // One error for each address of the host: the last one tried says most.
            if let last = error.connectionErrors.last {
                self.init(connecting: last.error)
            } else {
                self = .transport("the name \(error.host) does not resolve")
            }
        case let error as IOError:
            self = .transport(String(cString: strerror(error.errnoCode)))
        default:
            self = .transport("\(error)")
        }
    }
}
