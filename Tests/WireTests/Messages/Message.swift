import Coordinator
import Gossip
import Handoff
import Machine
import Ring
import Testing
import Wire

/// What all messages have in common; the tests are written once, for all of them.
protocol Message: Equatable, Sendable {
    func encode(into buffer: inout ByteBuffer)
    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure)
    /// Whether equal messages have equal bytes: all but those that carry a compressed batch.
    var isCanonical: Bool { get }
}

extension Message {
    var isCanonical: Bool { true }
}

extension Request: Message {}
extension Response: Message {}
extension RequestFailure: Message {}
extension ReplicaRequest: Message {}
extension ReplicaResponse: Message {}
extension HandoffRequest: Message {
    var isCanonical: Bool {
        if case .deliver = self { false } else { true }
    }
}
extension HandoffResponse: Message {
    var isCanonical: Bool {
        if case .pulled = self { false } else { true }
    }
}
extension MembershipExchange: Message {}
extension PushPullReply: Message {}
extension StatusQuery: Message {}
extension NodeStatistics: Message {}

extension Message {
    /// What `buffer` says, where that is all that is in it.
    static func decoded(_ buffer: ByteBuffer) throws(DecodingFailure) -> Self {
        var rest = buffer
        let message = try Self(decoding: &rest)
        try rest.decodeEnd("message")
        return message
    }

    /// Whether the message comes back from its bytes as it was, from the middle of a buffer too.
    func comesBack() throws -> Bool {
        var padded = ByteBuffer(string: "before")
        encode(into: &padded)
        padded.moveReaderIndex(forwardBy: 6)
        return try Self.decoded(padded) == self && padded == encoded(encode)
    }

    /// Whether every truncation of the message's bytes is refused, and bytes with changes are refused or are the bytes of
    /// another message.
    func withstandsDamage(seed: UInt64, rounds: Int = 3000) -> Bool {
        hammer(encoded(encode), seed: seed, rounds: rounds) { (buffer: inout ByteBuffer) throws(DecodingFailure) in
            let message = try Self(decoding: &buffer)
            return message.isCanonical ? encoded(message.encode) : nil
        }
    }
}
