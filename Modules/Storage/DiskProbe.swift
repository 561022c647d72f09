import Machine

/// Tells bytes that are lost from a disk that does not read at present.
struct DiskProbe: Sendable {
    let fileSystem: any FileSystem
    /// A file of the store that is always there.
    let path: String

    init(_ fileSystem: any FileSystem, directory: String) {
        self.fileSystem = fileSystem
        path = directory + "/" + FileName.manifest
    }

    /// How often bytes are asked for before they are lost.
    private static let attempts = 4

    /// Reads bytes that a bad place of the disk may have taken: `nil` where they cannot be read however often they are asked
    /// for, while others can.
    ///
    /// Such bytes are lost, as those are that do not fit their checks; to fail for ever would make a key that nobody can
    /// write any more. A disk that reads nothing at all is another thing: its failure is thrown, and says nothing about what
    /// is there.
    func read(_ byteCount: Int, at offset: Int, of file: any StorageFile) throws(StorageFailure) -> ByteBuffer? {
        for _ in 0..<Self.attempts {
            do {
                return try file.read(byteCount, at: offset)
            } catch .inputOutput {
                try check(file)
            }
        }
        return nil
    }

    /// Whether the disk reads anything: another file, or an end of this one.
    private func check(_ file: any StorageFile) throws(StorageFailure) {
        let sectorByteCount = 512
        do throws(StorageFailure) {
            let other = try fileSystem.openFile(path)
            _ = try other.read(try other.byteCount(), at: 0)
        } catch {
            do throws(StorageFailure) {
                _ = try file.read(sectorByteCount, at: 0)
            } catch {
                _ = try file.read(sectorByteCount, at: max(0, try file.byteCount() - sectorByteCount))
            }
        }
    }
}
