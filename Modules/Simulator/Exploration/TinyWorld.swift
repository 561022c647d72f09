import Machine
import Ring

/// The smallest cluster in which replication can go wrong: three nodes that all own one partition, one key, two clients.
///
/// The nodes are those of production, with the log engine on virtual disks. Time stands still but for ``TinyChoice/patience``;
/// gossip and memberships are left out, so that what remains is the path of requests, and its choices are few enough to try
/// all of them.
///
/// A world is the numbers of its parts in a ``TinyBook``. What is on its way between two hosts is what one has sent over the
/// present connection and the other has not received, and who is cut off is what the hosts do not reach: both are part of
/// the hosts' states.
struct TinyWorld: Hashable, Sendable {
    static let nodeCount = 3
    static let key = ByteBuffer(string: "k")
    static let ring: RingConfiguration = {
        guard let ring = RingConfiguration(partitions: 1, replicas: nodeCount) else {
            preconditionFailure("a ring of one partition")
        }
        return ring
    }()

    /// The states of the hosts.
    var hosts: SIMD3<UInt32>
    /// What is on its way.
    var network: UInt32
    /// The state of the clients and of their history.
    var outside: UInt32
    /// What may still happen.
    var budget: TinyBudget
}
