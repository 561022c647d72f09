import Causality
import Handoff
import Machine
import Ring

func node(_ index: UInt64) -> NodeID { NodeID(high: 0, low: index) }

func partitions(_ indices: UInt32...) -> PartitionSet {
    var set = PartitionSet.none(of: 4)
    for index in indices {
        set.insert(PartitionID(index: index))
    }
    return set
}

/// A view of node 1 in a ring of four partitions of which only the first has owners and holders.
func view(
    owners: [UInt64], holders: [UInt64], unreachable: Set<UInt64> = [], members: ClosedRange<UInt64> = 1...6,
    measure: UInt64 = 1
) -> HandoffView {
    HandoffView(
        own: node(1), epoch: RingEpoch(measure: measure, digest: 0), partitionCount: 4, members: members.map(node),
        isReachable: { !unreachable.contains($0.low) }
    ) { $0.index == 0 ? (owners.map(node), holders.map(node)) : ([], []) }
}

func entry(_ token: UInt64) -> TransferEntry {
    var object = Object()
    object.write(
        .value(ByteBuffer(integer: token), contentType: ""), timestamp: HybridTimestamp(rawValue: token),
        seeing: .everythingHere, as: ActorID(node: node(9), epoch: token))
    return TransferEntry(key: ByteBuffer(integer: token), object: object)
}

func batch(_ tokens: [UInt64], next: UInt64?, refused: PartitionSet = partitions()) -> HandoffResponse {
    .pulled(PulledBatch(entries: tokens.map(entry), next: next, refused: refused, bytesLeft: 0))
}

/// A machine with the clock and the effects around it; a class, so that an expectation can tell it something.
final class Bench<Subject: StateMachine> {
    var machine: Subject
    var now = Instant.zero

    init(machine: Subject) {
        self.machine = machine
    }

    func tell(_ event: Subject.Event) -> [Subject.Effect] {
        var effects = Effects<Subject.Effect>()
        machine.receive(event, at: now, into: &effects)
        return effects.takeAll()
    }

    /// Waits for the machine's next deadline.
    func wait() -> [Subject.Effect] {
        var effects = Effects<Subject.Effect>()
        now = max(now, machine.nextDeadline ?? now)
        machine.expire(at: now, into: &effects)
        return effects.takeAll()
    }
}

func ticket(_ number: UInt64) -> HandoffTicket { HandoffTicket(rawValue: number) }
