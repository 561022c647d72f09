import HTTPTypes
import Machine
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import HTTPAPI

@Suite("What a connection owes the node")
struct ConnectionGuardTests {
    private let channel: EmbeddedChannel
    private let head = HTTPRequestPart.head(HTTPRequest(method: .put, scheme: nil, authority: nil, path: "/v1/kv/a"))

    init() throws {
        channel = EmbeddedChannel(
            handler: ConnectionGuard(requestTimeout: .seconds(10), stallTimeout: .seconds(5)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func advance(_ seconds: Int64) {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
    }

    @Test("A request that comes whole may take its time to be answered")
    func whole() throws {
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        advance(3600)
        #expect(channel.isActive)
    }

    @Test("A body that dribbles is cut off at the timeout of the whole request")
    func dribble() throws {
        try channel.writeInbound(head)
        for _ in 0..<9 {
            advance(1)
            try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
        }
        #expect(channel.isActive)
        advance(1)
        #expect(!channel.isActive)
        // The reader is told that this was not the end.
        #expect(throws: ConnectionGuard.UnfinishedRequest.self) { try channel.throwIfErrorCaught() }
    }

    @Test("The end of a request ends its timeout, and the next has one of its own")
    func next() throws {
        for _ in 0..<3 {
            try channel.writeInbound(head)
            advance(9)
            try channel.writeInbound(HTTPRequestPart.end(nil))
            #expect(channel.isActive)
        }
        try channel.writeInbound(head)
        advance(10)
        #expect(!channel.isActive)
    }

    @Test("A client that leaves its answer unread is cut off, unless it reads again in time")
    func stall() {
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        advance(4)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        advance(3600)
        #expect(channel.isActive)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        advance(5)
        #expect(!channel.isActive)
    }

    @Test("The half-close of a client in the middle of a request is an error, between requests it is none")
    func halfClose() throws {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        try channel.throwIfErrorCaught()
        try channel.writeInbound(head)
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(throws: ConnectionGuard.UnfinishedRequest.self) { try channel.throwIfErrorCaught() }
    }

    @Test("Bytes that are no request are answered once, and nothing behind them is read")
    func malformed() throws {
        channel.pipeline.fireErrorCaught(HTTPParserError.invalidMethod)
        channel.pipeline.fireErrorCaught(HTTPParserError.invalidMethod)
        guard case .head(let response) = try channel.readOutbound(as: HTTPResponsePart.self) else {
            Issue.record("no answer")
            return
        }
        #expect(response.status == .badRequest)
        #expect(response.headerFields[.connection] == "close")
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) != nil)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        #expect(!channel.isActive)
    }

    @Test("An error behind a request that has no answer yet goes to who is answering")
    func malformedBehind() throws {
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.pipeline.fireErrorCaught(HTTPParserError.invalidMethod)
        #expect(throws: HTTPParserError.invalidMethod) { try channel.throwIfErrorCaught() }
        #expect(channel.isActive)
    }
}
