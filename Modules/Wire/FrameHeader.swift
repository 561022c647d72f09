/// What a frame is about: one byte, told apart by range.
///
/// 0 is no kind, so that a run of zeros is never a frame. 1 to 15 belong to the connection itself (handshake, keepalive)
/// and never reach a delegate; 16 to 255 are for messages.
@frozen
public struct FrameKind: RawRepresentable, Hashable, Sendable {
    /// The byte on the wire.
    public let rawValue: UInt8

    /// The kind with this byte; every byte is taken, and 0 is refused when it is decoded.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The initiator's first frame: a ``Hello``.
    public static let hello = FrameKind(rawValue: 1)
    /// The acceptor's first frame: a ``HandshakeReply``.
    public static let handshakeReply = FrameKind(rawValue: 2)
    /// "Are you there?" Answered by a ``pong`` with the same request id.
    public static let ping = FrameKind(rawValue: 3)
    /// The answer to a ``ping``.
    public static let pong = FrameKind(rawValue: 4)

    /// The smallest kind that a message can have.
    public static let firstMessage = FrameKind(rawValue: 16)

    /// Whether the kind is a message's, and not the connection's own.
    @inlinable
    public var isMessage: Bool { rawValue >= 16 }
}

/// Eight bits beside a frame's kind. Bits without a meaning are zero, and refused when they are not.
@frozen
public struct FrameFlags: OptionSet, Hashable, Sendable {
    /// The byte on the wire.
    public let rawValue: UInt8

    /// The flags with these bits.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The frame answers the request with its id, which was made at the other end.
    public static let reply = FrameFlags(rawValue: 1)
    /// The reply says why there is no answer; its payload is a typed error.
    public static let failure = FrameFlags(rawValue: 2)
    /// Every bit that has a meaning in this version.
    public static let defined: FrameFlags = [.reply, .failure]
}

/// What stands in front of each payload, after the length.
@frozen
public struct FrameHeader: Hashable, Sendable {
    /// What the frame is about.
    public var kind: FrameKind
    /// Whether it asks or answers.
    public var flags: FrameFlags
    /// Tells requests in flight on one connection apart; whoever asks chooses it, and the reply repeats it.
    public var requestID: UInt64

    /// A header; a frame without flags asks or tells.
    @inlinable
    public init(kind: FrameKind, flags: FrameFlags = [], requestID: UInt64) {
        self.kind = kind
        self.flags = flags
        self.requestID = requestID
    }

    /// The bytes of the length field.
    public static let lengthByteCount = 4
    /// The bytes of kind, flags and request id: the least that a length counts.
    public static let byteCount = 10
    /// The bytes that a frame has beyond its payload.
    public static let overhead = lengthByteCount + byteCount
    /// The largest length that a decoder takes unless it is told otherwise, and that clients' frames have: 16 MiB.
    public static let defaultLengthLimit = 16 << 20
    /// The largest length of a node's frames, to another node or as an answer: 72 MiB.
    ///
    /// Clients are held to objects of 8 MiB, at each coordinator: what replicas make of that when they merge is larger, and
    /// has to come through, as has a whole batch of a handoff (64 MiB) with what stands around it.
    public static let nodeLengthLimit = 72 << 20
}
