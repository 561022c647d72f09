import Hashing
import Machine

/// A small file that is replaced as a whole and verified when it is read: the new content is on disk before the old is
/// gone, whatever fails in between.
///
///     magic      4 bytes, "TSF1"
///     checksum   8 bytes, over the content, seeded with its length
///     length     4 bytes
///     content
public struct CheckedFile: Sendable {
    private static let magic: UInt32 = 0x5453_4631
    private static let byteLimit = 64 << 20

    let path: String
    let directory: String
    let fileSystem: any FileSystem

    /// The file at `path`, which is in `directory`.
    public init(path: String, directory: String, fileSystem: any FileSystem) {
        self.path = path
        self.directory = directory
        self.fileSystem = fileSystem
    }

    /// The content, or `nil` where there is no such file; throws where it is damaged.
    public func read() throws(StorageFailure) -> ByteBuffer? {
        let file: any StorageFile
        do {
            file = try fileSystem.openFile(path)
        } catch .notFound {
            return nil
        }
        let byteCount = try file.byteCount()
        guard byteCount <= Self.byteLimit else { throw .unsupported("\(path): larger than any such file") }
        var bytes = try file.read(byteCount, at: 0)
        guard bytes.readInteger(as: UInt32.self) == Self.magic, let checksum = bytes.readInteger(as: UInt64.self),
            let length = bytes.readInteger(as: UInt32.self), let content = bytes.readSlice(length: Int(length)),
            Checksum.of(content, seed: UInt64(length)) == checksum
        else { throw .unsupported("\(path): the file is damaged; restore it, or start with an empty data directory") }
        return content
    }

    /// Puts `content` in the place of what was there.
    public func replace(with content: ByteBuffer) throws(StorageFailure) {
        let draft = path + ".new"
        do {
            try fileSystem.unlink(draft)
        } catch .notFound {
            // The usual case: no draft was left behind.
        }
        let file = try fileSystem.createFile(draft)
        var bytes = ByteBuffer()
        bytes.writeInteger(Self.magic)
        bytes.writeInteger(Checksum.of(content, seed: UInt64(content.readableBytes)))
        bytes.writeInteger(UInt32(content.readableBytes))
        bytes.writeImmutableBuffer(content)
        try file.write([bytes], at: 0)
        try file.dataSync()
        try fileSystem.rename(draft, to: path)
        try fileSystem.syncDirectory(directory)
    }
}
