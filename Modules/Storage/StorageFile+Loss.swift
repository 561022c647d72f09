import Machine

extension StorageFile {
    /// Reads bytes that a bad place of the disk may have taken: `nil` where they cannot be read however often they are asked
    /// for, while the file can be read elsewhere.
    ///
    /// Such bytes are lost, as those are that do not fit their checks; to fail for ever would make a key that nobody can
    /// write any more. A disk that reads nothing at all is another thing: its failure is thrown, and says nothing about what
    /// is there.
    func readUnlessLost(_ byteCount: Int, at offset: Int) throws(StorageFailure) -> ByteBuffer? {
        for _ in 0..<lossAttempts {
            do {
                return try read(byteCount, at: offset)
            } catch .inputOutput {
                do {
                    _ = try read(probeByteCount, at: 0)
                } catch .inputOutput {
                    _ = try read(probeByteCount, at: max(0, try self.byteCount() - probeByteCount))
                }
            }
        }
        return nil
    }
}

/// How often bytes are asked for before they are lost.
private let lossAttempts = 4
/// The bytes that are read elsewhere: at the beginning of the file or, if they are lost too, at its end.
private let probeByteCount = 512
