import Logging
import Machine
public import NIOCore
public import Wire

/// One framed connection, bound to one event loop and used on it only.
///
/// Frames are appended to one outbound buffer, and ``flush()`` writes it at once: there is no task, actor, lock or promise
/// for a frame. Before the handshake is done the delegate hears nothing, though an initiator may already send: the
/// frames wait. The end is told once, through the delegate.
///
/// Both directions are bounded. What is sent faster than the other end reads waits up to
/// ``RPCConfiguration/outboundByteLimit``; then sends are `busy`. An acceptor whose replies are not read stops reading
/// requests as well. An initiator never stops reading, so that two full connections do not wait for each other.
public final class RPCConnection {
    /// Which end opened the connection.
    enum Side {
        /// This end, to reach `expecting`, or whoever is there.
        case initiator(Hello, expecting: NodeID?)
        /// The other end.
        case acceptor(RPCAcceptor, ConnectionCounts)
    }

    enum Phase: UInt8 {
        case connecting, handshaking, open, closed
    }

    /// The loop that the connection lives on.
    public let eventLoop: any EventLoop
    /// The other end, once the connection is open.
    public internal(set) var remote: RemoteEnd?
    /// Whether bytes go out without being kept back.
    public internal(set) var isWritable = true

    let side: Side
    let configuration: RPCConfiguration
    let logger: Logger
    var phase = Phase.connecting
    var closeReason: ConnectionCloseReason?
    var delegate: (any RPCConnectionDelegate)?
    var context: ChannelHandlerContext?

    var decoder = FrameDecoder(lengthLimit: Hello.frameLengthLimit)
    var outbound = OutboundBytes()
    var pingID: UInt64 = 0

    /// The handshake's timer, then the keepalive's, then that of the last bytes: one at a time.
    var timer: Scheduled<Void>?
    var heardSinceTick = false
    var silentIntervals = 0
    /// All bytes handed to the channel, to see whether a full one still drains.
    var writtenByteCount = 0
    var drainedByteCount = 0

    init(
        _ side: Side, eventLoop: any EventLoop, delegate: (any RPCConnectionDelegate)?,
        configuration: RPCConfiguration, logger: Logger
    ) {
        self.side = side
        self.eventLoop = eventLoop
        self.delegate = delegate
        self.configuration = configuration
        self.logger = logger
    }

    /// Whether the handshake is done and the connection has not ended.
    public var isOpen: Bool { phase == .open }

    /// The bytes that wait here for the next flush, or for the channel to take more.
    public var queuedByteCount: Int { outbound.byteCount }

    /// Appends a frame to what the next flush writes. A large payload is not copied.
    public func send(
        kind: FrameKind, flags: FrameFlags = [], requestID: UInt64, payload: ByteBuffer
    ) -> SendOutcome {
        eventLoop.assertInEventLoop()
        assert(kind.isMessage, "kind \(kind.rawValue) is the connection's own")
        guard FrameHeader.byteCount + payload.readableBytes <= sentLengthLimit else {
            return .tooLarge(limit: sentLengthLimit)
        }
        if let refusal = refusal(ofByteCount: FrameHeader.overhead + payload.readableBytes) { return refusal }
        outbound.append(
            FrameHeader(kind: kind, flags: flags, requestID: requestID), payload: payload,
            copyFreeSize: configuration.copyFreePayloadSize)
        return .queued
    }

    /// Appends a frame whose payload `body` appends in place, into the buffer that goes out: no copy at all.
    ///
    /// Its size is known only afterwards, so that the bytes that wait may pass their limit by this one frame.
    public func send(
        kind: FrameKind, flags: FrameFlags = [], requestID: UInt64, _ body: (inout ByteBuffer) -> Void
    ) -> SendOutcome {
        eventLoop.assertInEventLoop()
        assert(kind.isMessage, "kind \(kind.rawValue) is the connection's own")
        if let refusal = refusal(ofByteCount: FrameHeader.overhead) { return refusal }
        let header = FrameHeader(kind: kind, flags: flags, requestID: requestID)
        guard outbound.append(header, lengthLimit: sentLengthLimit, body) else {
            return .tooLarge(limit: sentLengthLimit)
        }
        return .queued
    }

    /// Writes everything that waits in one go. Does nothing before the connection is open, or while the channel is full;
    /// the connection then flushes by itself when it can.
    public func flush() {
        eventLoop.assertInEventLoop()
        guard phase == .open, isWritable, !outbound.isEmpty, let context else { return }
        write(to: context)
        context.flush()
    }

    /// Ends the connection after what waits has gone out, or the handshake timeout. Nothing more is received.
    public func close() {
        eventLoop.assertInEventLoop()
        guard phase != .closed else { return }
        let wasOpen = phase == .open
        end(.closedHere)
        guard let context else { return }
        if wasOpen {
            write(to: context)
        }
        closeAfterWriting(ByteBuffer(), to: context)
    }

    /// The largest frame that this end sends: a client's are held shorter than a node's.
    private var sentLengthLimit: Int {
        if case .initiator(let hello, _) = side, hello.role == .client { return configuration.frameLengthLimit }
        return configuration.nodeFrameLengthLimit
    }

    private func refusal(ofByteCount byteCount: Int) -> SendOutcome? {
        let limit =
            switch phase {
            case .open: configuration.outboundByteLimit
            case .connecting, .handshaking: configuration.connectingByteLimit
            case .closed: -1
            }
        guard phase != .closed else { return .closed }
        return outbound.byteCount + byteCount <= limit ? nil : .busy
    }

    func write(to context: ChannelHandlerContext) {
        writtenByteCount &+= outbound.byteCount
        outbound.drain { context.write(NIOAny($0), promise: nil) }
    }
}
