public import Gossip
public import Machine

/// The answer to a `GossipState` that a peer sent for a push-pull.
///
/// One byte, 1 for a state and 2 for a refusal; then the state in its own form, or the refusal's byte.
public enum PushPullReply: Hashable, Sendable {
    /// What the answering member knows.
    case state(GossipState)
    /// It will not, and why.
    case refused(GossipRefusal)

    private enum Tag: UInt8 {
        case state = 1
        case refused
    }

    /// Writes the reply.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .state(let state):
            buffer.writeInteger(Tag.state.rawValue)
            state.encode(into: &buffer)
        case .refused(let refusal):
            buffer.writeMultipleIntegers(Tag.refused.rawValue, refusal.rawValue)
        }
    }

    /// Reads a reply that fills the buffer. Metadata are slices of it.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("push-pull reply")) else {
            throw .invalid("push-pull reply")
        }
        switch tag {
        case .state:
            self = .state(try GossipState(decoding: &buffer))
        case .refused:
            guard let refusal = GossipRefusal(rawValue: try buffer.decodeInteger("refusal")) else {
                throw .invalid("refusal")
            }
            self = .refused(refusal)
        }
        try buffer.decodeEnd("push-pull reply")
    }
}
