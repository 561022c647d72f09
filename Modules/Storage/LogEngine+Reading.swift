public import Machine
import Synchronization

extension LogEngine {
    /// As ``StorageEngine/get(_:token:key:)``: a look at the index and one positional read.
    public func get(_ space: Space, token: UInt64, key: ByteBuffer) throws(StorageFailure) -> Record? {
        let candidates = try candidates(space, token: token)
        for candidate in candidates.rest.reversed() {
            if let record = try record(of: candidate, token: token, key: key) { return record }
        }
        guard let first = candidates.first else { return nil }
        return try record(of: first, token: token, key: key)
    }

    /// As ``StorageEngine/getIfCached(_:token:key:)``.
    public func getIfCached(_ space: Space, token: UInt64, key: ByteBuffer) throws(StorageFailure) -> CachedRead {
        let candidates = try candidates(space, token: token)
        guard let first = candidates.first else { return .absent }
        var index = candidates.rest.count
        while index >= 0 {
            let candidate = index == 0 ? first : candidates.rest[index - 1]
            index -= 1
            guard
                let bytes = try candidate.file.readIfCached(candidate.slot.byteCount, at: candidate.slot.offset)
            else { return .wouldBlock }
            switch candidate.examine(bytes, at: bytes.readerIndex, token: token, key: key) {
            case .record(let record): return .found(record)
            case .otherKey: break
            case .damaged: countCorrupt()
            }
        }
        return .absent
    }

    /// As ``StorageEngine/scan(_:tokens:after:limit:)``.
    public func scan(
        _ space: Space, tokens: ClosedRange<UInt64>, after cursor: ScanCursor?, limit: Int
    ) -> [IndexEntry] {
        guard limit > 0 else { return [] }
        return catalog.withLock { catalog in
            var entries: [IndexEntry] = []
            guard !catalog.isClosed else { return entries }
            catalog[space].walk(from: tokens.lowerBound, after: cursor, through: tokens.upperBound) { token, slot in
                if !slot.isDrop { entries.append(slot.entry(token: token)) }
                return entries.count < limit
            }
            return entries
        }
    }

    /// As ``StorageEngine/usage(of:tokens:)``.
    public func usage(of space: Space, tokens: ClosedRange<UInt64>) -> SpaceUsage {
        if tokens == 0...UInt64.max {
            return catalog.withLock { $0.isClosed ? SpaceUsage() : $0[space].usage }
        }
        // In steps, so that a large range does not keep the other readers waiting.
        var usage = SpaceUsage()
        var cursor: ScanCursor?
        while true {
            let page = scan(space, tokens: tokens, after: cursor, limit: 4096)
            for entry in page {
                usage.records += 1
                usage.bytes += entry.byteCount
            }
            guard page.count == 4096, let last = page.last else { return usage }
            cursor = last.cursor
        }
    }

    /// As ``StorageEngine/read(_:in:)``.
    public func read(_ entries: [IndexEntry], in space: Space) throws(StorageFailure) -> [Record?] {
        var records = [Record?](repeating: nil, count: entries.count)
        let found = try locate(entries, in: space)
        var next = 0
        while next < found.count {
            // Neighbours on the disk are read in one go.
            var last = next
            let begin = found[next].candidate.slot.offset
            var end = begin + found[next].candidate.slot.byteCount
            while last + 1 < found.count {
                let following = found[last + 1].candidate.slot
                guard
                    following.segment == found[next].candidate.slot.segment, following.offset - end <= 4 << 10,
                    following.offset + following.byteCount - begin <= 1 << 20
                else { break }
                last += 1
                end = following.offset + following.byteCount
            }
            let bytes = try found[next].candidate.file.read(end - begin, at: begin)
            for item in found[next...last] {
                let index = bytes.readerIndex + item.candidate.slot.offset - begin
                switch item.candidate.examine(bytes, at: index, token: entries[item.index].token, key: nil) {
                case .record(let record): records[item.index] = record
                case .otherKey: break
                case .damaged: countCorrupt()
                }
            }
            next = last + 1
        }
        return records
    }

