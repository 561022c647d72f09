import Machine
import Testing
import Wire

@Suite struct ZlibBatchTests {
    static let entries = [
        ByteBuffer(string: "abc"), ByteBuffer(), ByteBuffer(string: String(repeating: "x", count: 40)),
    ]

    @Test func `these bytes are this batch`() throws {
        var golden = bytes("544f595a010000002e1955bcbd0000000b634e4c4a66d0a820120000")
        #expect(try ZlibBatch(decoding: &golden) == ZlibBatch(entries: Self.entries))
        #expect(golden.readableBytes == 0)
    }

    @Test func `entries come back as they were`() throws {
        for seed in UInt64(0)..<200 {
            var generator = SeededGenerator(seed: seed)
            let batch = ZlibBatch(
                entries: (0..<generator.below(30)).map { _ in
                    let alphabet = 1 + generator.below(256)
                    return ByteBuffer(bytes: (0..<generator.below(300)).map { _ in UInt8(generator.below(alphabet)) })
                })
            var buffer = encoded(batch.encode)
            buffer.writeString("next")
            #expect(try ZlibBatch(decoding: &buffer) == batch, "seed \(seed)")
            #expect(String(buffer: buffer) == "next", "seed \(seed)")
        }
    }

    @Test func `no changed byte goes unseen`() {
        let good = encoded(ZlibBatch(entries: Self.entries).encode)
        for place in 0..<good.readableBytes {
            for bit in 0..<8 {
                var changed = good
                let byte = changed.getInteger(at: place, as: UInt8.self) ?? 0
                changed.setInteger(byte ^ UInt8(1 << bit), at: place)
                // A flip in DEFLATE's padding changes nothing that is read.
                if let batch = try? ZlibBatch(decoding: &changed) {
                    #expect(batch.entries == Self.entries, "bit \(bit) of byte \(place)")
                }
            }
        }
    }

    @Test func `truncated and changed batches give a failure or a value`() {
        let isSound = hammer(encoded(ZlibBatch(entries: Self.entries).encode), seed: 13, rounds: 20_000) {
            (buffer) throws(DecodingFailure) in
            _ = try ZlibBatch(decoding: &buffer)
            return nil
        }
        #expect(isSound, "seed 13")
    }

    @Test func `a size over the limit is refused before anything else is looked at`() {
        var bomb = bytes("544f595a 01 40000001 00000000 00000002 0300")
        #expect(throws: DecodingFailure.tooLarge("batch length", limit: 1 << 30)) {
            try ZlibBatch(decoding: &bomb, byteLimit: .max)
        }
        var large = encoded(ZlibBatch(entries: Self.entries).encode)
        #expect(throws: DecodingFailure.tooLarge("batch length", limit: 45)) {
            try ZlibBatch(decoding: &large, byteLimit: 45)
        }
    }

    @Test func `more entries than the limit are refused, however small`() {
        var many = encoded(ZlibBatch(entries: [ByteBuffer](repeating: ByteBuffer(), count: 5)).encode)
        #expect(throws: DecodingFailure.tooLarge("batch entries", limit: 4)) {
            try ZlibBatch(decoding: &many, entryLimit: 4)
        }
    }

    @Test func `a size that its bytes cannot hold is refused`() {
        var lie = bytes("544f595a 01 00100000 00000000 00000002 0300")
        #expect(throws: DecodingFailure.invalid("batch length")) { try ZlibBatch(decoding: &lie) }
    }

    @Test func `a stream that is longer or shorter than its header says is refused`() {
        let good = encoded(ZlibBatch(entries: Self.entries).encode)
        for count in [UInt32(0), 45, 47, 100] {
            var lie = good
            lie.setInteger(count, at: 5)
            #expect(throws: DecodingFailure.invalid("compressed bytes")) { try ZlibBatch(decoding: &lie) }
        }
    }

    @Test func `bytes behind the end of the stream are refused`() {
        var longer = encoded(ZlibBatch(entries: Self.entries).encode)
        let compressedCount = longer.getInteger(at: 13, as: UInt32.self) ?? 0
        longer.setInteger(compressedCount + 1, at: 13)
        longer.writeInteger(UInt8(0))
        #expect(throws: DecodingFailure.invalid("compressed bytes")) { try ZlibBatch(decoding: &longer) }
    }

    @Test func `zeros compress well and come back`() throws {
        let batch = ZlibBatch(entries: [ByteBuffer(repeating: 0, count: 4 << 20)])
        var buffer = encoded(batch.encode)
        #expect(buffer.readableBytes < 40_000)
        #expect(try ZlibBatch(decoding: &buffer) == batch)
    }
}
