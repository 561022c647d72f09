import CDisk
import Glibc
import Machine
import Storage

/// An open file of this machine.
final class PosixFile: StorageFile {
    private let descriptor: Int32
    private let path: String

    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    func byteCount() throws(StorageFailure) -> Int {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw failure("measure") }
        return Int(information.st_size)
    }

    func preallocate(_ byteCount: Int) throws(StorageFailure) {
        var offset = try self.byteCount()
        // Written zeros: fallocate's extents are unwritten, and turning one into a written one is a change of metadata.
        let zeros = ByteBuffer(repeating: 0, count: min(1 << 20, max(0, byteCount - offset)))
        while offset < byteCount {
            let count = min(zeros.readableBytes, byteCount - offset)
            guard let piece = zeros.getSlice(at: zeros.readerIndex, length: count) else { return }
            try write([piece], at: offset)
            offset += count
        }
    }

    func write(_ pieces: [ByteBuffer], at offset: Int) throws(StorageFailure) {
        var offset = offset
        if pieces.count == 1, let piece = pieces.first {
            try write(piece, at: offset)
            return
        }
        var first = 0
        while first < pieces.count {
            let group = pieces[first..<min(pieces.count, first + Self.vectorLimit)]
            offset = try write(group, at: offset)
            first = group.endIndex
        }
    }

    func read(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(byteCount)
        while buffer.readableBytes < byteCount {
            let missing = byteCount - buffer.readableBytes
            let place = off_t(offset + buffer.readableBytes)
            var result = 0
            var code: Int32 = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { bytes in
                result = pread(descriptor, bytes.baseAddress, missing, place)
                code = errno
                return max(0, result)
            }
            if result == 0 { break }
            if result < 0, code != EINTR { throw PosixFileSystem.failure(code, "read", path) }
        }
        return buffer
    }

    func readIfCached(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer? {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(byteCount)
        var result = 0
        var code: Int32 = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { bytes in
            result = toystore_read_cached(descriptor, bytes.baseAddress, byteCount, off_t(offset))
            code = errno
            return max(0, result)
        }
        if result == byteCount { return buffer }
        // Part of it, nothing yet, or a file system that cannot tell: the caller asks again where it may wait.
        if result >= 0 || code == EAGAIN || code == EOPNOTSUPP || code == EINTR { return nil }
        throw PosixFileSystem.failure(code, "read", path)
    }

    func dataSync() throws(StorageFailure) {
        // Never tried again, whatever the reason: see LogEngine.
        if fdatasync(descriptor) != 0 { throw failure("sync") }
    }

    /// At most so many pieces in one call (IOV_MAX).
    private static let vectorLimit = 1024

    private func write(_ piece: ByteBuffer, at offset: Int) throws(StorageFailure) {
        var written = 0
        while written < piece.readableBytes {
            let result = piece.withUnsafeReadableBytes { bytes in
                pwrite(
                    descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written,
                    off_t(offset + written))
            }
            if result < 0 {
                guard errno == EINTR else { throw failure("write") }
            } else {
                written += result
            }
        }
    }

    /// Writes a group of pieces with one call, and what that left over piece by piece. Returns where it ends.
    private func write(_ group: ArraySlice<ByteBuffer>, at offset: Int) throws(StorageFailure) -> Int {
        var vectors: [iovec] = []
        var owners: [Unmanaged<AnyObject>] = []
        vectors.reserveCapacity(group.count)
        owners.reserveCapacity(group.count)
        for piece in group {
            piece.withUnsafeReadableBytesWithStorageManagement { bytes, owner in
                // Retained, so that the bytes stay where they are until the call is over.
                owners.append(owner.retain())
                vectors.append(
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count))
            }
        }
        let result = pwritev(descriptor, vectors, Int32(vectors.count), off_t(offset))
        let code = errno
        for owner in owners {
            owner.release()
        }
        guard result >= 0 || code == EINTR else { throw PosixFileSystem.failure(code, "write", path) }
        var written = max(0, result)
        var place = offset
        for piece in group {
            let skipped = min(written, piece.readableBytes)
            written -= skipped
            if skipped < piece.readableBytes,
                let rest = piece.getSlice(at: piece.readerIndex + skipped, length: piece.readableBytes - skipped)
            {
                try write(rest, at: place + skipped)
            }
            place += piece.readableBytes
        }
        return place
    }

    private func failure(_ attempt: String) -> StorageFailure {
        PosixFileSystem.failure(errno, attempt, path)
    }
}
