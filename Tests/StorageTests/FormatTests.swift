import Machine
import Testing

@testable import Storage

@Suite("The bytes on the disk")
struct FormatTests {
    private func hexadecimal(_ buffer: ByteBuffer) -> String {
        buffer.readableBytesView.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    private func head(_ key: ByteBuffer, _ value: ByteBuffer, kind: RecordHead.Kind = .put) -> RecordHead {
        RecordHead(
            kind: kind, space: .hints, keyCount: key.readableBytes, valueCount: value.readableBytes, sequence: 258,
            token: 0x0102_0304_0506_0708, hash: 0x1112_1314_1516_1718,
            valueCheck: RecordHead.valueCheck(value, sequence: 258), oldest: 3, written: 4)
    }

    /// A batch of a put and a drop at offset 64 of a segment with nonce 42.
    private func sample() -> ByteBuffer {
        var encoder = BatchEncoder()
        encoder.begin(at: 64, nonce: 42)
        let key = ByteBuffer(string: "cart")
        let value = ByteBuffer(string: "one book")
        _ = encoder.add(head(key, value), key: key, value: value)
        _ = encoder.add(head(key, ByteBuffer(), kind: .drop), key: key, value: ByteBuffer())
        return ByteBuffer(bytes: encoder.finish(durable: 64).flatMap { Array($0.readableBytesView) })
    }

    @Test("segment header, batch and manifest have their golden bytes")
    func golden() throws {
        var header = ByteBuffer()
        SegmentHeader(number: 5, nonce: 42).encode(into: &header)
        #expect(hexadecimal(header) == Golden.segmentHeader)
        #expect(hexadecimal(sample()) == Golden.batch)
        var manifest = Manifest()
        manifest.isClean = true
        manifest.nextSegment = 6
        manifest.nextSequence = 259
        manifest.nextCheckpoint = 2
        manifest.checkpoint = Manifest.Checkpoint(number: 1, segment: 5, offset: 64)
        manifest.segments = [Manifest.Segment(number: 5, nonce: 42, end: 64)]
        var bytes = ByteBuffer()
        manifest.encode(into: &bytes)
        #expect(hexadecimal(bytes) == Golden.manifest)
        #expect(try Manifest(decoding: &bytes) == manifest)
        #expect(try SegmentHeader(decoding: &header) == SegmentHeader(number: 5, nonce: 42))
        #expect(hexadecimal(CheckpointFormat.header(number: 1, count: 2)) == Golden.checkpointHeader)
    }

    @Test("a batch reads as itself at its place, under its nonce, and nowhere else")
    func place() throws {
        let image = SegmentImage(nonce: 42, start: 64, bytes: sample())
        let batch = try #require(image.batch(at: 64))
        #expect(batch.items.map(\.head.kind) == [.put, .drop] && batch.durable == 64)
        #expect(batch.items[0].value == ByteBuffer(string: "one book"))
        #expect(batch.items[0].key == ByteBuffer(string: "cart"))
        #expect(SegmentImage(nonce: 43, start: 64, bytes: sample()).batch(at: 64) == nil)
        #expect(SegmentImage(nonce: 42, start: 72, bytes: sample()).batch(at: 72) == nil)
        var shifted = ByteBuffer(repeating: 0, count: 16)
        var bytes = sample()
        shifted.writeBuffer(&bytes)
        #expect(SegmentImage(nonce: 42, start: 48, bytes: shifted).nextBatch(from: 48) == 64)
    }

    @Test("every truncation and every flipped bit gives no batch, or one with the same records")
    func damage() {
        let whole = sample()
        let original = SegmentImage(nonce: 42, start: 64, bytes: whole).batch(at: 64)?.items.map(\.head)
        for count in 0..<whole.readableBytes {
            let cut = whole.getSlice(at: 0, length: count) ?? ByteBuffer()
            #expect(SegmentImage(nonce: 42, start: 64, bytes: cut).batch(at: 64) == nil)
        }
        for bit in 0..<whole.readableBytes * 8 {
            var bytes = whole
            let byte = bytes.getInteger(at: bit / 8, as: UInt8.self) ?? 0
            bytes.setInteger(byte ^ (1 << (bit % 8)), at: bit / 8)
            let image = SegmentImage(nonce: 42, start: 64, bytes: bytes)
            // Padding is not covered by any check.
            if let batch = image.batch(at: 64) { #expect(batch.items.map(\.head) == original) }
            _ = image.salvage(64..<image.end)
            _ = image.nextBatch(from: 64)
        }
    }

    @Test("truncated and mutated manifests are refused")
    func manifests() {
        var manifest = Manifest()
        manifest.segments = (1...9).map { Manifest.Segment(number: $0, nonce: UInt64($0), end: 100) }
        var bytes = ByteBuffer()
        manifest.encode(into: &bytes)
        for count in 0..<bytes.readableBytes {
            var cut = bytes.getSlice(at: 0, length: count) ?? ByteBuffer()
            #expect(throws: DecodingFailure.self) { try Manifest(decoding: &cut) }
        }
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            var mutated = bytes
            let index = Int(generator.below(UInt64(bytes.readableBytes)))
            let byte = mutated.getInteger(at: index, as: UInt8.self) ?? 0
            mutated.setInteger(byte ^ UInt8(1 + generator.below(255)), at: index)
            #expect(throws: DecodingFailure.self) { try Manifest(decoding: &mutated) }
        }
    }

    @Test("random bytes are no batch, no header and no trap")
    func noise() {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<300 {
            var bytes = ByteBuffer()
            for _ in 0..<Int(generator.below(60)) {
                bytes.writeInteger(generator.next())
            }
            if generator.chance(1, in: 2) { bytes.setInteger(BatchHeader.magic, at: 0) }
            let image = SegmentImage(nonce: 1, start: 0, bytes: bytes)
            #expect(image.batch(at: 0) == nil && image.nextBatch(from: 0) == nil)
            #expect(image.salvage(0..<image.end).isEmpty)
            #expect(throws: DecodingFailure.self) { try SegmentHeader(decoding: &bytes) }
        }
    }
}
