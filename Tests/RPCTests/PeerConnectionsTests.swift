import Machine
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct PeerConnectionsTests {
    @Test func `a peer is reached on first use, and what waited arrives`() async throws {
        try await withPeers { peers, group in
            let server = try await Server.start(there, on: group)
            try await peers.run { $0.setEndpoint(server.listener.endpoint, of: there) }
            #expect(try await peers.send(1) == .queued)
            #expect(await peers.next() == .reached(there))
            #expect(await peers.next() == .received(1, there))
            #expect(try await peers.send(2) == .queued)
            #expect(await peers.next() == .received(2, there))
            await server.stop()
        }
    }

    @Test func `a peer that dies is lost, and reached again when it returns`() async throws {
        try await withPeers { peers, group in
            var server = try await Server.start(there, on: group)
            let endpoint = server.listener.endpoint
            try await peers.run { $0.setEndpoint(endpoint, of: there) }
            _ = try await peers.send(1)
            #expect(await peers.next() == .reached(there))
            #expect(await peers.next() == .received(1, there))
            await server.stop()
            #expect(await peers.next() == .lost(there, .closedByRemote))
            server = try await Server.start(there, port: endpoint.port, on: group)
            // Attempts may fail until the port is bound again; then it is reached without a word from us.
            var event = await peers.next()
            while case .lost = event {
                event = await peers.next()
            }
            #expect(event == .reached(there))
            #expect(try await peers.send(2) == .queued)
            #expect(await peers.next() == .received(2, there))
            await server.stop()
        }
    }

    @Test func `a lost peer fails fast with the reason, and a new address ends the wait`() async throws {
        var configuration = RPCConfiguration()
        configuration.backoffBase = .seconds(1000)
        configuration.backoffLimit = .seconds(1000)
        try await withPeers(configuration) { peers, group in
            let dead = try await Server.start(there, on: group)
            let alive = try await Server.start(there, on: group)
            await dead.stop()
            try await peers.run { $0.setEndpoint(dead.listener.endpoint, of: there) }
            #expect(try await peers.send(1) == .queued)
            guard case .lost(there, let reason)? = await peers.next() else {
                Issue.record("the peer was not lost")
                return
            }
            #expect(try await peers.send(2) == .unreachable(reason))
            try await peers.run { $0.setEndpoint(alive.listener.endpoint, of: there) }
            #expect(try await peers.send(3) == .queued)
            #expect(await peers.next() == .reached(there))
            #expect(await peers.next() == .received(3, there))
            await alive.stop()
        }
    }

    @Test func `another node at the address is not taken for the peer`() async throws {
        try await withPeers { peers, group in
            let stranger = NodeID(high: 9, low: 9)
            let server = try await Server.start(stranger, on: group)
            try await peers.run { $0.setEndpoint(server.listener.endpoint, of: there) }
            _ = try await peers.send(1)
            #expect(await peers.next() == .lost(there, .wrongNode(stranger)))
            await server.stop()
        }
    }

    @Test func `what waits for a connection is bounded`() async throws {
        var configuration = RPCConfiguration()
        configuration.connectingByteLimit = 1000
        try await withPeers(configuration) { peers, group in
            let server = try await Server.start(there, on: group)
            let outcomes = try await peers.run { peers in
                peers.setEndpoint(server.listener.endpoint, of: there)
                return (0..<11).map { id in
                    peers.send(
                        to: there, kind: Server.echo, requestID: id, payload: ByteBuffer(repeating: 1, count: 86))
                }
            }
            #expect(outcomes == Array(repeating: .queued, count: 10) + [.busy])
            #expect(await peers.next() == .reached(there))
            for id in UInt64(0)..<10 {
                #expect(await peers.next() == .received(id, there))
            }
            await server.stop()
        }
    }

    @Test func `a peer that was removed is unknown and silent`() async throws {
        try await withPeers { peers, group in
            let server = try await Server.start(there, on: group)
            try await peers.run { $0.setEndpoint(server.listener.endpoint, of: there) }
            _ = try await peers.send(1)
            #expect(await peers.next() == .reached(there))
            #expect(await peers.next() == .received(1, there))
            try await peers.run { $0.remove(there) }
            for await event in server.log.events where event == .closed(.closedByRemote) {
                break
            }
            #expect(try await peers.send(2) == .unknownPeer)
            #expect(try await peers.run { !$0.isReached(there) })
            await server.stop()
        }
    }

    private func withPeers(
        _ configuration: RPCConfiguration? = nil, _ body: (Peers, MultiThreadedEventLoopGroup) async throws -> Void
    ) async throws {
        try await withLoops { group in
            var quick = RPCConfiguration()
            quick.backoffBase = .milliseconds(1)
            quick.backoffLimit = .milliseconds(20)
            let peers = try await Peers(on: group.next(), configuration ?? quick)
            try await body(peers, group)
            try await peers.run { $0.close() }
        }
    }
}

/// Peers on their loop, and what they say as a stream.
private final class Peers: Sendable {
    enum Event: Equatable {
        case reached(NodeID), lost(NodeID, ConnectionCloseReason), received(UInt64, NodeID)
    }

    private let eventLoop: any EventLoop
    private let bound: NIOLoopBound<PeerConnections>
    private let events: AsyncStream<Event>

    init(on eventLoop: any EventLoop, _ configuration: RPCConfiguration) async throws {
        self.eventLoop = eventLoop
        let (stream, report) = AsyncStream.makeStream(of: Event.self)
        events = stream
        let hello = try peer(here)
        bound = try await eventLoop.submit {
            NIOLoopBound(
                PeerConnections(
                    as: hello, on: eventLoop, delegate: Reporter(report), seed: 1, configuration: configuration,
                    logger: quietLogger),
                eventLoop: eventLoop)
        }.get()
    }

    func run<Result: Sendable>(_ body: @escaping @Sendable (PeerConnections) -> Result) async throws -> Result {
        try await eventLoop.submit { body(self.bound.value) }.get()
    }

    func send(_ requestID: UInt64) async throws -> PeerSendOutcome {
        try await run { peers in
            defer { peers.flush() }
            return peers.send(to: there, kind: Server.echo, requestID: requestID, payload: ByteBuffer(string: "hello"))
        }
    }

    func next() async -> Event? {
        for await event in events {
            return event
        }
        return nil
    }

    private final class Reporter: PeerConnectionsDelegate {
        private let report: AsyncStream<Event>.Continuation

        init(_ report: AsyncStream<Event>.Continuation) {
            self.report = report
        }

        func peers(_ peers: PeerConnections, received frame: Frame, from peer: NodeID) {
            report.yield(.received(frame.requestID, peer))
        }

        func peers(_ peers: PeerConnections, reached peer: NodeID) {
            report.yield(.reached(peer))
        }

        func peers(_ peers: PeerConnections, lost peer: NodeID, reason: ConnectionCloseReason) {
            report.yield(.lost(peer, reason))
        }
    }
}
