import Coordinator
import Gossip
import Handoff
import Machine
import Wire

extension Node {
    func take(
        _ bytes: ByteBuffer, from address: GossipAddress, at now: Instant, into effects: inout Effects<NodeEffect>
    ) {
        var rest = bytes
        read(into: &effects) { () throws(DecodingFailure) in
            inbox.emit(.control(.datagram(try GossipDatagram(decoding: &rest), from: address)))
        }
    }

    /// A question of another node. One that cannot be read has no answer: the asker's deadline ends it.
    func take(
        _ frame: Frame, of node: NodeID, over connection: UInt32, at now: Instant,
        into effects: inout Effects<NodeEffect>
    ) {
        let caller = ControlCaller(connection: connection, requestID: frame.requestID)
        var payload = frame.payload
        do throws(DecodingFailure) {
            switch frame.kind {
            case .replica:
                let request = try ReplicaRequest(decoding: &payload)
                let peer = Caller.peer(connection: connection, requestID: frame.requestID)
                turn(
                    ofShard: Int(connection) % shards.count, .asked(request, from: peer), at: now, into: &effects)
            case .handoff:
                inbox.emit(.control(.handoffRequested(try HandoffRequest(decoding: &payload), from: node, caller)))
            case .exchange:
                let exchange = try MembershipExchange(decoding: &payload, knowing: control.membership)
                inbox.emit(.control(.exchangeRequested(exchange, caller)))
            case .pushPull:
                let state = try GossipState(decoding: &payload)
                guard let slot = pushPulls.insert(caller) else { return }
                inbox.emit(.control(.pushPullRequested(state, PushPullID(rawValue: slot.rawValue))))
            default:
                throw .invalid("message kind")
            }
        } catch {
            effects.emit(.observe(.unreadable("\(error)")))
        }
    }

    /// An answer to a question of this node; one that cannot be read is a failed one.
    func take(
        answer frame: Frame, of node: NodeID, lane: Int, at now: Instant, into effects: inout Effects<NodeEffect>
    ) {
        var payload = frame.payload
        guard lane >= shards.count else {
            let call = CallID(rawValue: frame.requestID)
            do throws(DecodingFailure) {
                let response = try ReplicaResponse(decoding: &payload)
                turn(ofShard: lane, .answered(call, response), at: now, into: &effects)
            } catch {
                effects.emit(.observe(.unreadable("\(error)")))
                turn(ofShard: lane, .answered(call, .failed), at: now, into: &effects)
            }
            return
        }
        let slot = SlotID(rawValue: frame.requestID)
        guard let call = calls[slot], call.node == node else { return }
        calls.remove(slot)
        let isRead = read(into: &effects) { () throws(DecodingFailure) in
            switch call.purpose {
            case .exchange:
                let exchange = try MembershipExchange(decoding: &payload, knowing: control.membership)
                inbox.emit(.control(.exchangeAnswered(exchange, from: node)))
            case .handoff(let ticket):
                let byteCount = payload.readableBytes
                let response = try HandoffResponse(decoding: &payload)
                inbox.emit(.control(.handoffAnswered(ticket, response, byteCount: byteCount)))
            }
        }
        if !isRead {
            fail(call)
        }
    }

    func takePushPull(answer frame: Frame, into effects: inout Effects<NodeEffect>) {
        var payload = frame.payload
        read(into: &effects) { () throws(DecodingFailure) in
            if case .state(let state) = try PushPullReply(decoding: &payload) {
                inbox.emit(.control(.pushPullAnswered(state)))
            }
        }
    }

    @discardableResult
    private func read(
        into effects: inout Effects<NodeEffect>, _ body: () throws(DecodingFailure) -> Void
    ) -> Bool {
        do throws(DecodingFailure) {
            try body()
            return true
        } catch {
            effects.emit(.observe(.unreadable("\(error)")))
            return false
        }
    }
}
