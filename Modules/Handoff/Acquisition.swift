public import Machine
public import Ring

/// How an ``Acquisition`` paces itself.
public struct AcquisitionConfiguration: Sendable {
    /// The most holders to pull from at a time: 1 batch for each is in memory.
    public var streams: Int
    /// About how many bytes of entries to ask for at a time.
    public var batchBytes: Int
    /// How long to wait for a batch.
    public var requestTimeout: Duration
    /// How long to leave a holder alone that has failed or refused.
    public var backoff: BackoffConfiguration
    /// The least time between two claims, but for those at the end of a stream.
    public var claimInterval: Duration
    /// How long until a claim that the ring does not show is made again.
    public var claimTimeout: Duration
    /// The most bytes to take in each second, over all streams; `nil` for as many as the store can merge.
    public var bytesPerSecond: UInt64?

    /// The usual paces: 4 streams of 256 KiB batches, no more than the store can merge.
    public init(
        streams: Int = 4, batchBytes: Int = HandoffLimits.batchBytes, requestTimeout: Duration = .seconds(10),
        backoff: BackoffConfiguration = BackoffConfiguration(), claimInterval: Duration = .seconds(1),
        claimTimeout: Duration = .seconds(10), bytesPerSecond: UInt64? = nil
    ) {
        self.streams = max(1, streams)
        self.batchBytes = max(1, batchBytes)
        self.requestTimeout = requestTimeout
        self.backoff = backoff
        self.claimInterval = claimInterval
        self.claimTimeout = claimTimeout
        self.bytesPerSecond = bytesPerSecond
    }
}

/// Makes an owner a holder: pulls the partitions that this node should own and does not hold from those who do, merges
/// their copies, and claims what is complete.
///
/// ```
///  each holder that has something wanted:
///
///            free stream, reachable, backoff and throttle over
///    idle ─────────────────────────────────────────────────────► asking
///     ▲ ▲                                                          │ │
///     │ └── failed, busy, deadline, wrongEpoch, all refused ───────┘ │ batch
///     └──────────────────── merged / mergeFailed ── merging ◄────────┘
/// ```
/// A partition is complete when every reachable holder's copy has been merged, and enough of them that every earlier
/// write is among what was read (``requiredCopies(owners:holders:)``); at once where nobody holds it. A copy counts only
/// where its holder answered knowing this node as an owner (see ``HandoffView/refusals(of:by:)``), from the partition's
/// first token to its last.
///
/// Give it views only once the membership of the cluster to be joined is known: in the ring of a lone node nobody else
/// holds anything, and it would claim everything, which is right at a cluster's birth and at no other time.
///
/// One batch for each stream is in memory, and the next is asked for when the last is on disk: it goes at the store's
/// pace. A pass over a holder resumes at its cursor after any failure; a restart begins again with what has not been
/// claimed (riak_core#994: a transfer that starts from zero each time never ends).
public struct Acquisition: StateMachine, Sendable {
    /// A fact for the machine.
    public enum Event: Sendable {
        /// The ring, or who can be reached, has changed.
        case viewChanged(HandoffView)
        /// A holder has answered; `byteCount` is the size of the answer.
        case answered(HandoffTicket, HandoffResponse, byteCount: Int)
        /// A holder could not be asked, or the connection broke.
        case failed(HandoffTicket)
        /// A batch is merged and on disk.
        case merged(HandoffTicket)
        /// A batch is not, or perhaps not, on disk.
        case mergeFailed(HandoffTicket)
    }

    /// A wish of the machine.
    public enum Effect: Equatable, Sendable {
        /// Ask a holder, and report `answered` or `failed`.
        case pull(PullRequest, from: NodeID, HandoffTicket)
        /// Merge these into the store, and report `merged` when they are on disk, or `mergeFailed`.
        case merge([TransferEntry], HandoffTicket)
        /// Say in this node's membership record that it holds these too. Saying it twice does no harm.
        case claim(PartitionSet)
        /// Compare memberships with a node that knows another ring.
        case synchronise(with: NodeID)
    }

