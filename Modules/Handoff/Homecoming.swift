public import Machine
public import Ring

/// Sends home what this node has and does not own, and drops it once every owner has it.
///
/// ```
///  each partition that this node does not own:
///
///   held ──every owner holds it, shards go by that──► due ◄─────── backoff ───────────────────┐
///                                                      │ place free                           │ failed, news,
///   strayStored, inventory ───────────────────────────►│                                      │ changed meanwhile
///                                                      ▼                                      │
///   parked ◄── an owner cannot be reached ───── walking (offer, deliver; drop what is ────────┤
///     └── every owner reachable ─► due          not held)                                     ├──► not held: forgotten
///                                                                                             └──► held: relinquish, and
///                                                                                                  due when the bit is off
/// ```
/// While this node holds a partition it goes on serving it, until every owner does. Then it walks what it has, and when every
/// owner has confirmed all of it, it clears its bit, so that nobody counts on it any more. That an owner claims to hold the
/// partition is not enough: a claim can be about while other views acknowledge writes without it, and the copy here may be
/// all that makes a read meet them.
///
/// A node that comes to own what has not gone home yet owes it to the other owners all the same.
///
/// What is not held any more, or never was, is walked in the same way: an entry is dropped when *every* owner has confirmed it
/// in this very state, this node is still no owner by its latest view, and the entry is unchanged. An owner that cannot be
/// reached stops the dropping, or the clearing, and nothing else: the others get what they lack.
///
/// The shell carries out drops and merges in the order of the effects and answers that caused them; then a partition
/// that comes back to this node cannot lose to an old drop what has been merged since.
public struct Homecoming: StateMachine, Sendable {
    /// A fact for the machine.
    public enum Event: Sendable {
        /// The ring, or who can be reached, has changed.
        case viewChanged(HandoffView)
        /// Every shard goes by the view of this epoch: what this node acknowledges from now on, these owners are asked for.
        case viewAdopted(RingEpoch)
        /// The partitions of which the store has anything: at the start.
        case inventory(PartitionSet)
        /// Something was stored in a partition that this node does not own.
        case strayStored(PartitionID)
        /// The shell's report about a transfer.
        case transfer(TransferEvent)
        /// The drop has been carried out, for what was unchanged.
        case dropped(HandoffTicket)
        /// Begin nothing new: foreground work comes first.
        case pause
        /// Go on.
        case resume
    }

    /// A wish of the machine.
    public enum Effect: Equatable, Sendable {
        /// A step of a walk.
        case transfer(TransferEffect)
        /// Say in this node's membership record that it holds these no longer. Saying it twice does no harm.
        case relinquish(PartitionSet)
        /// Drop each entry whose hash is still this one, and report `dropped`, or `failed` for the transfer.
        case dropIfUnchanged(PartitionID, [OfferRequest.Entry], HandoffTicket)
    }

    struct Walk: Sendable {
        var steps: PartitionWalk
        /// Every owner beside this node that the partition had when the walk began.
        let owners: [NodeID]
        /// Whether what every owner confirms is dropped: this node neither owns nor holds the partition.
        let drops: Bool
        var dropTicket: HandoffTicket?
        /// Something was stored behind the walk's back.
        var hasNews = false

        /// Whether the walk goes to every owner, so that what they all confirm can go.
        var reachesEveryOwner: Bool {
            steps.targets.count == owners.count || PlantedBug.strayIsDroppedTooEarly.isPlanted
        }
    }

    let configuration: TransferConfiguration
    var generator: SeededGenerator
    var tickets = TicketSource()
    var view: HandoffView?
    /// The epoch of the view that every shard goes by.
    var adopted: RingEpoch?
    var isPaused = false
    /// Partitions of which there may be data here that has to go home, those among them that this node holds and every owner
    /// does.
    var strays: PartitionSet
    /// Those of the strays that this node has come to own since: the other owners may lack what it has.
    var owed: PartitionSet
    /// Those of the strays that wait for an owner to be reachable.
    var parked: PartitionSet
    /// Those of the strays that wait for their time or a free place, by index.
    var due = DeadlineQueue()
    var backoffs: [PartitionID: Backoff] = [:]
    var walks: [Walk] = []
    /// Relinquished, but the view does not show it yet.
    var relinquished: PartitionSet
    var relinquishDeadline: Instant?
    var throttle: Throttle

    /// A machine for a ring of `partitionCount` partitions that waits for its first view.
    public init(
        partitionCount: Int, configuration: TransferConfiguration = TransferConfiguration(), seed: UInt64
    ) {
        self.configuration = configuration
        generator = SeededGenerator(seed: seed)
        throttle = Throttle(bytesPerSecond: configuration.bytesPerSecond)
        strays = .none(of: partitionCount)
        owed = .none(of: partitionCount)
        parked = .none(of: partitionCount)
        relinquished = .none(of: partitionCount)
    }

    /// Partitions of which there may be data here that has to go home, whether or not a walk is under way.
    public var pending: PartitionSet { strays }

    /// Takes one event; O(walks), a change of view O(partitions × replicas).
    public mutating func receive(_ event: consuming Event, at now: Instant, into effects: inout Effects<Effect>) {
        switch consume event {
        case .viewChanged(let view):
            change(to: view, at: now, into: &effects)
        case .viewAdopted(let epoch):
            adopted = epoch
            goOnWithHeld(at: now)
        case .inventory(let partitions):
            for partition in partitions {
                note(partition, at: now)
            }
        case .strayStored(let partition):
            noteStray(partition, at: now)
        case .transfer(let event):
            take(event, at: now, into: &effects)
        case .dropped(let ticket):
            if let index = walks.firstIndex(where: { $0.dropTicket == ticket }) {
                walks[index].dropTicket = nil
                walks[index].steps.resume()
            }
        case .pause:
            isPaused = true
        case .resume:
            isPaused = false
        }
        proceed(at: now, into: &effects)
    }

    /// Gives up on owners that are silent, and begins what has become due.
    public mutating func expire(at now: Instant, into effects: inout Effects<Effect>) {
        for index in walks.indices {
            walks[index].steps.expire(at: now)
        }
        if let deadline = relinquishDeadline, deadline <= now {
            sayAgain(at: now, into: &effects)
        }
        proceed(at: now, into: &effects)
    }

    /// The next silence to give up on, or piece of work to begin; O(walks).
    public var nextDeadline: Instant? {
        var earliest = relinquishDeadline
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            earliest = earliest.map { min($0, instant) } ?? instant
        }
        // By index: a walk refers to much, and is not to be copied to be looked at.
        for index in walks.indices {
            consider(walks[index].steps.nextDeadline)
            if walks[index].steps.phase == .ready, !isPaused {
                consider(throttle.readyAt)
            }
        }
        if view != nil, !isPaused, walks.count < configuration.concurrency {
            consider(due.earliest)
        }
        return earliest
    }
}
