import Glibc
import Logging
import Machine
import NIOCore
import NIOPosix
import RPC
import Wire

/// What a framed echo costs at the server, in CPU time of its one event loop: `rpc-echo [connections] [in flight] [bytes]
/// [requests in thousands]`. The clients share the process, on a loop of their own.
@main
struct RPCEcho {
    static let kind = FrameKind(rawValue: 16)

    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().map { Int($0) ?? 0 }
        guard numbers.allSatisfy({ $0 > 0 }), numbers.count <= 4 else {
            print("usage: rpc-echo [connections] [in flight] [payload bytes] [thousands of requests]")
            return
        }
        let setting = Array(numbers + [16, 16, 100, 2000].dropFirst(numbers.count))
        let (connections, inFlight, payloadSize, total) = (setting[0], setting[1], setting[2], setting[3] * 1000)
        let servers = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let logger = Logger(label: "rpc-echo") { _ in SwiftLogNoOpLogHandler() }
        let node = try Hello(role: .peer, nodeID: NodeID(high: 1, low: 1), clusterName: "echo")
        let listener = try await RPCListener.bind(
            to: RPCEndpoint(host: "127.0.0.1", port: 0), acceptor: RPCAcceptor(hello: node) { _ in Echo() },
            group: servers, logger: logger)

        let loop = clients.next()
        let hello = try Hello(role: .client, clusterName: "echo")
        // The first tenth warms up.
        for share in [total / 10, total] {
            let perConnection = share / connections
            let before = try await cpuTimes(servers, clients)
            let start = ContinuousClock.now
            let promises = (0..<connections).map { _ in loop.makePromise(of: Void.self) }
            try await loop.submit {
                for promise in promises {
                    let load = Load(
                        count: perConnection, inFlight: inFlight,
                        payload: ByteBuffer(repeating: 7, count: payloadSize), done: promise)
                    _ = RPCConnection.connect(
                        to: listener.endpoint, as: hello, on: loop, delegate: load, logger: logger)
                }
            }.get()
            for promise in promises {
                try await promise.futureResult.get()
            }
            let wall = start.duration(to: .now)
            let after = try await cpuTimes(servers, clients)
            let requests = Double(perConnection * connections)
            if share == total {
                print(
                    """
                    \(connections) connections × \(inFlight) in flight, \(payloadSize) bytes, \(Int(requests)) requests
                    server \(micro(after.server - before.server, requests)) µs CPU/request
                    client \(micro(after.client - before.client, requests)) µs CPU/request
                    \(Int(requests / (Double(wall.nanoseconds) / 1e9))) requests/s
                    """)
            }
        }
        await listener.close()
        try await clients.shutdownGracefully()
        try await servers.shutdownGracefully()
    }

    private static func cpuTimes(
        _ servers: MultiThreadedEventLoopGroup, _ clients: MultiThreadedEventLoopGroup
    ) async throws -> (server: Double, client: Double) {
        (
            try await servers.next().submit { threadNanoseconds() }.get(),
            try await clients.next().submit { threadNanoseconds() }.get()
        )
    }

    private static func threadNanoseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func micro(_ nanoseconds: Double, _ requests: Double) -> String {
        let hundredths = Int((nanoseconds / requests / 10).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}

/// The server: each request is answered with its own payload.
private final class Echo: RPCConnectionDelegate {
    func connection(_ connection: RPCConnection, received frame: Frame) {
        _ = connection.send(kind: frame.kind, flags: .reply, requestID: frame.requestID, payload: frame.payload)
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {}
}

/// One closed loop: each reply is followed by the next request.
private final class Load: RPCConnectionDelegate {
    private let count: Int
    private let inFlight: Int
    private let payload: ByteBuffer
    private let done: EventLoopPromise<Void>
    private var sent = 0
    private var answered = 0

    init(count: Int, inFlight: Int, payload: ByteBuffer, done: EventLoopPromise<Void>) {
        self.count = count
        self.inFlight = inFlight
        self.payload = payload
        self.done = done
    }

    func connectionOpened(_ connection: RPCConnection) {
        for _ in 0..<min(inFlight, count) {
            send(on: connection)
        }
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        answered += 1
        if answered == count {
            done.succeed()
            connection.close()
        } else if sent < count {
            send(on: connection)
        }
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        done.fail(reason)
    }

    private func send(on connection: RPCConnection) {
        _ = connection.send(kind: RPCEcho.kind, requestID: UInt64(sent), payload: payload)
        sent += 1
    }
}
