import Disk
import Machine
import Ring
import Storage

/// A node's place on disk: its identity, the membership as it was known last, and the engine's files.
///
///     identity      who the node is (IdentityFile)
///     membership    everyone's records (CheckedFile); written before the identity, so that an identity has one
///     store/        the engine's
struct DataDirectory {
    let path: String
    let fileSystem: any FileSystem
    let membershipFile: CheckedFile
    /// Held as long as the node runs: a second process on the directory is refused.
    let lock: any DirectoryLock

    /// Takes the directory for this process, and makes it where it is not there.
    init(path: String, fileSystem: any FileSystem) throws(StartFailure) {
        self.path = path
        self.fileSystem = fileSystem
        membershipFile = CheckedFile(path: path + "/membership", directory: path, fileSystem: fileSystem)
        do throws(StorageFailure) {
            try fileSystem.createDirectory(path)
            lock = try fileSystem.lock(path)
        } catch .locked {
            throw .dataDirectory(
                "the data directory \(path) is in use by another node; stop that one, or choose another with --data-dir"
            )
        } catch {
            throw .dataDirectory(
                "the data directory \(path) cannot be used: \(error); make it writable, or choose another with --data-dir"
            )
        }
    }

    /// The identity and the membership that the last run left, or `nil` in a new directory.
    func restore() throws(StartFailure) -> (identity: IdentityFile, membership: Membership)? {
        do {
            guard let identity = try IdentityFile.open(in: path, on: fileSystem) else { return nil }
            guard var bytes = try membershipFile.read() else {
                throw StartFailure.dataDirectory(
                    "\(path) has an identity and no membership; restore the file, or move the directory away and join as a new node"
                )
            }
            return (identity, try Membership(decoding: &bytes))
        } catch let failure as StartFailure {
            throw failure
        } catch {
            throw .dataDirectory("the data directory \(path) cannot be read: \(error)")
        }
    }

    /// Writes down what the node says of itself and knows of the others.
    func write(_ membership: Membership) throws(StartFailure) {
        do throws(StorageFailure) {
            try membershipFile.replace(with: membership.encoded())
        } catch {
            throw .dataDirectory("the data directory \(path) cannot be written: \(error)")
        }
    }

    /// Makes the directory a node's.
    func create(_ identity: NodeIdentity, _ membership: Membership) throws(StartFailure) -> IdentityFile {
        do throws(StorageFailure) {
            try membershipFile.replace(with: membership.encoded())
            return try IdentityFile.create(identity, in: path, on: fileSystem)
        } catch {
            throw .dataDirectory("the data directory \(path) cannot be written: \(error)")
        }
    }
}

extension Membership {
    /// The membership as bytes.
    func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        encode(into: &bytes)
        return bytes
    }
}
