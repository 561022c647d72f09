import Machine
import NIOCore

/// The channel's side of an ``RPCConnection``: received bytes in, and a brake on reading.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: RPCConnection
    /// The channel wanted to read while reading was paused.
    private var readWaits = false
    private var wasActive = false

    init(_ connection: RPCConnection) {
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive {
            activate(context)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        activate(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        connection.readComplete()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        connection.channelWritabilityChanged(to: context.channel.isWritable)
        if readWaits, !connection.readsPaused {
            readWaits = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if connection.readsPaused {
            readWaits = true
        } else {
            context.read()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.abort(ConnectionCloseReason(of: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.channelClosed(.closedByRemote)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        connection.channelClosed(.closedByRemote)
    }

    /// A handler that is added to an active channel may hear of it a second time.
    private func activate(_ context: ChannelHandlerContext) {
        guard !wasActive else { return }
        wasActive = true
        connection.channelActive(context)
    }
}
