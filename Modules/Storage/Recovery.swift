import Machine

/// Finds out what a store is made of: manifest, checkpoint, and the log behind it.
///
/// Nothing that it meets on the disk makes it fail but the format of another version; what it could not read is in
/// the report.
struct Recovery: ~Copyable {
    let fileSystem: any FileSystem
    let directory: String
    var catalog = Catalog()
    var report = RecoveryReport()
    /// Records whose heads can be read and whose values cannot; lost if they stay the newest of their keys.
    private var suspects: [(space: Space, token: UInt64, sequence: UInt64, key: ByteBuffer)] = []
    private var highestSequence: UInt64 = 0
    /// Batches that were read, and that no later batch says were durable.
    private var doubts: [Writer.Doubt] = []

    init(_ fileSystem: any FileSystem, directory: String) {
        self.fileSystem = fileSystem
        self.directory = directory
    }

    /// Fills the catalog, and returns a writer that goes on where the last one ended.
    mutating func run(segmentByteCount: Int) throws(StorageFailure) -> Writer {
        let names = try fileSystem.list(directory)
        var manifest: Manifest
        if let found = try readManifest(names) {
            manifest = found
            removeOrphans(names, manifest)
        } else {
            manifest = rebuildManifest(names)
        }
        openSegments(manifest)
        report.wasClean = (manifest.isClean || report.isNew) && !report.isDamaged
        var begin: (segment: UInt32, offset: Int) = (0, 0)
        if let checkpoint = manifest.checkpoint {
            if readCheckpoint(checkpoint) {
                begin = (checkpoint.segment, Int(truncatingIfNeeded: checkpoint.offset))
            } else {
                // The log says it all once more.
                catalog = Catalog(segments: catalog.segments)
                manifest.checkpoint = nil
                report.wasClean = false
            }
        }
        for index in catalog.segments.indices where catalog.segments[index].number >= begin.segment {
            let state = catalog.segments[index]
            let isOpen = manifest.segments.contains { $0.number == state.number && $0.end == 0 }
            let start = state.number == begin.segment ? max(begin.offset, SegmentHeader.byteCount) : nil
            if state.file is UnopenedFile { continue }
            replay(index, from: start ?? SegmentHeader.byteCount, isOpen: isOpen)
        }
        if report.manifestLost, !names.contains(FileName.manifest), report.recordsReplayed == 0,
            catalog.segments.allSatisfy({ $0.number == 1 })
        {
            // A crash in the very first write: there never was a manifest.
            (report.manifestLost, report.segmentsLost, report.isNew) = (false, 0, true)
        }
        var writer = Writer()
        writer.nextSegment = max(manifest.nextSegment, (catalog.segments.last?.number ?? 0) + 1)
        writer.nextCheckpoint = max(manifest.nextCheckpoint, 1)
        writer.checkpoint = manifest.checkpoint
        writer.nextSequence = max(manifest.nextSequence, highestSequence + 1)
        if report.isDamaged || !report.wasClean {
            // Leave a gap: what could not be read may have had higher sequences than what could.
            writer.nextSequence += 1 << 24
        }
        writer.doubts = doubts
        settle(&writer)
        if report.wasClean, let checkpoint = manifest.checkpoint {
            resume(checkpoint, segmentByteCount: segmentByteCount, &writer)
        }
        return writer
    }
}

// MARK: - The list of segments

extension Recovery {
    /// The manifest, or `nil` where there is none that can be read.
    private mutating func readManifest(_ names: [String]) throws(StorageFailure) -> Manifest? {
        guard names.contains(FileName.manifest) else {
            let hasSegments = names.contains { FileName.segmentNumber($0) != nil }
            report.isNew = !hasSegments
            report.manifestLost = hasSegments
            return nil
        }
        // Twice, since without it what was cut or compacted may come back.
        for _ in 0..<2 {
            do {
                let file = try fileSystem.openFile(directory + "/" + FileName.manifest)
                var bytes = try file.read(try file.byteCount(), at: 0)
                return try Manifest(decoding: &bytes)
            } catch let failure as DecodingFailure {
                if failure == .invalid(Manifest.versionField) {
                    throw .unsupported("the format of this store, which another version wrote")
                }
            } catch {
                if let failure = error as? StorageFailure, failure == .closed { throw .closed }
            }
        }
        report.manifestLost = true
        return nil
    }

    /// Makes a list from what is in the directory. Segments that were cut or compacted count as whole, so that replaced
    /// records may come back: the report says that the manifest was lost.
    private mutating func rebuildManifest(_ names: [String]) -> Manifest {
        var manifest = Manifest()
        for name in names {
            guard let number = FileName.segmentNumber(name), number < .max else { continue }
            manifest.nextSegment = max(manifest.nextSegment, number + 1)
            guard
                let file = try? fileSystem.openFile(directory + "/" + name),
                var bytes = try? file.read(SegmentHeader.byteCount, at: 0),
                let header = try? SegmentHeader(decoding: &bytes), header.number == number
            else {
                // Set aside: no start may take it for a leftover.
                try? fileSystem.rename(directory + "/" + name, to: directory + "/" + name + ".damaged")
                report.segmentsLost += 1
                continue
            }
            manifest.segments.append(Manifest.Segment(number: number, nonce: header.nonce, end: 0))
        }
        manifest.segments.sort { $0.number < $1.number }
        return manifest
    }

