public import Machine
public import Ring
public import Storage

/// Everyone's records on disk, and whether anybody has heard the node's own word among them.
///
///     told u8 | membership
///
/// Each start draws a random number into the node's own word (``Ring/Member/run``), so that two lives on copies of one disk
/// say different things. Peers notice it as long as both say them under one version: so the version goes up once somebody is
/// known to have heard the last, and not with each start. A backup that fails to start a few times before it meets its peers
/// would else have outrun them. The word names the starts that it remembers (``Ring/Member/runs``).
///
/// Changed by one thread at a time.
public struct MembershipFile: Sendable {
    private let file: CheckedFile

    /// The file in a data directory.
    public init(in directory: String, on fileSystem: any FileSystem) {
        file = CheckedFile(path: directory + "/membership", directory: directory, fileSystem: fileSystem)
    }

    /// The membership for another start of `node`, with the run in its word, written down; `nil` where there is no file.
    /// `describe` may change the word further.
    public func restart(
        _ node: NodeID, run: UInt64, _ describe: (inout Member) -> Void = { _ in }
    ) throws(StorageFailure) -> Membership? {
        guard var bytes = try file.read() else { return nil }
        var membership: Membership
        let wasTold: Bool
        do throws(DecodingFailure) {
            wasTold = try bytes.decodeInteger(as: UInt8.self, "whether the membership was told") != 0
            membership = try Membership(decoding: &bytes)
            try bytes.decodeEnd("membership")
        } catch {
            throw .unsupported("the membership cannot be read: \(error)")
        }
        guard membership.restart(node, run: run, wasTold: wasTold, describe) else {
            throw .unsupported("the membership does not have this node")
        }
        try replace(with: membership, isTold: false)
        return membership
    }

    /// Writes a membership down, and whether a peer has heard the node's own word of this start.
    public func replace(with membership: Membership, isTold: Bool) throws(StorageFailure) {
        var bytes = ByteBuffer()
        bytes.writeInteger(isTold ? 1 : 0, as: UInt8.self)
        membership.encode(into: &bytes)
        try file.replace(with: bytes)
    }
}
