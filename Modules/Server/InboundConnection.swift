import Coordinator
import Gossip
import Handoff
import Logging
import Machine
import Node
import RPC
import Wire

/// A connection that a client or another node has opened to this one.
///
/// What is about one key is served on the connection's own loop. What is about the cluster or about whole partitions goes
/// to the control plane.
///
/// A question that cannot be read, or is not this end's to ask, has a failure for an answer (``FrameFlags/failure``), and so
/// has one whose answer is larger than a frame may be: the connection and the other questions on it go on. Only broken
/// framing ends a connection, and another end that does not take its answers.
final class InboundConnection: RPCConnectionDelegate {
    private let connection: RPCConnection
    private let shard: ShardRunner
    private let control: ControlRunner
    private let service: ServerService
    private let logger: Logger
    private var id: UInt32 = 0
    private var isUnflushed = false
    /// Whether a message has been refused: said once for a connection, so that nobody fills the log.
    private var hasRefused = false

    /// Whether a node is at the other end.
    let isPeer: Bool
    private let node: NodeID

    init(
        _ connection: RPCConnection, shard: ShardRunner, control: ControlRunner, service: ServerService, logger: Logger
    ) {
        self.connection = connection
        self.shard = shard
        self.control = control
        self.service = service
        self.logger = logger
        isPeer = connection.remote?.role == .peer
        node = connection.remote?.nodeID ?? .zero
    }

    /// Appends an answer; `true` where the connection is to be flushed and has not said so yet.
    func reply(kind: FrameKind, requestID: UInt64, _ body: (inout ByteBuffer) -> Void) -> Bool {
        let outcome = connection.send(kind: kind, flags: .reply, requestID: requestID, body)
        if case .tooLarge(let limit) = outcome {
            logger.warning(
                "an answer is larger than a frame may be", metadata: ["kind": "\(kind.rawValue)", "limit": "\(limit)"])
            return fail(kind: kind, requestID: requestID, .tooLarge(limit: limit))
        }
        return isFirstUnflushed(after: outcome)
    }

    /// Appends a failure as the answer; `true` as with ``reply(kind:requestID:_:)``.
    private func fail(kind: FrameKind, requestID: UInt64, _ failure: RequestFailure) -> Bool {
        isFirstUnflushed(
            after: connection.send(kind: kind, flags: [.reply, .failure], requestID: requestID) {
                failure.encode(into: &$0)
            })
    }

    private func isFirstUnflushed(after outcome: SendOutcome) -> Bool {
        guard outcome == .queued else {
            // Answers that the other end does not take: it has more in flight than it reads.
            logger.notice("connection closed: its answers are not taken (\(outcome))")
            connection.close()
            return false
        }
        defer { isUnflushed = true }
        return !isUnflushed
    }

    func flush() {
        isUnflushed = false
        connection.flush()
    }

    func close() {
        connection.close()
    }

    func connectionOpened(_ connection: RPCConnection) {
        id = shard.add(self)
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        // An answer, to nobody's question.
        guard !frame.flags.contains(.reply) else { return }
        var payload = frame.payload
        do {
            try take(frame, &payload)
        } catch {
            logger.log(
                level: hasRefused ? .debug : .warning, "a message was refused: \(error)",
                metadata: ["kind": "\(frame.kind.rawValue)", "from": "\(connection.remote?.address ?? "unknown")"])
            hasRefused = true
            let failure = RequestFailure.invalid("the message of kind \(frame.kind.rawValue) is refused: \(error)")
            if fail(kind: frame.kind, requestID: frame.requestID, failure) {
                shard.flushLater(self)
            }
        }
    }

    func connectionReadComplete(_ connection: RPCConnection) {
        shard.finishBatch()
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        shard.remove(id)
        // A connection that ends amid a read has no end of the batch: what was taken before would wait for another's.
        shard.finishBatch()
    }

    private func take(_ frame: Frame, _ payload: inout ByteBuffer) throws(DecodingFailure) {
        let caller = ControlCaller(connection: id, requestID: frame.requestID)
        switch frame.kind {
        case .request:
            shard.handle(
                .request(try Request(decoding: &payload), from: .peer(connection: id, requestID: frame.requestID)))
        case .replica where isPeer:
            shard.handle(
                .asked(
                    try ReplicaRequest(decoding: &payload), from: .peer(connection: id, requestID: frame.requestID)))
        case .handoff where isPeer:
            control.receive(.handoffRequested(try HandoffRequest(decoding: &payload), from: node, caller))
        case .exchange where isPeer:
            control.receive(.exchangeRequested(try MembershipExchange(decoding: &payload), caller))
        case .pushPull where isPeer:
            control.pushPullRequested(try GossipState(decoding: &payload), caller)
        case .query:
            let control = control
            service.answer(try StatusQuery(decoding: &payload)) { json in
                control.answer(caller, kind: .query) { $0.writeImmutableBuffer(json) }
            }
        case .statistics:
            control.statisticsRequested(caller)
        default:
            throw .invalid("message kind")
        }
    }
}
