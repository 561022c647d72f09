public import Machine
import Synchronization

/// One call to a virtual disk, as the source of faults sees it.
public struct FileSystemCall: Hashable, Sendable {
    /// What is asked for.
    public enum Operation: String, CaseIterable, Sendable {
        case open, create, createDirectory, list, rename, link, unlink, syncDirectory, lock, freeSpace
        case byteCount, preallocate, write, read, readIfCached, dataSync
    }

    /// The number of calls before this one.
    public let index: Int
    /// What is asked for.
    public let operation: Operation
    /// Of which file or directory.
    public let path: String
}

/// What goes wrong with a call.
public enum FileSystemFault: Hashable, Sendable {
    /// It fails with this error number and does nothing. After a failed sync the unsynced writes are forgotten: a later
    /// sync does not bring them to the disk.
    case error(code: Int32)
    /// The disk says that it is full.
    case full
    /// A write stops after so many bytes and fails.
    case partial(Int)
    /// A sync reports success and does nothing.
    case lie
    /// A write goes so many bytes away from where it should.
    case misdirected(by: Int)

    /// The number of an input/output error on Linux (EIO).
    public static let inputOutputCode: Int32 = 5
}

extension VirtualFileSystem {
    /// Asks `source` at each call whether, and how, it fails; `nil` ends that. `source` must not call the disk itself.
    public func setFaults(_ source: (@Sendable (FileSystemCall) -> FileSystemFault?)?) {
        state.withLock { $0.faults = source }
    }

    /// The number of calls so far.
    public var callCount: Int { state.withLock { $0.callCount } }

    /// The bytes in files that have a name or are open.
    public var usedBytes: Int { state.withLock { $0.usedBytes } }

    /// Changes the size of the disk.
    public func setCapacity(_ capacity: Int) {
        state.withLock { $0.capacity = capacity }
    }

    /// Whether reads find everything in memory (the default), or nothing.
    public func setCached(_ isCached: Bool) {
        state.withLock { $0.isCached = isCached }
    }

    /// The bytes of a file as a reader would see them now, or `nil` where there is none.
    public func contents(of path: String) -> ByteBuffer? {
        state.withLock { state in
            state.inode(at: path).flatMap { state.inodes[$0] }.map { ByteBuffer(bytes: $0.current) }
        }
    }

    /// Rots: flips the bits of `mask` in one byte of a file, in memory and on the disk. Returns whether it was there.
    @discardableResult
    public func flipBits(_ mask: UInt8, in path: String, at offset: Int) -> Bool {
        state.withLock { state in
            guard let inode = state.inode(at: path), var file = state.inodes.removeValue(forKey: inode) else {
                return false
            }
            defer { state.inodes[inode] = file }
            guard offset >= 0, offset < file.current.count else { return false }
            file.current[offset] ^= mask
            if offset < file.durable.count { file.durable[offset] ^= mask }
            return true
        }
    }

    /// Makes every read that touches the range fail, until the file is gone.
    public func setUnreadable(_ range: Range<Int>, in path: String) {
        state.withLock { state in
            guard let inode = state.inode(at: path) else { return }
            state.inodes[inode]?.unreadable.append(range)
        }
    }

    /// A power cut. Of what was not synced each write is kept, lost, kept in some of its blocks of 512 bytes, or torn
    /// within
    /// one; each change of a name is kept or lost. Everything that was open is closed, every lock free.
    public func crash(using generator: inout SeededGenerator) {
        state.withLock { state in
            for inode in state.inodes.keys.sorted() {
                guard var file = state.inodes.removeValue(forKey: inode) else { continue }
                for write in file.forgotten + file.pending {
                    Self.applyInPart(write, to: &file.durable, using: &generator)
                }
                state.inodes[inode] = file
            }
            for path in state.directories.keys.sorted() {
                guard var directory = state.directories[path] else { continue }
                for changes in directory.pending where generator.chance(1, in: 2) {
                    for change in changes {
                        directory.durable[change.name] = change.inode
                    }
                }
                state.directories[path] = directory
            }
            state.restart()
        }
    }

    /// Another disk with what is durable on this one: a backup, or the disk of a clone.
    public func image() -> VirtualFileSystem {
        let copy = state.withLock { state in
            var copy = state
            copy.faults = nil
            return copy
        }
        let disk = VirtualFileSystem(capacity: copy.capacity)
        disk.state.withLock { state in
            state = copy
            state.restart()
        }
        return disk
    }

    /// Ends every open file and lock as the end of a process does: nothing written is lost.
    public func endProcess() {
        state.withLock { state in
            for inode in state.inodes.keys.sorted() {
                state.inodes[inode]?.handles = 0
                state.collect(inode)
            }
            state.locks = []
            state.life += 1
        }
    }

    private static func applyInPart(_ write: Write, to bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let blockByteCount = 512
        let mode = generator.below(4)
        var start = 0
        while start < write.bytes.count {
            // Blocks are cut at the disk's boundaries, not at the write's.
            let room = blockByteCount - (write.offset + start) % blockByteCount
            var block = write.bytes[start..<min(write.bytes.count, start + room)]
            start = block.endIndex
            switch mode {
            case 0: continue
            case 1: break
            default:
                guard generator.chance(1, in: 2) else { continue }
                if mode == 3, generator.chance(1, in: 4) {
                    block = block.prefix(Int(generator.below(UInt64(block.count))))
                }
            }
            apply(block, at: write.offset + block.startIndex, to: &bytes)
        }
    }

    static func apply(_ bytes: ArraySlice<UInt8>, at offset: Int, to file: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        if file.count < offset + bytes.count {
            file.append(contentsOf: repeatElement(0, count: offset + bytes.count - file.count))
        }
        file.withUnsafeMutableBytes { file in
            bytes.withUnsafeBytes { file[offset..<offset + bytes.count].copyBytes(from: $0) }
        }
    }
}
