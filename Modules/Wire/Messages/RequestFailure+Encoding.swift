public import Coordinator
public import Machine

// One byte, then what it names. Numbers are varints; the outcome is a byte, 0 not applied, 1 unknown.
//
//     1   unavailable          outcome, required, available, number of missing nodes ≤ 64, 16 bytes for each
//     2   timeout              outcome, required, available
//     3   busy                 milliseconds
//     4   too large            limit
//     5   too many siblings    limit
//     6   precondition failed
//     7   invalid              varint length, UTF-8 of at most 1024 bytes
//     8   storage              outcome, text as with 7

extension RequestFailure {
    /// The most bytes of words in a failure; what is longer is cut, at a character.
    public static let textByteLimit = 1024
    /// The most bytes of a failure.
    public static let encodedByteLimit =
        3 + 2 * ByteBuffer.varintByteLimit + PositionSet.capacity * NodeID.byteCount

    private enum Tag: UInt8 {
        case unavailable = 1
        case timeout, busy, tooLarge, tooManySiblings, preconditionFailed, invalid, storage
    }

    /// Writes the failure, at most ``encodedByteLimit`` bytes; of the missing nodes the first 64.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .unavailable(let required, let available, let missing, let outcome):
            buffer.writeMultipleIntegers(Tag.unavailable.rawValue, outcome.rawValue)
            buffer.writeNumber(required)
            buffer.writeNumber(available)
            let named = missing.prefix(PositionSet.capacity)
            buffer.writeNumber(named.count)
            for node in named {
                buffer.writeNodeID(node)
            }
        case .timeout(let required, let available, let outcome):
            buffer.writeMultipleIntegers(Tag.timeout.rawValue, outcome.rawValue)
            buffer.writeNumber(required)
            buffer.writeNumber(available)
        case .busy(let milliseconds):
            buffer.writeInteger(Tag.busy.rawValue)
            buffer.writeNumber(milliseconds)
        case .tooLarge(let limit):
            buffer.writeInteger(Tag.tooLarge.rawValue)
            buffer.writeNumber(limit)
        case .tooManySiblings(let limit):
            buffer.writeInteger(Tag.tooManySiblings.rawValue)
            buffer.writeNumber(limit)
        case .preconditionFailed:
            buffer.writeInteger(Tag.preconditionFailed.rawValue)
        case .invalid(let text):
            buffer.writeInteger(Tag.invalid.rawValue)
            buffer.writePrefixed(text.cut(toByteCount: Self.textByteLimit))
        case .storage(let text, let outcome):
            buffer.writeMultipleIntegers(Tag.storage.rawValue, outcome.rawValue)
            buffer.writePrefixed(text.cut(toByteCount: Self.textByteLimit))
        }
    }

    /// Reads what ``encode(into:)`` wrote. As the payload of a reply that is flagged a failure it fills the buffer, which is
    /// for the caller to check.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try RequestFailure(decoding: &reader)
        }
    }

    init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        guard let tag = Tag(rawValue: try reader.decodeInteger("failure")) else { throw .invalid("failure") }
        switch tag {
        case .unavailable:
            let outcome = try Outcome(decoding: &reader)
            let required = try reader.decodeNumber("required replicas")
            let available = try reader.decodeNumber("available replicas")
            var missing: [NodeID] = []
            for _ in 0..<(try reader.decodeCount(limit: PositionSet.capacity, "missing nodes")) {
                missing.append(try reader.decodeNodeID("missing node"))
            }
            self = .unavailable(required: required, available: available, missing: missing, outcome: outcome)
        case .timeout:
            let outcome = try Outcome(decoding: &reader)
            let required = try reader.decodeNumber("required replicas")
            let available = try reader.decodeNumber("available replicas")
            self = .timeout(required: required, available: available, outcome: outcome)
        case .busy:
            self = .busy(retryAfterMilliseconds: try reader.decodeNumber("milliseconds"))
        case .tooLarge:
            self = .tooLarge(limit: try reader.decodeNumber("limit"))
        case .tooManySiblings:
            self = .tooManySiblings(limit: try reader.decodeNumber("limit"))
        case .preconditionFailed:
            self = .preconditionFailed
        case .invalid:
            self = .invalid(try reader.decodePrefixedString(limit: Self.textByteLimit, "reason"))
        case .storage:
            let outcome = try Outcome(decoding: &reader)
            let text = try reader.decodePrefixedString(limit: Self.textByteLimit, "reason")
            self = .storage(text, outcome: outcome)
        }
    }
}

extension RequestFailure.Outcome {
    fileprivate init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        guard let outcome = Self(rawValue: try reader.decodeInteger("outcome")) else { throw .invalid("outcome") }
        self = outcome
    }
}
