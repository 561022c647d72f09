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

    /// What the local copy of a key knows, or `nil` where there is none: its values are not read.
    public func context(token: UInt64, key: ByteBuffer) throws(StorageFailure) -> CausalContext? {
        guard var value = try engine.get(.objects, token: token, key: key)?.value else { return nil }
        return try? ObjectRecord.context(decoding: &value)
    }

    /// As ``read(token:key:)``, without touching the disk.
    public func readIfCached(token: UInt64, key: ByteBuffer) throws(StorageFailure) -> CachedObject {
        switch try engine.getIfCached(.objects, token: token, key: key) {
        case .found(let record): Self.object(in: record).map { .found($0) } ?? .absent
        case .absent: .absent
        case .wouldBlock: .wouldBlock
        }
    }

    /// The entries of one token in the index, at most 64: nearly always one or none.
    public func entries(of token: UInt64) -> [IndexEntry] {
        engine.scan(.objects, tokens: token...token, after: nil, limit: 64)
    }

    /// The objects of index entries in their order; `nil` where one was replaced or dropped meanwhile, or is damaged.
    public func objects(of entries: [IndexEntry]) throws(StorageFailure) -> [Entry?] {
        try engine.read(entries, in: .objects).map { record in
            guard let record, let object = Self.object(in: record) else { return nil }
            return Entry(token: record.token, key: record.key, object: object, hash: record.hash)
        }
    }

    /// How many keys a range of tokens has, and their bytes on disk.
    public func usage(of tokens: ClosedRange<UInt64>) -> SpaceUsage {
        engine.usage(of: .objects, tokens: tokens)
    }

    /// Hints for one owner in the order of tokens, from a token on: those among about `limit` hints for anyone, and the
    /// token to go on from, or `nil` at the end. All hints of a token, or none.
    public func hints(
        for owner: NodeID, from token: UInt64, limit: Int
    ) throws(StorageFailure) -> (hints: [HintRecord], next: UInt64?) {
        let (entries, next) = page(of: .hints, tokens: token...UInt64.max, limit: limit)
        let mine = entries.filter { $0.hash == HintRecord.engineHash(owner: owner) }
        let hints = try engine.read(mine, in: .hints).compactMap { $0.flatMap(HintRecord.init) }
        return (hints.filter { $0.owner == owner }, next)
    }

    /// Everyone for whom there are hints, in the order of identities. O(hints).
    public func hintedOwners() throws(StorageFailure) -> [NodeID] {
        var first: [UInt64: IndexEntry] = [:]
        var token: UInt64? = 0
        while let from = token {
            let (entries, next) = page(of: .hints, tokens: from...UInt64.max, limit: 4096)
            for entry in entries where first[entry.hash] == nil {
                first[entry.hash] = entry
            }
            token = next
        }
        let samples = first.values.sorted { $0.hash < $1.hash }
        let owners = try engine.read(samples, in: .hints).compactMap { $0.flatMap(HintRecord.init)?.owner }
        return Array(Set(owners)).sorted()
    }

    /// The number of hints for anyone.
    public var hintCount: Int { engine.usage(of: .hints, tokens: 0...UInt64.max).records }

    /// Index entries of objects from the first token of a range on, about `limit` of them, and the token to go on from, or
    /// `nil` at the end of the range. All entries of a token, or none.
    public func page(tokens: ClosedRange<UInt64>, limit: Int) -> (entries: [IndexEntry], next: UInt64?) {
        page(of: .objects, tokens: tokens, limit: limit)
    }

    private func page(
        of space: Space, tokens: ClosedRange<UInt64>, limit: Int
    ) -> (entries: [IndexEntry], next: UInt64?) {
        var entries = engine.scan(space, tokens: tokens, after: nil, limit: limit)
        guard entries.count >= limit, let last = entries.last else { return (entries, nil) }
        var cursor = last.cursor
        while true {
            let more = engine.scan(space, tokens: last.token...last.token, after: cursor, limit: 64)
            entries += more
            guard let end = more.last, more.count == 64 else { break }
            cursor = end.cursor
        }
        return (entries, last.token < tokens.upperBound ? last.token + 1 : nil)
    }

    private static func object(in record: Record) -> Object? {
        var value = record.value
        return (try? ObjectRecord(decoding: &value))?.object
    }
}
