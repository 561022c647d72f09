public import Machine

/// A question about the cluster rather than about data; the answer is JSON, the same as the HTTP door's.
///
/// One byte: 1 cluster, 2 ring, 3 locate; then for 3 the key behind its length.
public enum StatusQuery: Hashable, Sendable {
    /// The members, what they hold, and what moves.
    case cluster
    /// Every partition's owners.
    case ring
    /// Where a key of 1 to 4096 bytes lives.
    case locate(key: ByteBuffer)

    /// The most bytes of JSON in an answer, where the connection's limit for a frame allows it: 64 MiB.
    public static let answerByteLimit = 64 << 20

    private enum Tag: UInt8 {
        case cluster = 1
        case ring, locate
    }

    /// Writes the question.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .cluster:
            buffer.writeInteger(Tag.cluster.rawValue)
        case .ring:
            buffer.writeInteger(Tag.ring.rawValue)
        case .locate(let key):
            buffer.writeInteger(Tag.locate.rawValue)
            buffer.writePrefixed(key)
        }
    }

    /// Reads a question that fills the buffer; the key is a slice of it.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try buffer.decodeInteger("query")) else { throw .invalid("query") }
        switch tag {
        case .cluster: self = .cluster
        case .ring: self = .ring
        case .locate:
            self = .locate(key: try buffer.decodeFields { (reader) throws(DecodingFailure) in try reader.decodeKey() })
        }
        try buffer.decodeEnd("query")
    }
}