    let configuration: AcquisitionConfiguration
    var generator: SeededGenerator
    var tickets = TicketSource()
    var view: HandoffView?
    /// What this node should own and does not hold, by the view.
    var needed: PartitionSet
    /// Complete, and to be claimed with the next batch.
    var claimable: PartitionSet
    /// Claimed, but the view does not show it yet.
    var claimed: PartitionSet
    var nextClaimAt = Instant.zero
    var claimDeadline: Instant?
    /// Everyone who holds, or has given, something that is needed; sorted by identity.
    var sources: [AcquisitionSource] = []
    var throttle: Throttle
    var meter = RateMeter()
    var acquiredCount = 0

    /// A machine for a ring of `partitionCount` partitions that waits for its first view.
    public init(
        partitionCount: Int, configuration: AcquisitionConfiguration = AcquisitionConfiguration(), seed: UInt64
    ) {
        self.configuration = configuration
        generator = SeededGenerator(seed: seed)
        throttle = Throttle(bytesPerSecond: configuration.bytesPerSecond)
        needed = .none(of: partitionCount)
        claimable = .none(of: partitionCount)
        claimed = .none(of: partitionCount)
    }

    /// Takes one event; O(sources), a change of view O(partitions × replicas).
    public mutating func receive(_ event: consuming Event, at now: Instant, into effects: inout Effects<Effect>) {
        switch consume event {
        case .viewChanged(let view):
            change(to: view, at: now)
        case .answered(let ticket, let response, let byteCount):
            guard let index = sources.firstIndex(where: { $0.isAsking(ticket) }) else { return }
            answer(response, byteCount: byteCount, from: index, at: now, into: &effects)
        case .failed(let ticket):
            guard let index = sources.firstIndex(where: { $0.isAsking(ticket) }) else { return }
            fail(index, at: now)
        case .merged(let ticket):
            guard let index = sources.firstIndex(where: { $0.isMerging(ticket) }) else { return }
            finishMerge(at: index, at: now)
        case .mergeFailed(let ticket):
            guard let index = sources.firstIndex(where: { $0.isMerging(ticket) }) else { return }
            fail(index, at: now)
        }
        proceed(at: now, into: &effects)
    }

    /// Gives up on holders that are silent, tries others again, and claims.
    public mutating func expire(at now: Instant, into effects: inout Effects<Effect>) {
        for index in sources.indices {
            if case .asking(_, let deadline) = sources[index].phase, deadline <= now {
                fail(index, at: now)
            }
        }
        if let deadline = claimDeadline, deadline <= now {
            // Lost on its way into the membership, it seems; a claim is as true later.
            claimable.formUnion(claimed)
            claimed = .none(of: claimed.capacity)
            claimDeadline = nil
        }
        proceed(at: now, into: &effects)
    }

    /// The next silence to give up on, holder to try again, or claim to make; O(sources).
    public var nextDeadline: Instant? {
        var earliest = claimDeadline
        func consider(_ instant: Instant) {
            earliest = earliest.map { min($0, instant) } ?? instant
        }
        let hasFreeStream = activeStreams < configuration.streams
        for source in sources {
            if case .asking(_, let deadline) = source.phase {
                consider(deadline)
            } else if hasFreeStream, canAsk(source) {
                consider(max(source.readyAt, throttle.readyAt))
            }
        }
        if !claimable.isEmpty {
            consider(nextClaimAt)
        }
        return earliest
    }

    /// How many holders' copies a new owner must have merged before it holds a partition of `owners` owners and `holders`
    /// other holders.
    ///
    /// A write of the time before was acknowledged by a quorum. Whoever reads all but quorum − 1 of the copies meets it.
    /// Where there are fewer holders than owners, copies may have gone with removed members, and they are counted as
    /// unread: with one of three members removed, one survivor alone may be the one that missed a write.
    public static func requiredCopies(owners: Int, holders: Int) -> Int {
        let quorum = owners / 2 + 1
        return min(holders, max(holders, owners) - quorum + 1)
    }
}
