import HTTPAPI
import Logging
import Machine
import NIOCore
import NIOPosix
import Testing

/// An answer as it came over the socket.
struct RawResponse {
    var status = 0
    var fields: [(name: String, value: String)] = []
    var body = ByteBuffer()

    subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var text: String { String(buffer: body) }
}

/// A connection that sends what it is told, well-formed or not, and reads answers by their framing.
final class RawConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received = ByteBuffer()
    let channel: any Channel

    init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ channel: any Channel
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
        self.channel = channel
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await outbound.write(bytes)
    }

    /// Sends nothing more.
    func endOutput() {
        outbound.finish()
    }

    /// Whether nothing more comes.
    func isAtEnd() async -> Bool {
        while received.readableBytes == 0 {
            guard let more = try? await inbound.next() else { return true }
            received.writeImmutableBuffer(more)
        }
        return false
    }

    func response(toHead: Bool = false) async throws -> RawResponse {
        var response = RawResponse()
        let head = try await line().split(separator: " ", maxSplits: 2)
        response.status = try #require(Int(head.dropFirst().first ?? ""))
        while true {
            let line = try await line()
            if line.isEmpty { break }
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.dropFirst().first ?? ""
            response.fields.append((String(parts[0]), String(value.drop { $0 == " " })))
        }
        #expect(response["Transfer-Encoding"] == nil)
        if !toHead, response.status >= 200, response.status != 204, response.status != 304 {
            let length = try #require(response["Content-Length"].flatMap { Int($0) })
            try await need(length)
            let body = received.readSlice(length: length)
            response.body = try #require(body)
        }
        return response
    }

    private func line() async throws -> String {
        while true {
            let view = received.readableBytesView
            if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: view[..<end].dropLast(), as: UTF8.self)
                received.moveReaderIndex(to: end + 1)
                return line
            }
            try await need(received.readableBytes + 1)
        }
    }

    private func need(_ count: Int) async throws {
        while received.readableBytes < count {
            let next = try await inbound.next()
            let more = try #require(next, "the server closed the connection")
            received.writeImmutableBuffer(more)
        }
    }
}

/// A running server, and means to ask it.
struct TestServer {
    let node: FakeNode
    let port: Int

    /// Runs a server for as long as `body` takes.
    static func run<Result: Sendable>(
        node: FakeNode = FakeNode(), configure: (inout HTTPAPIConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPAPIConfiguration()
        configuration.wallClock = node.clock
        configure(&configuration)
        let api = HTTPAPI(service: node, configuration: configuration)
        let (ports, portsInput) = AsyncStream.makeStream(of: Int.self)
        let application = api.application(
            host: "127.0.0.1", port: 0, on: .singletonMultiThreadedEventLoopGroup, logger: quiet,
            onListening: { portsInput.yield($0) })
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let bound = await iterator.next()
            let port = try #require(bound)
            let result = try await body(TestServer(node: node, port: port))
            tasks.cancelAll()
            try await tasks.waitForAll()
            return result
        }
    }

    static var quiet: Logger {
        Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    }

    func connected<Result: Sendable>(
        _ body: @escaping @Sendable (RawConnection) async throws -> Result
    ) async throws -> Result {
        let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await client.executeThenClose { inbound, outbound in
            try await body(RawConnection(inbound, outbound, client.channel))
        }
    }

    /// One request on a connection of its own.
    func ask(
        _ method: String, _ target: String, _ fields: [String: String] = [:], body: String = ""
    ) async throws -> RawResponse {
        try await ask(method, target, fields, bytes: ByteBuffer(string: body))
    }

    func ask(
        _ method: String, _ target: String, _ fields: [String: String] = [:], bytes: ByteBuffer
    ) async throws -> RawResponse {
        try await connected { connection in
            try await connection.send(Self.head(method, target, fields, length: bytes.readableBytes))
            try await connection.send(bytes)
            return try await connection.response(toHead: method == "HEAD")
        }
    }

    static func head(_ method: String, _ target: String, _ fields: [String: String], length: Int) -> String {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            head += "\(name): \(value)\r\n"
        }
        if length > 0 || method == "PUT" || method == "POST" {
            head += "Content-Length: \(length)\r\n"
        }
        return head + "\r\n"
    }
}

extension EventLoopGroup where Self == MultiThreadedEventLoopGroup {
    static var singletonMultiThreadedEventLoopGroup: MultiThreadedEventLoopGroup { .singleton }
}
