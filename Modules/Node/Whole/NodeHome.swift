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

    /// The home in a directory, for a start of its node, or `nil` where there is none yet.
    ///
    /// - Parameter run: Random, and another for each start (``Member/run``); it is written down.
    public static func open(
        in directory: String, on fileSystem: any FileSystem, run: UInt64
    ) throws(StorageFailure) -> NodeHome? {
        guard let identity = try IdentityFile.open(in: directory, on: fileSystem) else { return nil }
        let file = CheckedFile(path: directory + "/membership", directory: directory, fileSystem: fileSystem)
        guard var bytes = try file.read() else {
            throw .unsupported("\(directory) has an identity and no membership")
        }
        var membership: Membership
        do throws(DecodingFailure) {
            membership = try Membership(decoding: &bytes)
        } catch {
            throw .unsupported("the membership in \(directory): \(error)")
        }
        guard membership.amend(identity.identity.node, { $0.run = run }) else {
            throw .unsupported("the membership in \(directory): this node is not in it")
        }
        try file.replace(with: membership.encoded())
        return NodeHome(identity: identity, membership: membership, membershipFile: file)
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
            node: record.id, cluster: cluster, partitions: UInt32(ring.partitions), replicas: UInt32(ring.replicas),
            birth: ring.birth)
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
