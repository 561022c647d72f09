import Hashing
import Machine
import Synchronization

/// The names of the store's files.
enum FileName {
    static let manifest = "MANIFEST"
    static let newManifest = "MANIFEST.new"

    static func segment(_ number: UInt32) -> String { "segment-" + padded(number) + ".log" }
    static func checkpoint(_ number: UInt32) -> String { "index-" + padded(number) + ".checkpoint" }

    /// The number of a segment's file, or `nil` for any other name.
    static func segmentNumber(_ name: String) -> UInt32? {
        guard name.hasPrefix("segment-"), name.hasSuffix(".log") else { return nil }
        return UInt32(name.dropFirst("segment-".count).dropLast(".log".count))
    }

    static func isCheckpoint(_ name: String) -> Bool {
        name.hasPrefix("index-") && name.hasSuffix(".checkpoint")
    }

    private static func padded(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 10 - digits.count) + digits
    }
}

extension LogEngine {
    func path(_ name: String) -> String { directory + "/" + name }

    /// Makes sure that so many bytes fit behind the log's end without a change of metadata.
    func makeRoom(for byteCount: Int, isCompaction: Bool, _ writer: inout Writer) throws(StorageFailure) {
        if let active = writer.active, active.end + byteCount <= active.capacity {
            guard active.end + byteCount > active.allocated else { return }
            let wanted = max(active.end + byteCount, active.allocated + configuration.preallocationByteCount)
            let target = min(active.capacity, wanted)
            try checkSpace(for: target - active.allocated, isCompaction: isCompaction)
            try active.file.preallocate(target)
            writer.active?.allocated = target
        } else {
            try openSegment(for: byteCount, isCompaction: isCompaction, &writer)
        }
    }

    private func checkSpace(for byteCount: Int, isCompaction: Bool) throws(StorageFailure) {
        guard !isCompaction, configuration.reservedByteCount > 0 else { return }
        guard try fileSystem.freeSpace(directory) >= byteCount + configuration.reservedByteCount else { throw .full }
    }

    /// Begins a new segment; the one that was written is sealed where it ends.
    private func openSegment(for byteCount: Int, isCompaction: Bool, _ writer: inout Writer) throws(StorageFailure) {
        guard writer.nextSegment < .max, catalog.withLock({ $0.segments.count }) < Manifest.segmentLimit else {
            throw .unsupported("more than \(Manifest.segmentLimit) segments in one store")
        }
        // What is buffered must not be younger on the disk than what the new segment gets.
        try syncActive(&writer)
        let capacity = max(configuration.segmentByteCount, SegmentHeader.byteCount + byteCount)
        let allocated = min(
            capacity, max(SegmentHeader.byteCount + byteCount, configuration.preallocationByteCount))
        try checkSpace(for: allocated, isCompaction: isCompaction)
        let number = writer.nextSegment
        let nonce = nonce(for: number, sequence: writer.nextSequence)
        let name = path(FileName.segment(number))
        let file = try fileSystem.createFresh(name)
        writer.nextSegment += 1
        do {
            try file.preallocate(allocated)
            var header = ByteBuffer()
            SegmentHeader(number: number, nonce: nonce).encode(into: &header)
            try file.write([header], at: 0)
            try file.dataSync()
            try fileSystem.syncDirectory(directory)
            let state = SegmentState(number: number, nonce: nonce, file: file, end: SegmentHeader.byteCount)
            try saveManifest(&writer, adding: state)
            catalog.withLock { $0.segments.append(state) }
        } catch {
            if !writer.isReadOnly { try? fileSystem.unlink(name) }
            throw error
        }
        writer.active = Writer.Active(
            number: number, nonce: nonce, file: file, end: SegmentHeader.byteCount,
            durable: SegmentHeader.byteCount, allocated: allocated, capacity: capacity)
    }

    private func nonce(for number: UInt32, sequence: UInt64) -> UInt64 {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(number, sequence)
        return Checksum.of(bytes, seed: configuration.seed)
    }

    /// Ends a segment after a failed write or sync, and tries to cut the batch off for good. Returns what to throw.
    ///
    /// A failed sync is never tried again: the kernel has forgotten what it could not write, and a second one would
    /// succeed (the lesson of PostgreSQL's "fsyncgate", 2018).
    func abandon(
        after failure: StorageFailure, syncing hasBuffered: Bool, _ writer: inout Writer
    ) -> StorageFailure {
        catalog.withLock { $0.failedWrites += 1 }
        if hasBuffered, let active = writer.active, (try? active.file.dataSync()) != nil {
            // The write failed, and no sync has yet: earlier batches of this segment still deserved theirs.
            writer.active?.durable = active.end
        }
        if let active = writer.active, active.durable < active.end {
            writer.doubts.append(Writer.Doubt(segment: active.number, offset: active.durable))
        }
        writer.active = nil
        if failure == .closed { return failure }
        do {
            try saveManifest(&writer)
            return failure
        } catch {
            return .outcomeUnknown(code: failure.code ?? error.code ?? 0)
        }
    }

