import Machine
import Synchronization

/// An open file on a virtual disk.
final class VirtualFile: StorageFile {
    private let disk: VirtualFileSystem
    private let inode: Int
    private let life: Int
    private let path: String

    init(_ disk: VirtualFileSystem, inode: Int, life: Int, path: String) {
        self.disk = disk
        self.inode = inode
        self.life = life
        self.path = path
    }

    deinit {
        disk.state.withLock { state in
            guard state.life == life else { return }
            state.inodes[inode]?.handles -= 1
            state.collect(inode)
        }
    }

    func byteCount() throws(StorageFailure) -> Int {
        try perform(.byteCount) { (state, _) throws(StorageFailure) in
            state.inodes[inode]?.current.count ?? 0
        }
    }

    func preallocate(_ byteCount: Int) throws(StorageFailure) {
        try perform(.preallocate) { (state, fault) throws(StorageFailure) in
            let present = state.inodes[inode]?.current.count ?? 0
            guard byteCount > present else { return }
            let zeros = [UInt8](repeating: 0, count: byteCount - present)
            try write(zeros, at: present, fault: fault, in: &state)
        }
    }

    func write(_ pieces: [ByteBuffer], at offset: Int) throws(StorageFailure) {
        try perform(.write) { (state, fault) throws(StorageFailure) in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.readableBytes })
            for piece in pieces {
                piece.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
            }
            try write(bytes, at: offset, fault: fault, in: &state)
        }
    }

    func read(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer {
        try perform(.read) { (state, _) throws(StorageFailure) in
            try read(byteCount, at: offset, in: state)
        }
    }

    func readIfCached(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer? {
        try perform(.readIfCached) { (state, _) throws(StorageFailure) in
            state.isCached ? try read(byteCount, at: offset, in: state) : nil
        }
    }

    func dataSync() throws(StorageFailure) {
        try perform(.dataSync) { (state, fault) throws(StorageFailure) in
            if case .lie = fault { return }
            state.inodes[inode]?.sync()
        }
    }

    private func perform<Result: Sendable>(
        _ operation: FileSystemCall.Operation,
        _ body: (inout VirtualFileSystem.State, FileSystemFault?) throws(StorageFailure) -> Result
    ) throws(StorageFailure) -> Result {
        try disk.perform(operation, path) { (state: inout VirtualFileSystem.State, fault) throws(StorageFailure) in
            guard state.life == life else { throw .closed }
            return try body(&state, fault)
        }
    }

    private func read(
        _ byteCount: Int, at offset: Int, in state: VirtualFileSystem.State
    ) throws(StorageFailure) -> ByteBuffer {
        guard let file = state.inodes[inode], offset < file.current.count, byteCount > 0 else { return ByteBuffer() }
        let range = offset..<min(file.current.count, offset + byteCount)
        guard file.unreadable.isEmpty || !file.unreadable.contains(where: { $0.overlaps(range) }) else {
            throw .inputOutput(code: FileSystemFault.inputOutputCode, "read \(path)")
        }
        return file.current.withUnsafeBytes { bytes in
            ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    private func write(
        _ bytes: [UInt8], at offset: Int, fault: FileSystemFault?, in state: inout VirtualFileSystem.State
    ) throws(StorageFailure) {
        var bytes = bytes
        var offset = offset
        if case .partial(let count) = fault { bytes.removeLast(max(0, bytes.count - count)) }
        if case .misdirected(let distance) = fault { offset = max(0, offset + distance) }
        guard let present = state.inodes[inode]?.current.count else { return }
        let growth = max(0, offset + bytes.count - present)
        guard growth <= state.capacity - state.usedBytes else { throw .full }
        state.usedBytes += growth
        state.inodes[inode]?.write(VirtualFileSystem.Write(offset: offset, bytes: bytes))
        if case .partial = fault {
            throw .inputOutput(code: FileSystemFault.inputOutputCode, "write \(path)")
        }
    }
}
