import Machine
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    @Test func `twenty thousand pipelined frames come back in order`() async throws {
        try await withLoops { group in
            let server = try await Server.start(on: group)
            let done = group.any().makePromise(of: Int.self)
            let loop = group.next()
            try await loop.submit {
                let counter = Counter(total: 20_000, done: done)
                let connection = RPCConnection.connect(
                    to: server.listener.endpoint, as: try client(), on: loop, delegate: counter, logger: quietLogger)
                for id in UInt64(0)..<20_000 {
                    let outcome = connection.send(kind: Server.echo, requestID: id) { $0.writeInteger(id) }
                    guard outcome == .queued else { throw RPCFailure.busy }
                }
                connection.flush()
            }.get()
            #expect(try await done.futureResult.get() == 20_000)
            await server.stop()
        }
    }

    @Test func `another cluster and another version are refused with the reason`() async throws {
        try await withLoops { group in
            let server = try await Server.start(on: group)
            let cluster = try Hello(role: .client, clusterName: "dolls")
            let version = try Hello(role: .client, clusterName: "toys", versions: ProtocolVersions(9))
            await #expect(throws: RPCFailure.notConnected(.refusedByRemote(.wrongCluster("toys")))) {
                try await RPCClientConnection.connect(
                    to: server.listener.endpoint, as: cluster, on: group.next(), logger: quietLogger)
            }
            let failure = await #expect(throws: RPCFailure.self) {
                try await RPCClientConnection.connect(
                    to: server.listener.endpoint, as: version, on: group.next(), logger: quietLogger)
            }
            #expect(failure?.description.contains("protocol version 1 only") == true)
            await server.stop()
        }
    }

    @Test(arguments: [
        ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ByteBuffer(repeating: 0, count: 64),
        ByteBuffer(repeating: 0xff, count: 64),
    ])
    func `what is no frame closes that connection only`(garbage: ByteBuffer) async throws {
        try await withLoops { group in
            let server = try await Server.start(on: group)
            let good = try await RPCClientConnection.connect(
                to: server.listener.endpoint, as: client(), on: group.next(), logger: quietLogger)
            // Before the handshake, and after it.
            for hello in [ByteBuffer(), frameBytes(.hello, 0, try client().encode)] {
                let raw = try await RawSocket.connect(to: server.listener.endpoint, on: group)
                var bytes = hello
                bytes.writeImmutableBuffer(garbage)
                try await raw.send(bytes)
                // Ends when the server has closed.
                for await _ in raw.received {}
            }
            let reply = try await good.call(
                Server.echo, payload: ByteBuffer(string: "still here"), timeout: .seconds(30))
            #expect(String(buffer: reply.payload) == "still here")
            await good.close()
            await server.stop()
        }
    }

    @Test func `replies that nobody reads are bounded, and those that were taken arrive`() async throws {
        try await withLoops { group in
            var configuration = RPCConfiguration()
            configuration.outboundByteLimit = 4 << 20
            let server = try await Server.start(on: group, configuration: configuration)
            let raw = try await RawSocket.connect(to: server.listener.endpoint, on: group, reads: false)
            var bytes = frameBytes(.hello, 0, try client().encode)
            for id in UInt64(0)..<2000 {
                // So long that the server reads them in many turns.
                bytes.writeImmutableBuffer(frameBytes(Server.large, id) { $0.writeRepeatingByte(1, count: 2048) })
            }
            raw.channel.writeAndFlush(bytes, promise: nil)
            for await event in server.log.events where event == .writable(false) {
                break
            }
            // The server has stopped reading; now the reader wakes up.
            try await raw.channel.setOption(.autoRead, value: true).get()
            var decoder = FrameDecoder()
            var answered = 0
            for await piece in raw.received {
                decoder.append(piece)
                while let frame = try decoder.next() {
                    answered += frame.kind == Server.large ? 1 : 0
                }
                let queued = server.log.queued.load(ordering: .relaxed)
                if answered == queued, queued + server.log.busy.load(ordering: .relaxed) == 2000 {
                    break
                }
            }
            #expect(answered > 0 && answered == server.log.queued.load(ordering: .relaxed))
            #expect(server.log.mostWaiting.load(ordering: .relaxed) <= 4 << 20)
            try await raw.channel.close().get()
            await server.stop()
        }
    }

    @Test func `a reader that never reads is given up`() async throws {
        try await withLoops { group in
            var configuration = RPCConfiguration()
            configuration.keepaliveInterval = .milliseconds(20)
            let server = try await Server.start(on: group, configuration: configuration)
            let raw = try await RawSocket.connect(to: server.listener.endpoint, on: group, reads: false)
            var bytes = frameBytes(.hello, 0, try client().encode)
            for id in UInt64(0)..<2000 {
                bytes.writeImmutableBuffer(frameBytes(Server.large, id) { $0.writeRepeatingByte(1, count: 2048) })
            }
            raw.channel.writeAndFlush(bytes, promise: nil)
            for await event in server.log.events {
                if case .closed(let reason) = event {
                    #expect(reason == .unresponsive)
                    break
                }
            }
            await server.stop()
        }
    }

    @Test func `a port that is taken and an address that is not ours are told apart`() async throws {
        try await withLoops(1) { group in
            let server = try await Server.start(on: group)
            let taken = server.listener.endpoint
            let acceptor = try Embedded.plainAcceptor()
            let inUse = await #expect(throws: RPCListenFailure.portInUse(taken)) {
                try await RPCListener.bind(to: taken, acceptor: acceptor, group: group, logger: quietLogger)
            }
            #expect(inUse?.description.contains("in use by another process") == true)
            // TEST-NET-1 of RFC 5737: nobody's.
            let foreign = RPCEndpoint(host: "192.0.2.1", port: 0)
            await #expect(throws: RPCListenFailure.addressNotAvailable(foreign)) {
                try await RPCListener.bind(to: foreign, acceptor: acceptor, group: group, logger: quietLogger)
            }
            await server.stop()
        }
    }

    @Test func `too many that do not shake hands are cut off`() async throws {
        try await withLoops { group in
            var configuration = RPCConfiguration()
            configuration.handshakingConnectionLimit = 1
            let server = try await Server.start(on: group, configuration: configuration)
            let idle = try await RawSocket.connect(to: server.listener.endpoint, on: group)
            // One of the two is taken; which one, the loops decide.
            let second = try await RawSocket.connect(to: server.listener.endpoint, on: group)
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { for await _ in idle.received {} }
                tasks.addTask { for await _ in second.received {} }
                await tasks.next()
                tasks.cancelAll()
            }
            await server.stop()
        }
    }
}

/// Counts replies that come in order, and reports when all have.
private final class Counter: RPCConnectionDelegate {
    private let total: Int
    private let done: EventLoopPromise<Int>
    private var count = 0

    init(total: Int, done: EventLoopPromise<Int>) {
        self.total = total
        self.done = done
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        guard frame.requestID == UInt64(count), frame.payload.getInteger(at: frame.payload.readerIndex) == UInt64(count)
        else {
            done.fail(RPCFailure.cancelled)
            return
        }
        count += 1
        if count == total {
            done.succeed(count)
            connection.close()
        }
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        done.fail(reason)
    }
}
