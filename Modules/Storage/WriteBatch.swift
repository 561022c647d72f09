public import Machine

/// Puts and drops that become durable and visible together, or not at all.
public struct WriteBatch: Sendable {
    /// The most bytes of a key.
    public static let keyByteLimit = 65_535
    /// The most bytes of a value.
    public static let valueByteLimit = 256 << 20
    /// The most bytes of a batch in the log.
    public static let byteLimit = 1 << 30
    /// The most operations of a batch.
    public static let operationLimit = 1 << 20

    /// One operation; a drop is one without a value.
    struct Operation: Sendable {
        var space: Space
        var token: UInt64
        var key: ByteBuffer
        var value: ByteBuffer?
        var hash: UInt64
        var replacing: UInt64?
    }

    var operations: [Operation] = []

    /// An empty batch.
    public init() {}

    /// The number of operations.
    public var count: Int { operations.count }

    /// Whether there is nothing to do.
    public var isEmpty: Bool { operations.isEmpty }

    /// Stores a value under a key, in place of what is there.
    ///
    /// - Parameters:
    ///   - token: orders records; the same for every write of a key.
    ///   - hash: kept in the index, for comparisons without the disk.
    ///   - replacing: the ``Record/sequence`` that the caller has just read under this key. It spares the engine a read
    ///     of the old record's key, and changes nothing else.
    public mutating func put(
        _ space: Space, token: UInt64, key: ByteBuffer, value: ByteBuffer, hash: UInt64, replacing: UInt64? = nil
    ) {
        operations.append(
            Operation(space: space, token: token, key: key, value: value, hash: hash, replacing: replacing))
    }

    /// Takes a key away; does nothing where it is not there.
    public mutating func drop(_ space: Space, token: UInt64, key: ByteBuffer, replacing: UInt64? = nil) {
        operations.append(
            Operation(space: space, token: token, key: key, value: nil, hash: 0, replacing: replacing))
    }

    /// Empties the batch and keeps its memory.
    public mutating func removeAll() {
        operations.removeAll(keepingCapacity: true)
    }
}

extension WriteBatch {
    /// The bytes that the batch takes in the log; throws where a limit is passed.
    func byteCount() throws(StorageFailure) -> Int {
        guard operations.count <= Self.operationLimit else { throw .tooLarge(limit: Self.operationLimit) }
        var sum = BatchHeader.byteCount
        for operation in operations {
            let keyCount = operation.key.readableBytes
            let valueCount = operation.value?.readableBytes ?? 0
            guard keyCount <= Self.keyByteLimit else { throw .tooLarge(limit: Self.keyByteLimit) }
            guard valueCount <= Self.valueByteLimit else { throw .tooLarge(limit: Self.valueByteLimit) }
            sum += RecordHead.recordByteCount(keyCount: keyCount, valueCount: valueCount)
        }
        guard sum <= Self.byteLimit else { throw .tooLarge(limit: Self.byteLimit) }
        return sum
    }
}

/// What an append waits for.
public enum Durability: Sendable {
    /// Until the batch is on the disk.
    case synced
    /// Until the system has it: a crash of the machine may lose it, and every unsynced batch behind it.
    case buffered
}
