public import Logging
public import Machine
public import NIOCore
public import Wire

/// The connections from one event loop to the other nodes, one for each, opened on first use and kept.
///
/// | state of a peer | leaves it when | a send is |
/// |---|---|---|
/// | idle | it is sent to → connecting | queued |
/// | connecting | the handshake is done → open; it fails → waiting | queued, up to a limit |
/// | open | the connection ends → waiting | queued, up to a limit |
/// | waiting | the backoff is over, ``retry(_:)``, or a new address → connecting | refused with the reason |
///
/// Requests go out here and replies come back; what a peer asks comes over the connection that it opened itself. Used on
/// its loop only. All randomness is from the seed.
public final class PeerConnections {
    /// The loop that all of this lives on.
    public let eventLoop: any EventLoop

    let hello: Hello
    let configuration: RPCConfiguration
    let logger: Logger
    let prepareChannel: @Sendable (any Channel) throws -> Void
    var generator: SeededGenerator
    /// Held until ``close()``: a weak reference costs a locked look aside for every frame.
    private(set) var delegate: (any PeerConnectionsDelegate)?

    private var links: [NodeID: PeerLink] = [:]
    /// Links with frames that wait for ``flush()``, in the order in which they were written to.
    private var unflushed: [PeerLink] = []
    private var isClosed = false

    /// No connection yet. The delegate is held until ``close()``.
    public init(
        as hello: Hello, on eventLoop: any EventLoop, delegate: any PeerConnectionsDelegate, seed: UInt64,
        configuration: RPCConfiguration = RPCConfiguration(), logger: Logger,
        prepareChannel: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) {
        self.hello = hello
        self.eventLoop = eventLoop
        self.delegate = delegate
        self.configuration = configuration
        self.logger = logger
        self.prepareChannel = prepareChannel
        generator = SeededGenerator(seed: seed)
    }

    /// Says where a peer is. A new address is used from the next attempt on, which comes at once if the peer is lost; an
    /// open connection stays, for it has shown whose it is.
    public func setEndpoint(_ endpoint: RPCEndpoint, of peer: NodeID) {
        eventLoop.assertInEventLoop()
        guard !isClosed else { return }
        if let link = links[peer] {
            link.move(to: endpoint)
        } else {
            links[peer] = PeerLink(peer, at: endpoint, of: self)
        }
    }

    /// Closes the connection to a peer and forgets the peer. The delegate hears no more of it.
    public func remove(_ peer: NodeID) {
        eventLoop.assertInEventLoop()
        links.removeValue(forKey: peer)?.close()
    }

    /// Tries a lost peer again at once, as when the gossip has heard of it.
    public func retry(_ peer: NodeID) {
        eventLoop.assertInEventLoop()
        links[peer]?.retry()
    }

    /// Whether the connection to a peer is open.
    public func isReached(_ peer: NodeID) -> Bool {
        eventLoop.assertInEventLoop()
        return links[peer]?.isOpen ?? false
    }

    /// Appends a frame for a peer to what the next ``flush()`` writes, and opens the connection if there is none.
    public func send(
        to peer: NodeID, kind: FrameKind, flags: FrameFlags = [], requestID: UInt64, payload: ByteBuffer
    ) -> PeerSendOutcome {
        send(to: peer) { $0.send(kind: kind, flags: flags, requestID: requestID, payload: payload) }
    }

    /// Appends a frame whose payload `body` appends in place: no copy.
    public func send(
        to peer: NodeID, kind: FrameKind, flags: FrameFlags = [], requestID: UInt64,
        _ body: (inout ByteBuffer) -> Void
    ) -> PeerSendOutcome {
        send(to: peer) { $0.send(kind: kind, flags: flags, requestID: requestID, body) }
    }

    /// Writes what waits, in one go for each peer. Call it once after each batch of work.
    public func flush() {
        eventLoop.assertInEventLoop()
        // No call comes back while a connection is flushed, so the list does not change underneath.
        for link in unflushed {
            link.flush()
        }
        unflushed.removeAll(keepingCapacity: true)
    }

    /// Closes every connection after what waits has gone out. Nothing is queued or told from now on.
    public func close() {
        eventLoop.assertInEventLoop()
        isClosed = true
        // In no order, which reaches nothing but the order of the sockets' ends.
        for (_, link) in links {
            link.close()
        }
        links = [:]
        unflushed = []
        delegate = nil
    }

    @inline(__always)
    private func send(to peer: NodeID, _ send: (RPCConnection) -> SendOutcome) -> PeerSendOutcome {
        eventLoop.assertInEventLoop()
        guard let link = links[peer] else { return .unknownPeer }
        switch link.connectionForSending() {
        case .failure(let reason):
            return .unreachable(reason)
        case .success(let connection):
            switch send(connection) {
            case .queued:
                if !link.isUnflushed {
                    link.isUnflushed = true
                    unflushed.append(link)
                }
                return .queued
            case .busy: return .busy
            case .tooLarge(let limit): return .tooLarge(limit: limit)
            case .closed: return .unreachable(connection.closeReason ?? .closedByRemote)
            }
        }
    }
}
