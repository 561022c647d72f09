import Hashing
import Machine
import Synchronization

/// The file that keeps the index across a stop: a header, and blocks of entries in the order of their tokens.
enum CheckpointFormat {
    static let magic: UInt64 = 0x746f_7969_6e64_6578  // "toyindex"
    static let version: UInt32 = 1
    static let headerByteCount = 32
    static let blockHeaderByteCount = 16
    static let entryByteCount = 8 + Slot.encodedByteCount
    /// Entries of a block: 64 KiB.
    static let blockEntryLimit = 1820

    static func header(number: UInt32, count: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(magic, version, number, UInt64(count))
        bytes.writeInteger(Checksum.of(bytes, seed: 0))
        return bytes
    }

    /// The number of entries that a header announces, or `nil` where it is no header of this checkpoint.
    static func count(in header: ByteBuffer, number: UInt32) -> Int? {
        var bytes = header
        guard
            let checked = bytes.getSlice(at: bytes.readerIndex, length: headerByteCount - 8),
            let fields = bytes.readMultipleIntegers(as: (UInt64, UInt32, UInt32, UInt64, UInt64).self),
            fields.0 == magic, fields.1 == version, fields.2 == number,
            fields.4 == Checksum.of(checked, seed: 0)
        else { return nil }
        return Int(exactly: fields.3)
    }

    /// The check of a block, bound to its place.
    static func check(_ entries: ByteBuffer, space: UInt8, number: UInt32, block: Int) -> UInt64 {
        Checksum.of(entries, seed: UInt64(number) << 32 ^ UInt64(block) << 2 ^ UInt64(space))
    }
}

extension LogEngine {
    /// As ``StorageEngine/checkpoint()``.
    public func checkpoint() throws(StorageFailure) {
        try writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            try writer.checkWritable()
            try resolveDoubts(&writer)
            try syncActive(&writer)
            try writeCheckpoint(&writer)
            try saveManifest(&writer)
            removeOldCheckpoints(writer)
        }
    }

    /// Writes the index to a new file, which counts from the next manifest on. What it points to must be durable.
    func writeCheckpoint(_ writer: inout Writer) throws(StorageFailure) {
        guard !catalog.withLock({ $0.segments.contains { $0.isUnreadable } }) else {
            // The index may lack what could not be read: the next start has to look again.
            writer.checkpoint = nil
            return
        }
        let number = writer.nextCheckpoint
        let name = path(FileName.checkpoint(number))
        let file = try fileSystem.createFresh(name)
        writer.nextCheckpoint += 1
        do {
            let count = catalog.withLock { catalog in
                Space.allCases.reduce(0) { $0 + catalog[$1].usage.records + catalog[$1].dropCount }
            }
            var offset = CheckpointFormat.headerByteCount
            try file.write([CheckpointFormat.header(number: number, count: count)], at: 0)
            var block = 0
            for space in Space.allCases {
                var cursor: ScanCursor?
                while let bytes = self.block(block, of: space, number: number, after: &cursor) {
                    try file.write([bytes], at: offset)
                    offset += bytes.readableBytes
                    block += 1
                }
            }
            try file.dataSync()
            try fileSystem.syncDirectory(directory)
        } catch {
            try? fileSystem.unlink(name)
            throw error
        }
        writer.checkpoint = Manifest.Checkpoint(
            number: number, segment: writer.active?.number ?? writer.nextSegment,
            offset: UInt64(writer.active?.end ?? 0))
    }

    private func block(_ block: Int, of space: Space, number: UInt32, after cursor: inout ScanCursor?) -> ByteBuffer? {
        var entries = ByteBuffer()
        entries.reserveCapacity(CheckpointFormat.blockEntryLimit * CheckpointFormat.entryByteCount)
        var count = 0
        var last = cursor
        catalog.withLock { catalog in
            catalog[space].walk(from: 0, after: cursor, through: .max) { token, slot in
                entries.writeInteger(token)
                slot.encode(into: &entries)
                last = ScanCursor(token: token, sequence: slot.sequence)
                count += 1
                return count < CheckpointFormat.blockEntryLimit
            }
        }
        guard count > 0 else { return nil }
        cursor = last
        var bytes = ByteBuffer()
        bytes.reserveCapacity(CheckpointFormat.blockHeaderByteCount + entries.readableBytes)
        bytes.writeMultipleIntegers(
            UInt32(count), UInt32(space.rawValue),
            CheckpointFormat.check(entries, space: space.rawValue, number: number, block: block))
        bytes.writeBuffer(&entries)
        return bytes
    }

    /// Removes checkpoints that no manifest names any more; a start removes what is left over.
    private func removeOldCheckpoints(_ writer: Writer) {
        guard let names = try? fileSystem.list(directory) else { return }
        let current = writer.checkpoint.map { FileName.checkpoint($0.number) }
        for name in names where FileName.isCheckpoint(name) && name != current {
            try? fileSystem.unlink(path(name))
        }
    }
}

extension Recovery {
    /// Fills the indexes from a checkpoint; `false` where it cannot be trusted to the last byte.
    mutating func readCheckpoint(_ checkpoint: Manifest.Checkpoint) -> Bool {
        guard
            let file = try? fileSystem.openFile(directory + "/" + FileName.checkpoint(checkpoint.number)),
            let header = try? file.read(CheckpointFormat.headerByteCount, at: 0),
            var remaining = CheckpointFormat.count(in: header, number: checkpoint.number)
        else { return false }
        var offset = CheckpointFormat.headerByteCount
        var block = 0
        while remaining > 0 {
            guard
                var fields = try? file.read(CheckpointFormat.blockHeaderByteCount, at: offset),
                let (count, word, check) = fields.readMultipleIntegers(as: (UInt32, UInt32, UInt64).self),
                count > 0, Int(count) <= min(remaining, CheckpointFormat.blockEntryLimit),
                let raw = UInt8(exactly: word), let space = Space(rawValue: raw)
            else { return false }
            offset += CheckpointFormat.blockHeaderByteCount
            let byteCount = Int(count) * CheckpointFormat.entryByteCount
            guard
                var entries = try? file.read(byteCount, at: offset), entries.readableBytes == byteCount,
                CheckpointFormat.check(entries, space: raw, number: checkpoint.number, block: block) == check
            else { return false }
            while let token = entries.readInteger(as: UInt64.self), let slot = try? Slot(decoding: &entries) {
                catalog[space].insert(token, slot)
            }
            offset += byteCount
            remaining -= Int(count)
            block += 1
        }
        return true
    }
}
