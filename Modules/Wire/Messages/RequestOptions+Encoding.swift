public import Coordinator
public import Machine

// Options are one byte that says what is given, then what is given.
//
//     given      bits 0–4: read, write, primary read, primary write, durable write; 5: sloppy; 6: timeout; 7: zero
//     sizes      1 byte for each that is given, in that order: 1–16 the number, 32 one, 33 quorum, 34 all
//     timeout    varint, nanoseconds

extension RequestOptions {
    private enum Given {
        static let read: UInt8 = 1 << 0
        static let write: UInt8 = 1 << 1
        static let primaryRead: UInt8 = 1 << 2
        static let primaryWrite: UInt8 = 1 << 3
        static let durableWrite: UInt8 = 1 << 4
        static let sloppy: UInt8 = 1 << 5
        static let timeout: UInt8 = 1 << 6
        static let all: UInt8 = 0x7f
    }

    /// The most bytes of options.
    static let encodedByteLimit = 6 + ByteBuffer.varintByteLimit

    /// Writes 1 to 16 bytes. A timeout that has passed goes out as 0, and a number of replicas that nobody can ask for as
    /// one that every decoder refuses.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeFields(byteLimit: Self.encodedByteLimit) { encode(into: &$0) }
    }

    func encode(into writer: inout FieldWriter) {
        var given: UInt8 = sloppy ? Given.sloppy : 0
        if read != nil { given |= Given.read }
        if write != nil { given |= Given.write }
        if primaryRead != nil { given |= Given.primaryRead }
        if primaryWrite != nil { given |= Given.primaryWrite }
        if durableWrite != nil { given |= Given.durableWrite }
        if timeout != nil { given |= Given.timeout }
        writer.writeInteger(given)
        if let read { writer.writeInteger(read.byte) }
        if let write { writer.writeInteger(write.byte) }
        if let primaryRead { writer.writeInteger(primaryRead.byte) }
        if let primaryWrite { writer.writeInteger(primaryWrite.byte) }
        if let durableWrite { writer.writeInteger(durableWrite.byte) }
        if let timeout { writer.writeVarint(UInt64(max(timeout, 0))) }
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        self = try buffer.decodeFields { (reader) throws(DecodingFailure) in
            try RequestOptions(decoding: &reader)
        }
    }

    init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        let given = try reader.decodeInteger(as: UInt8.self, "options")
        guard given & ~Given.all == 0 else { throw .invalid("options") }
        self.init(sloppy: given & Given.sloppy != 0)
        if given & Given.read != 0 { read = try QuorumSize(decoding: &reader) }
        if given & Given.write != 0 { write = try QuorumSize(decoding: &reader) }
        if given & Given.primaryRead != 0 { primaryRead = try QuorumSize(decoding: &reader) }
        if given & Given.primaryWrite != 0 { primaryWrite = try QuorumSize(decoding: &reader) }
        if given & Given.durableWrite != 0 { durableWrite = try QuorumSize(decoding: &reader) }
        if given & Given.timeout != 0 { timeout = Int64(try reader.decodeNumber("timeout")) }
    }
}

extension QuorumSize {
    fileprivate var byte: UInt8 {
        switch self {
        case .count(let count): (1...Self.limit).contains(count) ? UInt8(count) : 0
        case .one: 32
        case .quorum: 33
        case .all: 34
        }
    }

    fileprivate init(decoding reader: inout FieldReader) throws(DecodingFailure) {
        switch try reader.decodeInteger(as: UInt8.self, "number of replicas") {
        case 32: self = .one
        case 33: self = .quorum
        case 34: self = .all
        case let count where (1...Self.limit).contains(Int(count)): self = .count(Int(count))
        default: throw .invalid("number of replicas")
        }
    }
}
