public import Machine

/// A record as it was read, its checksums verified.
public struct Record: Hashable, Sendable {
    /// The place in the token space, as the writer gave it.
    public let token: UInt64
    /// The whole key.
    public let key: ByteBuffer
    /// The value, a slice of the bytes that were read: copy it to keep it long beside little else.
    public let value: ByteBuffer
    /// What the writer gave to compare records by, without reading them.
    public let hash: UInt64
    /// The write's place in the engine's order: unique, growing, kept by compaction.
    public let sequence: UInt64

    /// A record of these parts.
    public init(token: UInt64, key: ByteBuffer, value: ByteBuffer, hash: UInt64, sequence: UInt64) {
        self.token = token
        self.key = key
        self.value = value
        self.hash = hash
        self.sequence = sequence
    }
}

/// What a read that may not touch the disk found.
public enum CachedRead: Hashable, Sendable {
    /// The record, from memory.
    case found(Record)
    /// There is no such record: known without the disk.
    case absent
    /// Only the disk knows: ask again with ``StorageEngine/get(_:token:key:)`` on a thread that may wait.
    case wouldBlock
}

/// What the index knows about one record, without the disk.
///
/// `(token, sequence)` names the record for as long as it is the newest of its key, also when compaction moves it.
public struct IndexEntry: Hashable, Sendable {
    /// The record's place in the token space.
    public let token: UInt64
    /// What the writer gave to compare records by.
    public let hash: UInt64
    /// The write's place in the engine's order.
    public let sequence: UInt64
    /// The bytes that the record takes in the log.
    public let byteCount: Int

    /// An entry of these parts.
    public init(token: UInt64, hash: UInt64, sequence: UInt64, byteCount: Int) {
        self.token = token
        self.hash = hash
        self.sequence = sequence
        self.byteCount = byteCount
    }

    /// Where a scan goes on behind this entry.
    public var cursor: ScanCursor { ScanCursor(token: token, sequence: sequence) }
}

/// A place between two entries of a scan, good across writes, compaction and restarts.
public struct ScanCursor: Hashable, Sendable {
    /// The token of the last entry seen.
    public let token: UInt64
    /// The sequence of the last entry seen: entries of one token are in the order of their sequences.
    public let sequence: UInt64

    /// The place behind the entry of this token and sequence.
    public init(token: UInt64, sequence: UInt64) {
        self.token = token
        self.sequence = sequence
    }
}
