import Machine
public import Ring
public import Storage

/// A node's place on a file system: who it is, whom it knew last, and its store.
///
///     identity      who the node is (IdentityFile)
///     membership    everyone's records (CheckedFile); written before the identity, so that an identity has one
///     store/        the engine's
public struct NodeHome {
    /// Who the node is.
    public let identity: IdentityFile
    /// Everyone's records as they were written down last.
    public let membership: Membership

    let membershipFile: CheckedFile

    /// The home in a directory, or `nil` where there is none yet.
    public static func open(
        in directory: String, on fileSystem: any FileSystem
    ) throws(StorageFailure) -> NodeHome? {
        guard let identity = try IdentityFile.open(in: directory, on: fileSystem) else { return nil }
        let file = CheckedFile(path: directory + "/membership", directory: directory, fileSystem: fileSystem)
        guard var bytes = try file.read() else {
            throw .unsupported("\(directory) has an identity and no membership")
        }
        do throws(DecodingFailure) {
            let membership = try Membership(decoding: &bytes)
            guard membership[identity.identity.node] != nil else {
                throw .invalid("this node is not in it")
            }
            return NodeHome(identity: identity, membership: membership, membershipFile: file)
        } catch {
            throw .unsupported("the membership in \(directory): \(error)")
        }
    }

    /// Makes a directory a node's. `membership` is that of the cluster, if it joins one; the node's own record is added.
    public static func create(
        _ record: Member, joining membership: Membership = Membership(), cluster: String, ring: RingConfiguration,
        in directory: String, on fileSystem: any FileSystem
    ) throws(StorageFailure) -> NodeHome {
        var membership = membership
        membership.merge(record)
        try fileSystem.createDirectory(directory)
        let file = CheckedFile(path: directory + "/membership", directory: directory, fileSystem: fileSystem)
        try file.replace(with: membership.encoded())
        let identity = NodeIdentity(
            node: record.id, cluster: cluster, partitions: UInt32(ring.partitions), replicas: UInt32(ring.replicas))
        return NodeHome(
            identity: try IdentityFile.create(identity, in: directory, on: fileSystem), membership: membership,
            membershipFile: file)
    }
}

extension Membership {
    func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        encode(into: &bytes)
        return bytes
    }
}