    /// Removes what a crash left between two manifests.
    private func removeOrphans(_ names: [String], _ manifest: Manifest) {
        let numbers = Set(manifest.segments.map(\.number))
        for name in names {
            let isOrphan =
                if let number = FileName.segmentNumber(name) {
                    !numbers.contains(number)
                } else if FileName.isCheckpoint(name) {
                    manifest.checkpoint.map { FileName.checkpoint($0.number) } != name
                } else {
                    name == FileName.newManifest
                }
            if isOrphan { try? fileSystem.unlink(directory + "/" + name) }
        }
    }

    private mutating func openSegments(_ manifest: Manifest) {
        for segment in manifest.segments {
            do {
                let file = try fileSystem.openFile(directory + "/" + FileName.segment(segment.number))
                let byteCount = try file.byteCount()
                let named = Int(clamping: segment.end)
                if named > byteCount { report.damagedRegions += 1 }
                catalog.segments.append(
                    SegmentState(
                        number: segment.number, nonce: segment.nonce, file: file,
                        end: segment.end == 0 ? byteCount : min(named, byteCount)))
            } catch .notFound {
                report.segmentsLost += 1
            } catch {
                // It stays in the list for a start that has more luck.
                report.segmentsLost += 1
                catalog.segments.append(
                    SegmentState(
                        number: segment.number, nonce: segment.nonce, file: UnopenedFile(failure: error),
                        end: Int(clamping: segment.end), isDamaged: true, isUnreadable: true,
                        isOpenEnded: segment.end == 0))
            }
        }
    }
}

/// Stands for a segment that is there and cannot be opened.
private final class UnopenedFile: StorageFile {
    private let failure: StorageFailure

    init(failure: StorageFailure) {
        self.failure = failure
    }

