/// A mistake that somebody made once, and that `toystore-sim planted` makes again to see that the simulator finds it.
///
/// Each has one place, where the right behaviour is decided. It is a constant `false` there, and gone from the code that is
/// made, unless the package trait `PlantedBugs` is on: no node is ever built with it. (Usable from inline, or other modules
/// would call a function to learn that it is `false`.) Threads are named by project and number; a paper or a project alone where
/// the mistake is known from there.
@usableFromInline package enum PlantedBug: String, CaseIterable, Sendable {
    // MARK: Versions

    /// A key that begins another lifetime counts on as the actor that it was: its new dots are taken for old ones
    /// (riak_kv#679, #847).
    case dotsWithoutEpochs
    /// Dots that left the node before they were lost with the power are issued again (riak_kv#1865).
    case uncleanStopKeepsEpochs
    /// A clean stop makes good the unclean ones before it: records of then are trusted again.
    case cleanStopTrustsAll
    /// Dots of a commit that failed, and that left the node before, are issued again.
    case failedCommitKeepsEpochs
    /// Epochs are used before their reservation is on disk, so that the next start uses them again.
    case epochsAreNotReserved
    /// A node on a restored or copied disk goes on as if nothing was (riak_kv#1865).
    case restoredNodeGoesOn
    /// Of concurrent values the one with the latest wall clock is kept (scylladb#7082; the seed of this project).
    case clockDecidesBetweenSiblings
    /// Clocks are cut to a few entries (riak_core#613, riak_kv#283, #1866).
    case clocksArePruned
    /// The context of a write's answer covers siblings that its client was not shown (version vectors of servers).
    case answerCoversTheUnseen
    /// A delete takes the key's record away at once, without proof that nobody has an older copy (riak_kv#1777,
    /// scylladb#3560).
    case deleteForgetsTheKey

    // MARK: Requests

    /// A write is answered at W−1.
    case writeIsAnsweredTooEarly
    /// A coordinator counts itself before its own commit.
    case coordinatorCountsItselfTooEarly
    /// A replica answers a write before its commit.
    case replicaAnswersBeforeCommit
    /// "Not found" counts from a fallback, which has nothing by its nature.
    case fallbackSaysAbsent
    /// Of the stale replicas one is taken for all: read repair mends no other.
    case readRepairMendsOne
    /// Read repair mends the coordinator and nobody else (the seed of this project).
    case readRepairMendsItsCoordinatorOnly
    /// A strict read answers before what it saw is repaired, so that the next may see less (Attiya, Bar-Noy and Dolev 1995; what
    /// Cassandra does with `read_repair = NONE`).
    case strictReadAnswersBeforeItsRepair
    /// An owner that has missed a write is left no hint (dynomite#649, #190).
    case missedWriteLeavesNoHint
    /// A strict write counts fallbacks.
    case strictWriteCountsFallbacks
    /// A write whose coordinator was lost goes to another, though the first may have applied it (riak_kv#1754).
    case unknownWriteIsRetried
    /// A request that finds too few nodes has no answer (the seed's `FindN`).
    case tooFewNodesAreWaitedFor
    /// A replica serves requests that were made under another view of its partition (riak_kv#1754).
    case staleRingIsAccepted
    /// While a partition moves, writes are counted among its holders and not among its owners, and a former owner stops
    /// holding it when the new ones hold it (riak_kv#1754).
    case ownersAreNotCounted
    /// While a partition has more holders than owners, reads and writes count as if it had not (riak_kv#1754).
    case formerHoldersAreNotCounted

    // MARK: Storage

    /// A commit does not wait for the disk.
    case commitDoesNotSync
    /// A sync that failed is tried once more, and believed (PostgreSQL's fsync, 2018).
    case failedSyncIsRetried
    /// What the disk gives is served without a look at its checksum.
    case valueIsNotChecked
    /// A read that fails counts as "not found".
    case failedReadIsAbsence

    // MARK: Data on its way

    /// A hint goes when its delivery was tried, whatever became of it.
    case undeliveredHintIsDropped
    /// A delivery is confirmed though the store has failed.
    case failedDeliveryIsConfirmed
    /// A hint that comes while an earlier one of its key is delivered goes with it (the seed of this project).
    case newerHintIsDropped
    /// A new owner calls itself a holder when it has merged the first copy (riak_kv#1754).
    case partitionIsClaimedTooEarly
    /// A former owner stops holding a partition on the word of its new owners that they hold it, whatever it has beyond.
    case holderLetsGoTooEarly
    /// A stray is dropped when some of its owners have confirmed it.
    case strayIsDroppedTooEarly
    /// A stray is dropped though it has changed since its owners confirmed it.
    case changedStrayIsDropped
    /// The next batch of a transfer begins behind the key that did not fit into the last one.
    case transferSkipsAKey

    // MARK: Members

    /// A member that cannot be reached is taken out of the ring (consul#1212, habitat#5581).
    case unreachableMemberIsRemoved
    /// A node forgets its incarnation when it stops (memberlist#311).
    case incarnationIsForgotten
    /// A member's newer word about itself undoes what an operator said of it (scylladb#14991).
    case ownWordUndoesOperators
    /// A member that is called suspect or dead does not contradict (memberlist#311).
    case accusedDoesNotContradict
    /// Members that are taken for dead are never looked for again (memberlist#222).
    case lostAreNotLookedFor

    #if PlantedBugs
    /// The bug of this process: set between runs and never in one, by the one thread that starts them.
    @usableFromInline nonisolated(unsafe) package static var planted: PlantedBug?

    /// Whether this mistake is to be made.
    @inlinable package var isPlanted: Bool { Self.planted == self }
    #else
    /// Whether this mistake is to be made: never.
    @inlinable package var isPlanted: Bool { false }
    #endif
}