    /// Writes anew what was buffered when a sync failed, or found behind the last durable batch at the start: it can be
    /// read, and nobody knows whether it is on the disk. Comes before anything else that is to be durable.
    func resolveDoubts(_ writer: inout Writer) throws(StorageFailure) {
        while let doubt = writer.doubts.first {
            let found = catalog.withLock { catalog in catalog.index(of: doubt.segment).map { catalog.segments[$0] } }
            if let segment = found, doubt.offset < segment.end {
                var place = doubt.offset
                while place < segment.end {
                    let stretch: (items: [SegmentImage.Item], end: Int)
                    do {
                        stretch = try readStretch(of: segment, from: place, budget: segment.end - place)
                    } catch .inputOutput(_, let attempt) where attempt == Self.unreadable {
                        // Reads of these records say so; writes of others must not wait for them.
                        setUnreadable(segment.number)
                        break
                    }
                    _ = try copyLive(stretch.items, of: segment, &writer)
                    place = stretch.end
                }
            }
            writer.doubts.removeFirst()
        }
    }

    /// Syncs what is buffered.
    func syncActive(_ writer: inout Writer) throws(StorageFailure) {
        guard let active = writer.active, active.durable < active.end else { return }
        do {
            try active.file.dataSync()
            writer.active?.durable = active.end
        } catch {
            // The batches are whole in memory and perhaps not on the disk: the segment ends behind them.
            let result = abandon(after: error, syncing: false, &writer)
            throw result == .closed ? result : .outcomeUnknown(code: result.code ?? 0)
        }
    }

    /// Writes the list of segments as it is, or with one more or one fewer.
    ///
    /// A failure before the rename changes nothing. After it nobody knows which manifest is on the disk, and both can
    /// be
    /// trusted only if nothing more is written: the engine is read-only until it is opened again.
    func saveManifest(
        _ writer: inout Writer, adding segment: SegmentState? = nil, omitting omitted: UInt32? = nil,
        isClean: Bool = false
    ) throws(StorageFailure) {
        var manifest = Manifest()
        manifest.isClean = isClean
        manifest.nextSegment = writer.nextSegment
        manifest.nextSequence = writer.nextSequence
        manifest.nextCheckpoint = writer.nextCheckpoint
        manifest.checkpoint = writer.checkpoint
        let active = segment == nil && !isClean ? writer.active?.number : nil
        manifest.segments = catalog.withLock { catalog in
            catalog.segments.lazy.filter { $0.number != omitted }.map { state in
                Manifest.Segment(
                    number: state.number, nonce: state.nonce,
                    end: state.number == active || state.isOpenEnded ? 0 : UInt64(state.end))
            }
        }
        if let segment {
            manifest.segments.append(Manifest.Segment(number: segment.number, nonce: segment.nonce, end: 0))
        }
        do {
            try manifest.write(to: fileSystem, directory: directory)
        } catch {
            if error.isOutcomeUnknown {
                writer.isReadOnly = true
                catalog.withLock { $0.isReadOnly = true }
            }
            throw error
        }
    }
}

extension FileSystem {
    /// Makes a file, in place of one that an earlier failure left behind under a name that nothing refers to.
    func createFresh(_ path: String) throws(StorageFailure) -> any StorageFile {
        do {
            return try createFile(path)
        } catch .alreadyExists {
            try unlink(path)
            return try createFile(path)
        }
    }
}

extension Manifest {
    /// Puts the manifest in place of the one that is there. Throws ``StorageFailure/outcomeUnknown(code:)`` where
    /// either of
    /// the two may be found after a crash; after any other failure the old one is.
    func write(to fileSystem: any FileSystem, directory: String) throws(StorageFailure) {
        var bytes = ByteBuffer()
        encode(into: &bytes)
        let path = directory + "/" + FileName.newManifest
        let file = try fileSystem.createFresh(path)
        try file.write([bytes], at: 0)
        try file.dataSync()
        do {
            try fileSystem.rename(path, to: directory + "/" + FileName.manifest)
            try fileSystem.syncDirectory(directory)
        } catch {
            throw .outcomeUnknown(code: error.code ?? 0)
        }
    }
}
