import Machine

/// Tells bytes that are lost from a disk that does not read at present.
struct DiskProbe: Sendable {
    let fileSystem: any FileSystem
    /// The store's.
    let directory: String

    /// How often bytes are asked for before they are lost.
    private static let attempts = 4
    private static let sectorByteCount = 512

    /// Reads bytes that a bad place of the disk may have taken: `nil` where they cannot be read however often they are asked
    /// for, while others can.
    ///
    /// Such bytes are lost, as those are that do not fit their checks; to fail for ever would make a key that nobody can
    /// write any more. A disk that reads nothing at all is another thing: its failure is thrown, and says nothing about what
    /// is there. O(files of the store) at worst, where a read fails.
    func read(_ byteCount: Int, at offset: Int, of file: any StorageFile) throws(StorageFailure) -> ByteBuffer? {
        for _ in 0..<Self.attempts {
            do {
                return try file.read(byteCount, at: offset)
            } catch .inputOutput(let code, let attempt) {
                guard try readsAnything() else { throw .inputOutput(code: code, attempt) }
            }
        }
        return nil
    }

    /// Whether the beginning or the end of any file of the store can be read.
    private func readsAnything() throws(StorageFailure) -> Bool {
        for name in try fileSystem.list(directory) {
            guard let file = try? fileSystem.openFile(directory + "/" + name), let byteCount = try? file.byteCount(),
                byteCount > 0
            else { continue }
            for offset in [0, max(0, byteCount - Self.sectorByteCount)] {
                if (try? file.read(min(byteCount, Self.sectorByteCount), at: offset)) != nil {
                    return true
                }
            }
        }
        return false
    }
}
