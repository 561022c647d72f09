import Coordinator
import Machine
import Node
import Synchronization

/// Counts of what the node does, cheap enough for every request.
final class ServerMetrics: Sendable {
    /// The counts at one time.
    struct Snapshot: Sendable {
        var reads = 0
        var writes = 0
        var failures = 0
        var repairs = 0
        var standIns = 0
        var disagreements = 0
    }

    private let reads = Atomic(0)
    private let writes = Atomic(0)
    private let failures = Atomic(0)
    private let repairs = Atomic(0)
    private let standIns = Atomic(0)
    private let disagreements = Atomic(0)

    func count(_ observation: ShardObservation) {
        switch observation {
        case .readAnswered: reads.add(1, ordering: .relaxed)
        case .writeAnswered: writes.add(1, ordering: .relaxed)
        case .failed: failures.add(1, ordering: .relaxed)
        case .repaired(let replicas): repairs.add(replicas, ordering: .relaxed)
        case .stoodIn: standIns.add(1, ordering: .relaxed)
        case .disagreed: disagreements.add(1, ordering: .relaxed)
        }
    }

    var snapshot: Snapshot {
        Snapshot(
            reads: reads.load(ordering: .relaxed), writes: writes.load(ordering: .relaxed),
            failures: failures.load(ordering: .relaxed), repairs: repairs.load(ordering: .relaxed),
            standIns: standIns.load(ordering: .relaxed), disagreements: disagreements.load(ordering: .relaxed))
    }
}
