import Causality
import Handoff
import Machine
import Ring

/// What a node says of itself in the world of these tests.
struct Record: Equatable {
    var version: UInt64 = 1
    var isPlaced = true
    var isRemoved = false
    var holdings: Set<UInt32> = []
}

/// One node: its machines, and what would be on its disk.
struct SimulatedNode {
    let id: NodeID
    var records: [NodeID: Record] = [:]
    var objects: [UInt64: Object] = [:]
    var hints: [NodeID: [UInt64: UInt64]] = [:]
    var ledger = HintLedger(capacity: HintCapacity(count: 3, bytes: 1 << 20))
    var acquisition: Acquisition
    var homecoming: Homecoming
    var delivery: HintDelivery
    /// Counts its starts: what was answered to an earlier one is not heard.
    var start = 1

    init(id: NodeID, seed: UInt64) {
        self.id = id
        let pace = TransferConfiguration(
            concurrency: 2, scanLimit: 3, batchBytes: 100, requestTimeout: .milliseconds(80))
        acquisition = Acquisition(
            partitionCount: World.partitionCount,
            configuration: AcquisitionConfiguration(
                streams: 2, batchBytes: 100, requestTimeout: .milliseconds(80), claimInterval: .milliseconds(50),
                claimTimeout: .milliseconds(400)), seed: seed)
        homecoming = Homecoming(partitionCount: World.partitionCount, configuration: pace, seed: seed + 1)
        delivery = HintDelivery(configuration: pace, seed: seed + 2)
    }
}

/// Several nodes with the production machines of this module, maps for disks, and a network that loses.
///
/// Placement and membership are the plainest that will do, so that the machines are all that is tested. Keys are their own
/// tokens.
struct World {
    static let partitionCount = 8
    static let replicas = 3

    enum Occurrence {
        case transfer(NodeID, start: Int, Owner, TransferEvent)
        case acquisition(NodeID, start: Int, Acquisition.Event)
        case dropped(NodeID, start: Int, Owner, HandoffTicket)
        case hints(NodeID, start: Int, HandoffTicket, [HintEntry], HintCursor?)
        case request(HandoffRequest, from: NodeID, to: NodeID, start: Int, Owner, HandoffTicket)
        case gossip(NodeID, NodeID)
    }

    enum Owner { case acquisition, homecoming, delivery }

    var generator: SeededGenerator
    var now = Instant.zero
    var nodes: [NodeID: SimulatedNode] = [:]
    var order: [NodeID] = []
    var down: Set<NodeID> = []
    var lossPercent: UInt64 = 0
    var queue: [(at: Instant, number: Int, Occurrence)] = []
    var occurrences = 0
    var nextDot: UInt64 = 0
    var nextSequence: UInt64 = 0
    var acknowledged: [(key: UInt64, dot: Dot, by: Set<NodeID>)] = []
    var violations: [String] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }
}
