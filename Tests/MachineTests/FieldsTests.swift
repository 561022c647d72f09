import Machine
import Testing

@Suite struct FieldsTests {
    private static func bytes(_ buffer: ByteBuffer) -> [UInt8] { Array(buffer.readableBytesView) }

    private static func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        write(&buffer)
        return bytes(buffer)
    }

    /// What reading gives, as a value that can be compared.
    private static func outcome<Value>(
        _ bytes: [UInt8], _ read: (inout ByteBuffer) throws(DecodingFailure) -> Value
    ) -> Result<Value, DecodingFailure> {
        var buffer = ByteBuffer(bytes: bytes)
        do throws(DecodingFailure) {
            return .success(try read(&buffer))
        } catch {
            return .failure(error)
        }
    }

    private static func varint(_ bytes: [UInt8]) -> Result<UInt64, DecodingFailure> {
        outcome(bytes) { (buffer: inout ByteBuffer) throws(DecodingFailure) in try buffer.decodeVarint("field") }
    }

    /// Every place where the number of bytes changes, and the ends.
    static let edges: [UInt64] = {
        let powers = (1...9).map { exponent in (1 as UInt64) << UInt64(7 * exponent) }
        return [0, 1, .max - 1, .max] + powers.flatMap { power in [power - 1, power, power + 1] }
    }()

    @Test(
        arguments: [
            (0, [0x00]), (1, [0x01]), (127, [0x7f]), (128, [0x80, 0x01]), (300, [0xac, 0x02]), (16383, [0xff, 0x7f]),
            (16384, [0x80, 0x80, 0x01]), (624_485, [0xe5, 0x8e, 0x26]),
            (1 << 63, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
            (.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] as [(UInt64, [UInt8])])
    func `a varint has these bytes`(value: UInt64, expected: [UInt8]) {
        #expect(Self.written { $0.writeVarint(value) } == expected)
        #expect(Self.varint(expected) == .success(value))
    }

    @Test func `every varint comes back, its size known beforehand, and no prefix of it is enough`() {
        var generator = SeededGenerator(seed: 1)
        let random = (0..<2000).map { _ in generator.next() >> generator.below(64) }
        for value in Self.edges + random {
            let bytes = Self.written { $0.writeVarint(value) }
            #expect(Self.varint(bytes) == .success(value), "seed 1: \(value)")
            #expect(bytes.count == ByteBuffer.varintByteCount(value), "seed 1: \(value)")
            #expect(bytes.count <= ByteBuffer.varintByteLimit)
            for length in 0..<bytes.count {
                #expect(Self.varint(Array(bytes.prefix(length))) == .failure(.truncated("field")), "seed 1: \(value)")
            }
        }
    }

    @Test(
        arguments: [
            [0x80, 0x00], [0xff, 0x00], [0x80, 0x80, 0x00],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
        ] as [[UInt8]])
    func `a varint that is longer than its value needs is refused`(bytes: [UInt8]) {
        #expect(Self.varint(bytes) == .failure(.invalid("field")))
    }

    @Test(
        arguments: [
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81, 0x00],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] as [[UInt8]])
    func `a varint beyond 64 bits is refused`(bytes: [UInt8]) {
        #expect(Self.varint(bytes) == .failure(.invalid("field")))
    }

    @Test func `any bytes are refused or are exactly what their value would be written as`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                var buffer = ByteBuffer(bytes: [first, second, 0x01])
                do {
                    let value = try buffer.decodeVarint("field")
                    let canonical = Self.written { $0.writeVarint(value) }
                    #expect(canonical == Array([first, second, 0x01].prefix(3 - buffer.readableBytes)))
                } catch {
                    #expect(error == .invalid("field") && first >= 0x80 && second == 0)
                }
            }
        }
    }

    @Test func `a count at its limit is taken and one above it is refused`() {
        func count(_ value: UInt64, limit: Int) -> Result<Int, DecodingFailure> {
            Self.outcome(Self.written { $0.writeVarint(value) }) { (buffer: inout ByteBuffer) throws(DecodingFailure) in
                try buffer.decodeCount(limit: limit, "count")
            }
        }
        #expect(count(0, limit: 0) == .success(0))
        #expect(count(1, limit: 0) == .failure(.tooLarge("count", limit: 0)))
        #expect(count(1000, limit: 1000) == .success(1000))
        #expect(count(1001, limit: 1000) == .failure(.tooLarge("count", limit: 1000)))
        #expect(count(UInt64(Int.max), limit: .max) == .success(.max))
        #expect(count(UInt64(Int.max) + 1, limit: .max) == .failure(.tooLarge("count", limit: .max)))
        #expect(count(.max, limit: 5) == .failure(.tooLarge("count", limit: 5)))
    }

    @Test func `integers are big-endian and a short one is truncated`() {
        let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04]
        func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Result<Value, DecodingFailure> {
            Self.outcome(bytes) { (buffer: inout ByteBuffer) throws(DecodingFailure) in
                try buffer.decodeInteger(as: type, "integer")
            }
        }
        #expect(integer(UInt8.self) == .success(0x01))
        #expect(integer(UInt16.self) == .success(0x0102))
        #expect(integer(UInt32.self) == .success(0x0102_0304))
        #expect(integer(UInt64.self) == .failure(.truncated("integer")))
    }

    @Test func `bytes behind their length come back as a slice of what was received`() throws {
        let content = ByteBuffer(string: "dynamo")
        var buffer = ByteBuffer()
        buffer.writePrefixed(content)
        #expect(Self.bytes(buffer) == [6] + Array("dynamo".utf8))
        #expect(content.readableBytes == 6)
        let slice = try buffer.decodePrefixed(limit: 6, "value")
        #expect(slice == content)
        let isShared = slice.withUnsafeReadableBytes { inner in
            buffer.withVeryUnsafeBytes { outer in
                guard let start = inner.baseAddress, let base = outer.baseAddress else { return false }
                return start >= base && start < base + outer.count
            }
        }
        #expect(isShared)
        try buffer.decodeEnd("message")
    }

    @Test func `bytes behind their length are refused over the limit and where they end too soon`() {
        func prefixed(_ bytes: [UInt8], limit: Int) -> Result<ByteBuffer, DecodingFailure> {
            Self.outcome(bytes) { (buffer: inout ByteBuffer) throws(DecodingFailure) in
                try buffer.decodePrefixed(limit: limit, "value")
            }
        }
        #expect(prefixed([0], limit: 0) == .success(ByteBuffer()))
        #expect(prefixed([3, 1, 2, 3], limit: 2) == .failure(.tooLarge("value", limit: 2)))
        #expect(prefixed([3, 1, 2], limit: 3) == .failure(.truncated("value")))
        #expect(prefixed([], limit: 3) == .failure(.truncated("value")))
        // A length that no memory could hold allocates nothing.
        let huge = Self.written { $0.writeVarint(UInt64(Int.max)) }
        #expect(prefixed(huge, limit: .max) == .failure(.truncated("value")))
    }

    @Test(arguments: ["", "a", "Übergröße", "日本語", "👩‍👩‍👧", "e\u{301}", "\u{0}"])
    func `text comes back byte for byte`(text: String) throws {
        var buffer = ByteBuffer()
        buffer.writePrefixed(text)
        #expect(buffer.readableBytes == ByteBuffer.varintByteCount(UInt64(text.utf8.count)) + text.utf8.count)
        let read = try buffer.decodePrefixedString(limit: text.utf8.count, "text")
        // Strings that look alike are equal in Swift; their bytes need not be.
        #expect(Array(read.utf8) == Array(text.utf8))
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80],
        ] as [[UInt8]])
    func `text that is not UTF-8 is refused`(bytes: [UInt8]) {
        let outcome = Self.outcome([UInt8(bytes.count)] + bytes) { (buffer: inout ByteBuffer) throws(DecodingFailure) in
            try buffer.decodePrefixedString(limit: 10, "text")
        }
        #expect(outcome == .failure(.invalid("text")))
    }

    @Test func `an identity is its sixteen bytes, the more significant first`() throws {
        let id = NodeID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)
        let bytes = Self.written { $0.writeNodeID(id) }
        #expect(bytes == Array(1...16))
        #expect(bytes.count == NodeID.byteCount)
        for length in 0...16 {
            let outcome = Self.outcome(Array(bytes.prefix(length))) {
                (buffer: inout ByteBuffer) throws(DecodingFailure) in try buffer.decodeNodeID("node")
            }
            #expect(outcome == (length == 16 ? .success(id) : .failure(.truncated("node"))))
        }
    }

    @Test func `bytes behind the end of a message are refused`() throws {
        try ByteBuffer().decodeEnd("message")
        #expect(throws: DecodingFailure.invalid("message")) { try ByteBuffer(bytes: [0]).decodeEnd("message") }
    }

    @Test func `no bytes at all make a reader trap`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            let bytes = (0..<generator.below(24)).map { _ in
                generator.chance(1, in: 2) ? UInt8(generator.below(4)) : UInt8(generator.below(256))
            }
            var buffer = ByteBuffer(bytes: bytes)
            do throws(DecodingFailure) {
                while buffer.readableBytes > 0 {
                    switch generator.below(5) {
                    case 0: _ = try buffer.decodeVarint("varint")
                    case 1: _ = try buffer.decodeCount(limit: 3, "count")
                    case 2: _ = try buffer.decodePrefixed(limit: .max, "bytes")
                    case 3: _ = try buffer.decodePrefixedString(limit: 8, "text")
                    default: _ = try buffer.decodeNodeID("node")
                    }
                }
            } catch {
                #expect(!error.description.isEmpty, "seed 7: \(bytes)")
            }
        }
    }

    @Test func `a failure says what was wrong in a sentence`() {
        #expect(DecodingFailure.truncated("the key").description == "the bytes end within the key")
        #expect(DecodingFailure.tooLarge("the key", limit: 9).description == "the key is over its limit of 9")
        #expect(DecodingFailure.invalid("the key").description == "the key has a value that it cannot have")
    }

    @Test func `a writer's fields are those of the buffer, and a reader gives them back or says what is missing`() {
        let (node, key) = (NodeID(high: 1, low: 2), ByteBuffer(bytes: [7, 8, 9]))
        var buffer = ByteBuffer(bytes: [0xee])
        buffer.moveReaderIndex(forwardBy: 1)
        buffer.writeFields(byteLimit: 64) { writer in
            writer.writeInteger(0 as UInt16)
            writer.writeVarint(300)
            writer.writeNodeID(node)
            writer.writePrefixed(key)
            writer.writePrefixed("ä")
            writer.writeZeros(2)
            writer.setInteger(0x0102 as UInt16, at: 0)
        }
        let expected = Self.written { buffer in
            buffer.writeInteger(0x0102 as UInt16)
            buffer.writeVarint(300)
            buffer.writeNodeID(node)
            buffer.writePrefixed(key)
            buffer.writePrefixed("ä")
            buffer.writeRepeatingByte(0, count: 2)
        }
        #expect(Self.bytes(buffer) == expected)
        let whole = buffer.readableBytes
        for length in 0...whole {
            var cut = buffer
            cut.moveWriterIndex(to: buffer.readerIndex + length)
            do throws(DecodingFailure) {
                let text = try cut.decodeFields { (reader) throws(DecodingFailure) in
                    let (number, varint) = (
                        try reader.decodeInteger(as: UInt16.self, "number"), try reader.decodeVarint("varint")
                    )
                    let (id, bytes) = (try reader.decodeNodeID("node"), try reader.decodePrefixed(limit: 3, "key"))
                    #expect(number == 0x0102 && varint == 300 && id == node && bytes == key)
                    return try reader.decodePrefixedString(limit: 2, "text")
                }
                #expect(text == "ä" && length >= whole - 2)
                #expect(cut.readableBytes == length - (whole - 2))
            } catch {
                #expect(length < whole - 2)
                #expect(cut.readableBytes == length, "what failed has read something")
            }
        }
    }
}
