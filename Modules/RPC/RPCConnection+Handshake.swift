import Logging
import Machine
import NIOCore
import Wire

// The connection's own frames: the handshake, then the keepalive.
extension RPCConnection {
    /// Takes a frame that is not for the delegate: any frame before the connection is open, and those of its own kinds.
    func receivedOwn(_ frame: Frame) throws(DecodingFailure) {
        guard phase == .open || frame.header == FrameHeader(kind: frame.kind, requestID: 0) else {
            throw .invalid("handshake header")
        }
        var payload = frame.payload
        switch (phase, frame.kind, side) {
        case (.handshaking, .hello, .acceptor(let acceptor, let counts)):
            try answer(Hello(decoding: &payload), acceptor, counts)
        case (.handshaking, .handshakeReply, .initiator(let hello, let expected)):
            try take(HandshakeReply(decoding: &payload), to: hello, expected)
        case (.open, .ping, _):
            // A pong that finds no room is left out: the bytes before it are a sign of life as good.
            if outbound.byteCount < configuration.outboundByteLimit {
                outbound.append(
                    FrameHeader(kind: .pong, requestID: frame.requestID), payload: ByteBuffer(), copyFreeSize: .max)
            }
        case (.open, .pong, _):
            break
        default:
            throw .invalid("frame kind")
        }
    }

    private func answer(_ hello: Hello, _ acceptor: RPCAcceptor, _ counts: ConnectionCounts) {
        guard let context else { return }
        var reply = acceptor.hello.reply(to: hello)
        if case .accepted = reply {
            if let refusal = acceptor.admit(hello) {
                reply = .refused(refusal)
            } else if !counts.handshakeBecameConnection() {
                reply = .refused(.busy)
            }
        }
        var bytes = ByteBuffer()
        bytes.writeFrame(FrameHeader(kind: .handshakeReply, requestID: 0)) { reply.encode(into: &$0) }
        switch reply {
        case .accepted(let version, let features, _):
            open(
                to: RemoteEnd(
                    role: hello.role, nodeID: hello.nodeID, version: version, features: features,
                    address: context.addressOfRemote))
            context.writeAndFlush(NIOAny(bytes), promise: nil)
            delegate = acceptor.makeDelegate(self)
            begin()
        case .refused(let refusal):
            logger.notice(
                "connection refused",
                metadata: [
                    "remote": "\(hello.role) \(hello.nodeID) at \(context.addressOfRemote)", "reason": "\(refusal)",
                ])
            end(.refusedHere(refusal))
            closeAfterWriting(bytes, to: context)
        }
    }

    private func take(_ reply: HandshakeReply, to hello: Hello, _ expected: NodeID?) throws(DecodingFailure) {
        guard let context else { return }
        switch reply {
        case .accepted(let version, let features, let nodeID):
            guard hello.versions.minimum <= version, version <= hello.versions.maximum else {
                throw .invalid("version")
            }
            guard features.isSubset(of: hello.features) else { throw .invalid("features") }
            if let expected, expected != nodeID {
                abort(.wrongNode(nodeID))
                return
            }
            open(
                to: RemoteEnd(
                    role: .peer, nodeID: nodeID, version: version, features: features,
                    address: context.addressOfRemote))
            begin()
        case .refused(let refusal):
            abort(.refusedByRemote(refusal))
        }
    }

    private func open(to remote: RemoteEnd) {
        self.remote = remote
        phase = .open
        decoder.lengthLimit =
            remote.role == .client ? configuration.frameLengthLimit : configuration.nodeFrameLengthLimit
        scheduleTick()
        logger.debug("connection open", metadata: ["remote": "\(remote)"])
    }

    private func begin() {
        guard phase == .open else { return }
        delegate?.connectionOpened(self)
        // What was sent while the connection was made.
        flush()
    }

    private func scheduleTick() {
        schedule(after: configuration.keepaliveInterval) { $0.tick() }
    }

    /// Looks back on one keepalive interval: no clock is read for a frame, only a mark is set.
    private func tick() {
        guard phase == .open else { return }
        if heardSinceTick || drainedSinceTick() {
            silentIntervals = 0
        } else {
            silentIntervals += 1
        }
        heardSinceTick = false
        guard silentIntervals < configuration.silentIntervalLimit else {
            abort(.unresponsive)
            return
        }
        if silentIntervals > 0, outbound.byteCount < configuration.outboundByteLimit {
            pingID &+= 1
            outbound.append(FrameHeader(kind: .ping, requestID: pingID), payload: ByteBuffer(), copyFreeSize: .max)
            flush()
        }
        scheduleTick()
    }

    /// Whether a channel from which nothing is read, because it is full, got rid of bytes: a slow reader is alive.
    private func drainedSinceTick() -> Bool {
        guard readsPaused, let context,
            let held = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        else { return false }
        let drained = writtenByteCount &- held
        defer { drainedByteCount = drained }
        return drained != drainedByteCount
    }

    /// Whether this end reads nothing because its own bytes are not taken.
    var readsPaused: Bool {
        guard case .acceptor = side else { return false }
        return phase == .open && !isWritable
    }
}

extension ChannelHandlerContext {
    var addressOfRemote: String { remoteAddress?.description ?? "unknown" }
}