    /// Where entries lie now, in the order of the disk.
    private func locate(
        _ entries: [IndexEntry], in space: Space
    ) throws(StorageFailure) -> [(index: Int, candidate: Candidate)] {
        try catalog.withLock { (catalog: inout sending Catalog) throws(StorageFailure) in
            guard !catalog.isClosed else { throw .closed }
            var found: [(index: Int, candidate: Candidate)] = []
            found.reserveCapacity(entries.count)
            for (index, entry) in entries.enumerated() {
                guard
                    let slot = catalog.slot(of: entry.token, sequence: entry.sequence, in: space), !slot.isDrop,
                    let segment = catalog.index(of: slot.segment)
                else { continue }
                found.append((index, Candidate(slot: slot, segment: catalog.segments[segment])))
            }
            found.sort { left, right in
                (left.candidate.slot.segment, left.candidate.slot.offset)
                    < (right.candidate.slot.segment, right.candidate.slot.offset)
            }
            return found
        }
    }

    private func record(
        of candidate: Candidate, token: UInt64, key: ByteBuffer
    ) throws(StorageFailure) -> Record? {
        let bytes = try candidate.file.read(candidate.slot.byteCount, at: candidate.slot.offset)
        switch candidate.examine(bytes, at: bytes.readerIndex, token: token, key: key) {
        case .record(let record):
            return record
        case .otherKey:
            return nil
        case .damaged:
            countCorrupt()
            return nil
        }
    }

    func countCorrupt() {
        catalog.withLock { $0.corruptRecords += 1 }
    }

    /// The records of a token, oldest first and without the drops: nearly always one, so that no array is made.
    private func candidates(
        _ space: Space, token: UInt64
    ) throws(StorageFailure) -> (first: Candidate?, rest: [Candidate]) {
        try catalog.withLock { (catalog: inout sending Catalog) throws(StorageFailure) in
            guard !catalog.isClosed else { throw .closed }
            var first: Candidate?
            var rest: [Candidate] = []
            catalog.forEachSlot(of: token, in: space) { slot in
                guard !slot.isDrop, let segment = catalog.index(of: slot.segment) else { return }
                let candidate = Candidate(slot: slot, segment: catalog.segments[segment])
                if first == nil { first = candidate } else { rest.append(candidate) }
            }
            return (first, rest)
        }
    }
}

/// A record that may be the one that is looked for, and the file that it is in.
struct Candidate: Sendable {
    enum Finding {
        case record(Record)
        case otherKey
        case damaged
    }

    let slot: Slot
    let file: any StorageFile
    let nonce: UInt64

    init(slot: Slot, segment: SegmentState) {
        self.slot = slot
        file = segment.file
        nonce = segment.nonce
    }

    /// What lies at an index of bytes that were read: nothing is believed that its checks do not cover.
    func examine(_ bytes: ByteBuffer, at index: Int, token: UInt64, key: ByteBuffer?) -> Finding {
        guard
            let head = RecordHead(in: bytes, at: index), head.sequence == slot.sequence, head.token == token,
            head.kind == .put, head.isIntact(in: bytes, at: index, offset: slot.offset, nonce: nonce),
            let stored = head.key(in: bytes, at: index)
        else { return .damaged }
        if let key, key != stored { return .otherKey }
        guard let value = head.value(in: bytes, at: index) else { return .damaged }
        return .record(Record(token: token, key: stored, value: value, hash: head.hash, sequence: head.sequence))
    }

    /// What is known of a key: damaged where the bytes are there and do not fit their checks.
    enum KeyFinding {
        case same
        case other
        case damaged
    }

    /// Whether the record has this key, reading no more than its head and key.
    func compareKey(_ key: ByteBuffer) throws(StorageFailure) -> KeyFinding {
        let usual = min(slot.byteCount, RecordHead.byteCount + (4 << 10))
        var bytes = try file.read(usual, at: slot.offset)
        guard let head = RecordHead(in: bytes, at: bytes.readerIndex) else { return .damaged }
        if RecordHead.byteCount + head.keyCount > bytes.readableBytes {
            bytes = try file.read(RecordHead.byteCount + head.keyCount, at: slot.offset)
        }
        guard
            head.sequence == slot.sequence,
            head.isIntact(in: bytes, at: bytes.readerIndex, offset: slot.offset, nonce: nonce),
            let stored = head.key(in: bytes, at: bytes.readerIndex)
        else { return .damaged }
        return stored == key ? .same : .other
    }
}
