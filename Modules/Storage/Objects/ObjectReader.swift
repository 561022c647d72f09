public import Causality
public import Machine

/// Reads of the object store: good on any thread, at any time, beside the one that writes.
public struct ObjectReader: Sendable {
    let engine: any StorageEngine

    /// Reads of the objects in `engine`.
    public init(engine: any StorageEngine) {
        self.engine = engine
    }

    /// What a read that may not touch the disk found.
    public enum CachedObject: Equatable, Sendable {
        /// The copy.
        case found(Object)
        /// There is none.
        case absent
        /// Only the disk knows.
        case wouldBlock
    }

    /// One key of a walk through a range of tokens.
    public struct Entry: Equatable, Sendable {
        /// The key's token.
        public var token: UInt64
        /// The key.
        public var key: ByteBuffer
        /// The whole copy.
        public var object: Object
        /// The hash of key, context and live dots.
        public var hash: UInt64
    }

    /// The local copy of a key, or `nil` where there is none. A record that cannot be read as an object is none.
    public func read(token: UInt64, key: ByteBuffer) throws(StorageFailure) -> Object? {
        try engine.get(.objects, token: token, key: key).flatMap { Self.object(in: $0) }
    }

    /// As ``read(token:key:)``, without touching the disk.
    public func readIfCached(token: UInt64, key: ByteBuffer) throws(StorageFailure) -> CachedObject {
        switch try engine.getIfCached(.objects, token: token, key: key) {
        case .found(let record): Self.object(in: record).map { .found($0) } ?? .absent
        case .absent: .absent
        case .wouldBlock: .wouldBlock
        }
    }

    /// Tokens, hashes and sizes of a range in the order of tokens, from the index alone.
    public func scan(tokens: ClosedRange<UInt64>, after cursor: ScanCursor?, limit: Int) -> [IndexEntry] {
        engine.scan(.objects, tokens: tokens, after: cursor, limit: limit)
    }

    /// The objects of index entries, without those that were replaced or dropped meanwhile or are damaged.
    public func objects(of entries: [IndexEntry]) throws(StorageFailure) -> [Entry] {
        try engine.read(entries, in: .objects).compactMap { record in
            guard let record, let object = Self.object(in: record) else { return nil }
            return Entry(token: record.token, key: record.key, object: object, hash: record.hash)
        }
    }

    /// How many keys a range of tokens has, and their bytes on disk.
    public func usage(of tokens: ClosedRange<UInt64>) -> SpaceUsage {
        engine.usage(of: .objects, tokens: tokens)
    }

    /// Hints for one owner in the order of tokens, at most `limit` index entries looked at, and where to go on.
    public func hints(
        for owner: NodeID, after cursor: ScanCursor?, limit: Int
    ) throws(StorageFailure) -> (hints: [HintRecord], next: ScanCursor?) {
        let entries = engine.scan(.hints, tokens: 0...UInt64.max, after: cursor, limit: limit)
        let mine = entries.filter { $0.hash == HintRecord.engineHash(owner: owner) }
        let hints = try engine.read(mine, in: .hints).compactMap { $0.flatMap(HintRecord.init) }
        return (hints.filter { $0.owner == owner }, entries.count < limit ? nil : entries.last?.cursor)
    }

    private static func object(in record: Record) -> Object? {
        var value = record.value
        return (try? ObjectRecord(decoding: &value))?.object
    }
}
