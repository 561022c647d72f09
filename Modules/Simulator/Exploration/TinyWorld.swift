import Machine
import Ring

/// The smallest cluster in which replication can go wrong: three nodes that all own one partition, one key, two clients.
///
/// The nodes are those of production, with the log engine on virtual disks. Time stands still but for ``TinyChoice/patience``;
/// gossip and memberships are left out, so that what remains is the path of requests, and its choices are few enough to try
/// all of them.
///
/// A world is the numbers of its parts in a ``TinyBook``. Who is cut off is part of the hosts' states: what they do not reach.
struct TinyWorld: Hashable, Sendable {
    static let nodeCount = 3
    static let key = ByteBuffer(string: "k")
    static let ring: RingConfiguration = {
        guard let ring = RingConfiguration(partitions: 1, replicas: nodeCount) else {
            preconditionFailure("a ring of one partition")
        }
        return ring
    }()

    /// The most different states of hosts, and of what is outside of them: 24 bits and 16, so that a world is 16 bytes.
    static let hostLimit = 1 << 24
    static let outsideLimit = 1 << 16

    /// The states of the hosts.
    var hosts: SIMD3<UInt32>
    /// What is on its way.
    var network: UInt32
    /// The state of the clients and of their history.
    var outside: UInt32
    /// What may still happen.
    var budget: TinyBudget
}
