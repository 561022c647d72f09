import Machine
import Testing
import Wire

@Suite struct FrameDecoderTests {
    static let golden = bytes("0000000d 10 01 0102030405060708 616263")
    static let frame = Frame(
        header: FrameHeader(kind: FrameKind(rawValue: 16), flags: .reply, requestID: 0x0102_0304_0506_0708),
        payload: ByteBuffer(string: "abc"))

    @Test func `a frame has these bytes`() throws {
        #expect(encoded(Self.frame.encode) == Self.golden)
        var decoder = FrameDecoder()
        decoder.append(Self.golden)
        #expect(try decoder.next() == Self.frame)
        #expect(try decoder.next() == nil)
        #expect(decoder.pendingByteCount == 0)
    }

    @Test func `a payload written in place gives the same bytes`() {
        var buffer = ByteBuffer(string: "before")
        let count = buffer.writeFrame(Self.frame.header) { $0.writeString("abc") }
        #expect(count == Self.golden.readableBytes)
        buffer.moveReaderIndex(forwardBy: 6)
        #expect(buffer == Self.golden)
    }

    @Test func `frames come out the same however the bytes are cut`() throws {
        for seed in UInt64(0)..<300 {
            var generator = SeededGenerator(seed: seed)
            let frames = (0..<generator.below(12)).map { _ in randomFrame(from: &generator) }
            var stream = encoded { buffer in frames.forEach { $0.encode(into: &buffer) } }
            var decoder = FrameDecoder()
            var received: [Frame] = []
            // Byte by byte, all at once, or cut at random.
            let longest = seed % 10 == 0 ? 1 : seed % 10 == 1 ? UInt64(stream.readableBytes) : 200
            while stream.readableBytes > 0 {
                let wanted = seed % 10 < 2 ? longest : 1 + generator.below(longest)
                let piece = stream.readSlice(length: min(stream.readableBytes, Int(wanted)))
                decoder.append(piece ?? ByteBuffer())
                while let frame = try decoder.next() {
                    received.append(frame)
                }
            }
            #expect(received == frames, "seed \(seed)")
            #expect(decoder.pendingByteCount == 0, "seed \(seed)")
        }
    }

    @Test func `pieces may be appended before the frames are taken`() throws {
        var decoder = FrameDecoder()
        var rest = Self.golden
        while let byte = rest.readSlice(length: 1) {
            decoder.append(byte)
        }
        #expect(try decoder.next() == Self.frame)
    }

    @Test func `a whole frame's payload is a slice of what was received`() throws {
        let payload = ByteBuffer(repeating: 7, count: 1000)
        let stream = encoded { Frame(header: Self.frame.header, payload: payload).encode(into: &$0) }
        var decoder = FrameDecoder()
        decoder.append(stream)
        let next = try decoder.next()
        let frame = try #require(next)
        let inStream = stream.withUnsafeReadableBytes { $0.baseAddress.map { $0 + FrameHeader.overhead } }
        #expect(frame.payload.withUnsafeReadableBytes { $0.baseAddress } == inStream)
    }

    @Test func `a length over the limit is refused by its four bytes alone`() throws {
        var decoder = FrameDecoder(lengthLimit: 100)
        decoder.append(bytes("00000065"))
        #expect(throws: DecodingFailure.tooLarge("frame length", limit: 100)) { try decoder.next() }
        // For good, whatever comes.
        decoder.append(Self.golden)
        #expect(throws: DecodingFailure.tooLarge("frame length", limit: 100)) { try decoder.next() }
        var exact = FrameDecoder(lengthLimit: 100)
        exact.append(bytes("00000064"))
        #expect(try exact.next() == nil)
    }

    @Test(arguments: [
        ("00000009", DecodingFailure.invalid("frame length")),
        ("00000000", .invalid("frame length")),
        ("ffffffff", .tooLarge("frame length", limit: FrameHeader.defaultLengthLimit)),
        ("0000000a 00 00 0000000000000000", .invalid("frame kind")),
        ("0000000a 10 04 0000000000000000", .invalid("frame flags")),
        // The header of a frame that is not whole.
        ("0000ffff 10 80 0000000000000000", .invalid("frame flags")),
        ("47455420 2f 20 485454502f312e31", .tooLarge("frame length", limit: FrameHeader.defaultLengthLimit)),
    ])
    func `a bad header is refused in one piece and in many`(hexadecimal: String, failure: DecodingFailure) {
        var whole = FrameDecoder()
        whole.append(bytes(hexadecimal))
        #expect(throws: failure) { try whole.next() }
        var pieces = FrameDecoder()
        #expect(throws: failure) {
            var rest = bytes(hexadecimal)
            while let byte = rest.readSlice(length: 1) {
                pieces.append(byte)
                _ = try pieces.next()
            }
        }
    }

    @Test func `random bytes give frames or a failure`() {
        for seed in UInt64(0)..<2000 {
            var generator = SeededGenerator(seed: seed)
            var decoder = FrameDecoder(lengthLimit: 4096)
            for _ in 0..<20 {
                // Small lengths, so that many get beyond the first field.
                var piece = ByteBuffer()
                piece.writeInteger(UInt32(generator.below(64)))
                piece.writeInteger(generator.next())
                decoder.append(piece)
                do {
                    while try decoder.next() != nil {}
                } catch {
                    break
                }
                #expect(decoder.pendingByteCount <= 4096 + FrameHeader.lengthByteCount, "seed \(seed)")
            }
        }
    }

    private func randomFrame(from generator: inout SeededGenerator) -> Frame {
        let size = generator.chance(1, in: 4) ? 0 : generator.below(generator.chance(1, in: 5) ? 5000 : 40)
        return Frame(
            header: FrameHeader(
                kind: FrameKind(rawValue: UInt8(1 + generator.below(255))),
                flags: FrameFlags(rawValue: UInt8(generator.below(4))), requestID: generator.next()),
            payload: ByteBuffer(bytes: (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) }))
    }
}
