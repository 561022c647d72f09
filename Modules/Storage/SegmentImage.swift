import Hashing
import Machine

/// A stretch of a segment in memory, and what can be read in it.
struct SegmentImage: Sendable {
    /// A record that was found whole.
    struct Item: Sendable {
        var head: RecordHead
        /// Where it lies in the segment.
        var offset: Int
        var key: ByteBuffer
        /// `nil` where the head is sound and the value is not.
        var value: ByteBuffer?
    }

    /// A batch that was found whole.
    struct Batch: Sendable {
        var items: [Item]
        var byteCount: Int
        var durable: Int
    }

    /// The segment's nonce.
    let nonce: UInt64
    /// Where the stretch begins in the segment; a multiple of 8.
    let start: Int
    let bytes: ByteBuffer

    init(nonce: UInt64, start: Int, bytes: ByteBuffer) {
        self.nonce = nonce
        self.start = start
        self.bytes = bytes
    }

    /// Where the stretch ends in the segment.
    var end: Int { start + bytes.readableBytes }

    private func index(_ offset: Int) -> Int { bytes.readerIndex + offset - start }

    /// How long the batch at a place says that it is, its header included; `nil` where no batch can begin.
    func claimedByteCount(at offset: Int) -> Int? {
        BatchHeader(in: bytes, at: index(offset)).map { BatchHeader.byteCount + $0.recordByteCount }
    }

    /// The batch at a place, every check verified, or `nil` where it is not whole.
    func batch(at offset: Int) -> Batch? {
        guard
            offset >= start, let header = BatchHeader(in: bytes, at: index(offset)),
            offset + BatchHeader.byteCount + header.recordByteCount <= end
        else { return nil }
        var checks = BatchChecks()
        checks.reserve(header.recordCount)
        var place = offset + BatchHeader.byteCount
        let batchEnd = place + header.recordByteCount
        // First the heads alone: most places where a batch seems to begin are refuted cheaply.
        for _ in 0..<header.recordCount {
            guard
                let head = RecordHead(in: bytes, at: index(place)), place + head.recordByteCount <= batchEnd,
                head.isIntact(in: bytes, at: index(place), offset: place, nonce: nonce)
            else { return nil }
            checks.append(head.check)
            place += head.recordByteCount
        }
        guard
            place == batchEnd,
            bytes.withUnsafeReadableBytes({ bytes in
                let fields = UnsafeRawBufferPointer(rebasing: bytes[offset - start..<offset - start + 16])
                return checks.check(behind: fields, seed: RecordHead.seed(nonce: nonce, offset: offset))
            }) == header.check
        else { return nil }
        var items: [Item] = []
        items.reserveCapacity(header.recordCount)
        place = offset + BatchHeader.byteCount
        while place < batchEnd {
            guard
                let head = RecordHead(in: bytes, at: index(place)), let key = head.key(in: bytes, at: index(place)),
                let value = head.value(in: bytes, at: index(place))
            else { return nil }
            items.append(Item(head: head, offset: place, key: key, value: value))
            place += head.recordByteCount
        }
        return Batch(items: items, byteCount: batchEnd - offset, durable: Int(header.durable))
    }

    /// The first place from `offset` on where a whole batch begins.
    func nextBatch(from offset: Int) -> Int? {
        var place = offset
        while place + BatchHeader.byteCount <= end {
            if bytes.getInteger(at: index(place), as: UInt32.self) == BatchHeader.magic, batch(at: place) != nil {
                return place
            }
            place += 8
        }
        return nil
    }

    /// Every record with a sound head in a damaged stretch.
    func salvage(_ range: Range<Int>) -> [Item] {
        var items: [Item] = []
        var place = range.lowerBound
        while place + RecordHead.byteCount <= range.upperBound {
            guard
                let head = RecordHead(in: bytes, at: index(place)), place + head.recordByteCount <= range.upperBound,
                head.isIntact(in: bytes, at: index(place), offset: place, nonce: nonce),
                let key = head.key(in: bytes, at: index(place))
            else {
                place += 8
                continue
            }
            items.append(Item(head: head, offset: place, key: key, value: head.value(in: bytes, at: index(place))))
            place += head.recordByteCount
        }
        return items
    }

    /// Whether there is nothing but zeros from a place on.
    func isZero(from offset: Int) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in
            var place = max(0, offset - start)
            while place + 8 <= bytes.count {
                if bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) != 0 { return false }
                place += 8
            }
            return bytes[place...].allSatisfy { $0 == 0 }
        }
    }
}
