import Machine
public import Ring
public import Storage

/// A node's place on a file system: who it is, whom it knew last, and its store.
///
///     identity      who the node is (IdentityFile)
///     membership    everyone's records (MembershipFile); written before the identity, so that an identity has one
///     store/        the engine's
public struct NodeHome {
    /// Who the node is.
    public let identity: IdentityFile
    /// Everyone's records as they were written down last.
    public let membership: Membership

    let membershipFile: MembershipFile

    /// The home in a directory, for a start of its node, or `nil` where there is none yet.
    ///
    /// - Parameters:
    ///   - run: Random, and another for each start (``Member/run``); it is written down.
    ///   - describe: Changes the node's word further, such as its address.
    public static func open(
        in directory: String, on fileSystem: any FileSystem, run: UInt64,
        _ describe: (inout Member) -> Void = { _ in }
    ) throws(StorageFailure) -> NodeHome? {
        guard let identity = try IdentityFile.open(in: directory, on: fileSystem) else { return nil }
        let file = MembershipFile(in: directory, on: fileSystem)
        guard let membership = try file.restart(identity.identity.node, run: run, describe) else {
            throw .unsupported("\(directory) has an identity and no membership")
        }
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
        let file = MembershipFile(in: directory, on: fileSystem)
        try file.replace(with: membership, isTold: false)
        let identity = NodeIdentity(
            node: record.id, cluster: cluster, partitions: UInt32(ring.partitions), replicas: UInt32(ring.replicas),
            birth: ring.birth)
        return NodeHome(
            identity: try IdentityFile.create(identity, in: directory, on: fileSystem), membership: membership,
            membershipFile: file)
    }
}
