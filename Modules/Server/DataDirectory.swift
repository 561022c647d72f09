import Disk
import Machine
import Node
import Ring
import Storage

/// A node's place on disk: its identity, the membership as it was known last, and the engine's files.
///
///     identity      who the node is (IdentityFile)
///     membership    everyone's records (MembershipFile); written before the identity, so that an identity has one
///     store/        the engine's
struct DataDirectory {
    let path: String
    let fileSystem: any FileSystem
    let membershipFile: MembershipFile
    /// Held as long as the node runs: a second process on the directory is refused.
    let lock: any DirectoryLock

    /// Takes the directory for this process, and makes it where it is not there.
    init(path: String, fileSystem: any FileSystem) throws(StartFailure) {
        self.path = path
        self.fileSystem = fileSystem
        membershipFile = MembershipFile(in: path, on: fileSystem)
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

    /// The identity that the last run left, or `nil` in a new directory.
    func identity() throws(StartFailure) -> IdentityFile? {
        do throws(StorageFailure) {
            return try IdentityFile.open(in: path, on: fileSystem)
        } catch {
            throw .dataDirectory("the data directory \(path) cannot be read: \(error)")
        }
    }

    /// The membership that the last run left, for another start of the node, which describes itself anew.
    func restart(_ node: NodeID, _ describe: (inout Member) -> Void) throws(StartFailure) -> Membership {
        let membership: Membership?
        do throws(StorageFailure) {
            membership = try membershipFile.restart(node, run: UInt64.random(in: 0...UInt64.max), describe)
        } catch {
            throw .dataDirectory("the data directory \(path) cannot be used: \(error)")
        }
        guard let membership else {
            throw .dataDirectory(
                "\(path) has an identity and no membership; restore the file, or move the directory away and join as a new node"
            )
        }
        return membership
    }

    /// Makes the directory a node's.
    func create(_ identity: NodeIdentity, _ membership: Membership) throws(StartFailure) -> IdentityFile {
        do throws(StorageFailure) {
            try membershipFile.replace(with: membership, isTold: false)
            return try IdentityFile.create(identity, in: path, on: fileSystem)
        } catch {
            throw .dataDirectory("the data directory \(path) cannot be written: \(error)")
        }
    }
}
