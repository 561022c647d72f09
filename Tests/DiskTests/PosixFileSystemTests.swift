import Disk
import Glibc
import Machine
import Storage
import Testing

@Suite("The files of this machine")
struct PosixFileSystemTests {
    /// A fresh directory for one test.
    private func withDirectory(_ body: (PosixFileSystem, String) throws -> Void) throws {
        var template = Array("/tmp/toystore-disk-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        let path = String(cString: made)
        let disk = PosixFileSystem()
        defer {
            for name in (try? disk.list(path)) ?? [] {
                try? disk.unlink(path + "/" + name)
            }
            rmdir(path)
        }
        try body(disk, path)
    }

    @Test("bytes written in many pieces are read back, from the disk and from the cache")
    func pieces() throws {
        try withDirectory { disk, path in
            let file = try disk.createFile(path + "/file")
            try file.preallocate(3_000_000)
            #expect(try file.byteCount() == 3_000_000)
            let pieces = (0..<2500).map { ByteBuffer(repeating: UInt8($0 % 251), count: $0 % 7 + 1) }
            let whole = ByteBuffer(bytes: pieces.flatMap { Array($0.readableBytesView) })
            try file.write(pieces, at: 1000)
            try file.dataSync()
            #expect(try file.read(whole.readableBytes, at: 1000) == whole)
            let cached = try file.readIfCached(whole.readableBytes, at: 1000)
            #expect(cached == nil || cached == whole)
            #expect(try file.read(100, at: 2_999_990) == ByteBuffer(repeating: 0, count: 10))
            #expect(try file.read(100, at: 5_000_000).readableBytes == 0)
        }
    }

    @Test("names behave as the engine needs: create, rename over, link, unlink, list")
    func names() throws {
        try withDirectory { disk, path in
            let file = try disk.createFile(path + "/one")
            try file.write([ByteBuffer(string: "one")], at: 0)
            #expect(throws: StorageFailure.alreadyExists(path + "/one")) { try disk.createFile(path + "/one") }
            #expect(throws: StorageFailure.notFound(path + "/none")) { try disk.openFile(path + "/none") }
            try disk.link(path + "/one", to: path + "/two")
            #expect(throws: StorageFailure.alreadyExists(path + "/two")) {
                try disk.link(path + "/one", to: path + "/two")
            }
            _ = try disk.createFile(path + "/three")
            try disk.rename(path + "/one", to: path + "/three")
            #expect(try disk.list(path) == ["three", "two"])
            try disk.unlink(path + "/two")
            #expect(try file.read(3, at: 0) == ByteBuffer(string: "one"))
            try disk.syncDirectory(path)
            #expect(try disk.freeSpace(path) > 0)
        }
    }

    @Test("a directory has one lock, and its end frees it")
    func lock() throws {
        try withDirectory { disk, path in
            var lock: (any DirectoryLock)? = try disk.lock(path)
            #expect(throws: StorageFailure.locked(path)) { try disk.lock(path) }
            #expect(lock != nil)
            lock = nil
            _ = try disk.lock(path)
        }
    }
}
