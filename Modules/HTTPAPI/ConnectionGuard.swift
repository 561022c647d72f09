import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// What a connection owes the node: a whole request in a bounded time, and answers taken in a bounded time.
///
/// The server's own idle timer starts anew with every byte, and stops while an answer is under way; a client that
/// dribbles, or that never reads, would hold its connection and what is buffered for it for ever.
///
/// It also answers what is no HTTP with a problem, and makes an error of a body that breaks off, since the end of a
/// stream must never pass for the end of a value.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let requestTimeout: TimeAmount
    private let stallTimeout: TimeAmount
    private var isReceiving = false
    private var unanswered = 0
    private var isRefused = false
    private var requestAlarm: Scheduled<Void>?
    private var stallAlarm: Scheduled<Void>?

    /// The request broke off.
    struct UnfinishedRequest: Error {}

    init(requestTimeout: TimeAmount, stallTimeout: TimeAmount) {
        self.requestTimeout = requestTimeout
        self.stallTimeout = stallTimeout
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        cancelAlarms()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelAlarms()
        breakOff(context)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head:
            isReceiving = true
            unanswered += 1
        case .body:
            break
        case .end:
            isReceiving = false
            requestAlarm?.cancel()
            requestAlarm = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Nearly every request comes whole in one read, and needs no alarm.
        if isReceiving, requestAlarm == nil {
            requestAlarm = alarm(context, in: requestTimeout)
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            breakOff(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallAlarm?.cancel()
        stallAlarm = context.channel.isWritable ? nil : alarm(context, in: stallTimeout)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            unanswered -= 1
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isRefused else { return }
        // With an answer under way the error goes to whoever writes that one.
        guard unanswered == 0, context.channel.isActive, let problem = Problem(unreadable: error) else {
            context.fireErrorCaught(error)
            return
        }
        isRefused = true
        var reply = Reply(problem)
        reply.closesConnection = true
        context.write(wrapOutboundOut(.head(reply.head)), promise: nil)
        context.write(wrapOutboundOut(.body(reply.body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    private func breakOff(_ context: ChannelHandlerContext) {
        guard isReceiving else { return }
        isReceiving = false
        context.fireErrorCaught(UnfinishedRequest())
    }

    private func alarm(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func cancelAlarms() {
        requestAlarm?.cancel()
        stallAlarm?.cancel()
        requestAlarm = nil
        stallAlarm = nil
    }
}

extension Problem {
    /// What to say to who sent bytes that are no HTTP request; `nil` for an error that is not about them.
    init?(unreadable error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            self = .headersTooLarge
        case HTTPParserError.invalidEOFState, HTTPParserError.closedConnection, is UnfinishedMessage, is IOError:
            return nil
        case is HTTPParserError:
            self = Problem(.badRequest, "malformed", "the bytes are no HTTP/1.1 request: \(error)")
        default:
            return nil
        }
    }

    private typealias UnfinishedMessage = ConnectionGuard.UnfinishedRequest
}
