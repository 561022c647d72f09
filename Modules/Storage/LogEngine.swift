import Hashing
import Machine
import Synchronization

/// The engine that a node runs on: an append-only log of segments, and an index of it in memory.
///
/// A batch is one vectored write and one sync. A read is a look at the index and one positional read, whose checksums
/// are verified; an absent key costs no read. The format, recovery and compaction are described in this module's
/// documentation.
///
/// Threads: the writer's state and the index have a mutex each; the index's is never held across a call to the disk.
public final class LogEngine: StorageEngine {
    /// How an engine lays out its log.
    public struct Configuration: Sendable {
        /// The bytes of a segment, 4 KiB…1 GiB; a larger batch gets a segment of its own.
        public var segmentByteCount = 64 << 20
        /// How far ahead of the log's end zeros are written, so that most syncs touch no metadata.
        public var preallocationByteCount = 4 << 20
        /// Disk space that is left to compaction: appends fail with ``StorageFailure/full`` before it is used.
        public var reservedByteCount = 128 << 20
        /// Bytes in the log for each live byte beyond which compaction works; above 1.
        public var compactionThreshold = 1.6
        /// Makes the nonces, with the segment's number and the sequence: a random number wherever others say what is stored,
        /// for whoever knows a nonce can make a value that passes for a record.
        public var seed: UInt64 = 0

        /// The defaults.
        public init() {}
    }

    let fileSystem: any FileSystem
    let directory: String
    let configuration: Configuration
    let catalog: Mutex<Catalog>
    let writer: Mutex<Writer>

    /// What the start found.
    public let recovery: RecoveryReport

    /// Opens the store in a directory, and makes both where they are not there.
    ///
    /// Damage never refuses the start: it is in ``recovery``. Throws ``StorageFailure/locked(_:)`` where the directory
    /// is
    /// in use, ``StorageFailure/unsupported(_:)`` for the format of another version. O(keys) after a clean stop,
    /// O(bytes in the log behind the last checkpoint) after another.
    public init(
        _ fileSystem: any FileSystem, directory: String, configuration: Configuration = Configuration()
    ) throws(StorageFailure) {
        self.fileSystem = fileSystem
        self.directory = directory
        var configuration = configuration
        configuration.segmentByteCount = min(max(configuration.segmentByteCount, 4 << 10), 1 << 30)
        configuration.preallocationByteCount = max(configuration.preallocationByteCount, 4 << 10)
        configuration.compactionThreshold = max(configuration.compactionThreshold, 1.05)
        self.configuration = configuration
        try fileSystem.createDirectory(directory)
        let lock = try fileSystem.lock(directory)
        var recovery = Recovery(fileSystem, directory: directory)
        var writer = try recovery.run(segmentByteCount: configuration.segmentByteCount)
        writer.lock = lock
        self.recovery = recovery.report
        catalog = Mutex(recovery.catalog)
        self.writer = Mutex(writer)
        try self.writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            try beginRun(&writer)
        }
    }

    /// Says on the disk that the store is in use, so that a stop without ``close()`` is known for what it is.
    private func beginRun(_ writer: inout Writer) throws(StorageFailure) {
        do {
            try saveManifest(&writer)
        } catch .closed {
            throw .closed
        } catch {
            // A full or failing disk is no reason not to be read. The next append tries again, in a segment of its own.
            writer.active = nil
            return
        }
        try? resolveDoubts(&writer)
    }

    /// The engine's state in numbers.
    public var statistics: StorageStatistics {
        catalog.withLock { $0.statistics }
    }

    /// As ``StorageEngine/close()``: syncs, writes the index down, and says that the stop was clean, unless a batch
    /// was refused since the start. O(keys).
    public func close() throws(StorageFailure) {
        try writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            guard !writer.isClosed else { return }
            defer {
                writer.isClosed = true
                writer.active = nil
                writer.lock = nil
                catalog.withLock { catalog in
                    catalog.isClosed = true
                    catalog.segments = []
                }
            }
            guard !writer.isReadOnly else { return }
            try resolveDoubts(&writer)
            try syncActive(&writer)
            try writeCheckpoint(&writer)
            guard !writer.hasRefused else { return }
            try saveManifest(&writer, isClean: true)
        }
    }
}

/// What only the writer knows.
struct Writer: Sendable {
    /// The segment that is written.
    struct Active: Sendable {
        var number: UInt32
        var nonce: UInt64
        var file: any StorageFile
        /// Where the next batch goes.
        var end: Int
        /// Up to where everything is on the disk.
        var durable: Int
        /// Up to where the file is there.
        var allocated: Int
        var capacity: Int
    }

    /// A drop in the index, by name.
    struct DropName: Sendable {
        var space: Space
        var token: UInt64
        var sequence: UInt64
    }

    /// How far the segment in compaction has been copied.
    struct Compaction: Sendable {
        var segment: UInt32
        var offset: Int
    }

    /// Where in a segment begins what may not be on the disk.
    struct Doubt: Sendable {
        var segment: UInt32
        var offset: Int
    }

    var lock: (any DirectoryLock)?
    var active: Active?
    var nextSegment: UInt32 = 1
    var nextSequence: UInt64 = 1
    var nextCheckpoint: UInt32 = 1
    var checkpoint: Manifest.Checkpoint?
    /// The drops that stay for a segment; only looked up, never walked.
    var waiting: [UInt32: [DropName]] = [:]
    var compaction: Compaction?
    var doubts: [Doubt] = []
    var encoder = BatchEncoder()
    /// A batch was not taken, though what was made of it above may be known elsewhere: the next start is told of no clean
    /// stop.
    var hasRefused = false
    /// It is not known which manifest is on the disk: whatever is written now may be forgotten.
    var isReadOnly = false
    var isClosed = false

    func checkWritable() throws(StorageFailure) {
        if isClosed { throw .closed }
        if isReadOnly { throw .readOnly }
    }
}