    func byteCount() throws(StorageFailure) -> Int { throw failure }
    func preallocate(_ byteCount: Int) throws(StorageFailure) { throw failure }
    func write(_ pieces: [ByteBuffer], at offset: Int) throws(StorageFailure) { throw failure }
    func read(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer { throw failure }
    func readIfCached(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer? { throw failure }
    func dataSync() throws(StorageFailure) { throw failure }
}

// MARK: - The log

extension Recovery {
    /// Replays one segment. In an open one, which was written when the last run ended, what is behind the last whole
    /// batch
    /// is cut off, unless a later batch shows that it had been durable; anywhere else it is damage.
    private mutating func replay(_ index: Int, from start: Int, isOpen: Bool) {
        let state = catalog.segments[index]
        let (image, hasHoles) = read(state, from: start)
        var end = state.end
        if isOpen {
            let tail = Self.tail(of: image)
            end = tail.end
            if tail.durable < end { doubts.append(Writer.Doubt(segment: state.number, offset: tail.durable)) }
            if end < image.end, !image.isZero(from: end) { report.bytesCut += image.end - end }
            catalog.segments[index].end = end
        }
        if hasHoles {
            // What is in the holes may be readable at the next start: nothing is decided before.
            report.damagedRegions += 1
            catalog.segments[index].isDamaged = true
            catalog.segments[index].isUnreadable = true
            catalog.segments[index].isOpenEnded = isOpen
        }
        var place = start
        while place < end {
            if let batch = image.batch(at: place) {
                for item in batch.items {
                    replay(item, of: catalog.segments[index])
                }
                place += batch.byteCount
                continue
            }
            let next = min(image.nextBatch(from: place + 8) ?? end, end)
            report.damagedRegions += 1
            catalog.segments[index].isDamaged = true
            for item in image.salvage(place..<next) {
                replay(item, of: catalog.segments[index])
            }
            place = next
        }
    }

    /// A segment's bytes from a place on; what the disk refuses to read is zeros.
    private func read(_ state: SegmentState, from start: Int) -> (image: SegmentImage, hasHoles: Bool) {
        let byteCount = max(0, state.end - start)
        if let bytes = try? state.file.read(byteCount, at: start) {
            return (SegmentImage(nonce: state.nonce, start: start, bytes: bytes), false)
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(byteCount)
        let pieceByteCount = 4 << 10
        while bytes.readableBytes < byteCount {
            let count = min(pieceByteCount, byteCount - bytes.readableBytes)
            var piece = (try? state.file.read(count, at: start + bytes.readableBytes)) ?? ByteBuffer()
            let missing = count - piece.readableBytes
            bytes.writeBuffer(&piece)
            bytes.writeRepeatingByte(0, count: missing)
        }
        return (SegmentImage(nonce: state.nonce, start: start, bytes: bytes), true)
    }

    /// Where the log ends that this image is the last part of: behind the last whole batch before the first gap, looked
    /// for behind everything that a later batch says was durable; and up to where a batch says so.
    private static func tail(of image: SegmentImage) -> (end: Int, durable: Int) {
        var place = image.start
        var tail = image.start
        var durable = image.start
        var isWhole = true
        while true {
            if let batch = image.batch(at: place) {
                durable = max(durable, batch.durable)
                if batch.durable > tail {
                    // Everything before was on the disk when this batch was written: the gap is damage.
                    isWhole = true
                }
                place += batch.byteCount
                if isWhole { tail = place }
            } else if let next = image.nextBatch(from: place + 8) {
                isWhole = false
                place = next
            } else {
                return (tail, min(durable, tail))
            }
        }
    }

    /// Puts a record into the index, if it is the newest of its key so far.
    private mutating func replay(_ item: SegmentImage.Item, of segment: SegmentState) {
        let head = item.head
        highestSequence = max(highestSequence, head.sequence)
        report.recordsReplayed += 1
        let slot =
            head.kind == .put
            ? Slot(
                hash: head.hash, sequence: head.sequence, segment: segment.number, offset: item.offset,
                byteCount: head.recordByteCount, oldest: head.oldest)
            : Slot(
                dropWritten: head.written, oldest: head.oldest, sequence: head.sequence, segment: segment.number,
                offset: item.offset, byteCount: head.recordByteCount)
        if let present = catalog[head.space].slot(of: head.token, sequence: head.sequence) {
            // The same record twice: compaction was at work. A copy that cannot be read replaces none that can.
            if item.value == nil, catalog.index(of: present.segment) != nil { return }
            catalog.move(head.token, to: slot, in: head.space)
        } else {
            var candidates: [Candidate] = []
            catalog[head.space].forEachSlot(of: head.token) { slot in
                if let index = catalog.index(of: slot.segment) {
                    candidates.append(Candidate(slot: slot, segment: catalog.segments[index]))
                }
            }
            for candidate in candidates {
                let finding: Candidate.KeyFinding
                do {
                    finding = try candidate.compareKey(item.key)
                } catch {
                    // It may be another key's, and stays beside the new one. Reads take the newest that they find, the
                    // next write of the key replaces both, and the next start looks again.
                    if let index = catalog.index(of: candidate.slot.segment) {
                        catalog.segments[index].isUnreadable = true
                    }
                    continue
                }
                guard finding != .other else { continue }
                guard candidate.slot.sequence < head.sequence else { return }
                catalog.remove(head.token, sequence: candidate.slot.sequence, in: head.space)
            }
            catalog.insert(head.token, slot, in: head.space)
        }
        if item.value == nil {
            let key = ByteBuffer(bytes: item.key.readableBytesView)
            suspects.append((head.space, head.token, head.sequence, key))
        }
    }
}

// MARK: - The end

extension Recovery {
    /// Drops what points nowhere and what is no longer needed, and counts what is live.
    private mutating func settle(_ writer: inout Writer) {
        var live = [Int](repeating: 0, count: catalog.segments.count)
        for space in Space.allCases {
            var stale: [(token: UInt64, sequence: UInt64)] = []
            catalog[space].walk(from: 0, after: nil, through: .max) { token, slot in
                // A slot of the checkpoint whose segment has gone was compacted or dropped since.
                guard let index = catalog.index(of: slot.segment) else {
                    stale.append((token, slot.sequence))
                    return true
                }
                if slot.isDrop {
                    guard
                        let barrier = catalog.barrier(oldest: slot.oldest, written: slot.written, own: slot.segment)
                    else {
                        stale.append((token, slot.sequence))
                        return true
                    }
                    let name = Writer.DropName(space: space, token: token, sequence: slot.sequence)
                    writer.waiting[barrier, default: []].append(name)
                }
                live[index] += slot.byteCount
                return true
            }
            for (token, sequence) in stale {
                catalog[space].remove(token, sequence: sequence)
            }
        }
        for index in catalog.segments.indices {
            catalog.segments[index].liveBytes = live[index]
        }
        for suspect in suspects
        where catalog[suspect.space].slot(of: suspect.token, sequence: suspect.sequence) != nil {
            catalog.corruptRecords += 1
            if report.lost.count < RecoveryReport.lostLimit {
                report.lost.append(LostRecord(space: suspect.space, token: suspect.token, key: suspect.key))
            }
        }
    }

    /// Goes on in the last segment after a clean stop, so that many short runs do not make many short segments.
    private func resume(_ checkpoint: Manifest.Checkpoint, segmentByteCount: Int, _ writer: inout Writer) {
        guard
            let last = catalog.segments.last, last.number == checkpoint.segment, last.end == Int(checkpoint.offset),
            let allocated = try? last.file.byteCount()
        else { return }
        writer.active = Writer.Active(
            number: last.number, nonce: last.nonce, file: last.file, end: last.end, durable: last.end,
            allocated: allocated, capacity: max(segmentByteCount, last.end))
    }
}
