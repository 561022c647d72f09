import Gossip
import Machine
import Node
import Storage

/// A machine of a virtual cluster: a disk, an address, and a node while one runs.
struct VirtualHost {
    static let directory = "data"

    let index: Int
    let id: NodeID
    var fileSystem = VirtualFileSystem()
    var node: Node?
    /// When the node wants its timer, as it said last: asking every node after each event is a sixth of a run.
    var deadline: Instant?
    /// Which start of the host: messages of an earlier one are lost.
    var life = 0
    var isCommitting = false
    /// Commits wait while this is so, as if a sync did not return.
    var isDiskStuck = false
    /// How the last commit failed, if it did.
    var commitFailure: StorageFailure?
    /// By how many milliseconds the host's wall clock is wrong.
    var wallSkew: Int64 = 0

    init(index: Int, id: NodeID) {
        self.index = index
        self.id = id
    }

    var address: GossipAddress {
        guard let address = GossipAddress(host: "10.0.0.\(index + 1)", port: 7400) else {
            preconditionFailure("an address of host \(index)")
        }
        return address
    }
}
