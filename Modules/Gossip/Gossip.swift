public import Machine

/// One member of a group that finds its members, watches them, and tells them apart from those that failed: SWIM with
/// Lifeguard's refinements, as a pure machine.
///
/// A member probes one other in each period, asks helpers when there is no answer, suspects before it condemns, and
/// spreads what it learns on the datagrams that it sends anyway. Its work and traffic for each period are the same in a
/// group of ten and of three hundred. A join, and a round every half minute, exchange everything over a reliable channel.
///
/// The application sees members come, go and change by ``GossipEffect/observe(_:)``, reads ``members`` at any time, and
/// gives each member up to 512 bytes of metadata. Failure is an opinion here: nothing is ever done to a member but to
/// call it unreachable, and it is probed on until it leaves or the application forgets it.
public struct Gossip: StateMachine {
    /// What happens to the machine.
    public typealias Event = GossipEvent
    /// What it wants.
    public typealias Effect = GossipEffect

    enum Phase {
        /// Not joined yet.
        case idle
        /// Waits for its first incarnation to be on disk, and says nothing of itself before (memberlist#180).
        case starting
        case running
        /// Says good-bye.
        case leaving
        case left
    }

    let configuration: GossipConfiguration
    let timing: GossipTiming
    let cluster: ClusterTag
    var generator: SeededGenerator
    var phase = Phase.idle

    /// What this member says of itself; said to nobody before ``GossipObservation/started(incarnation:)``.
    public internal(set) var own: GossipMember
    /// What it will say with its next incarnation.
    var next: (status: GossipMember.Status, metadata: ByteBuffer)
    var incarnations: IncarnationReserve
    /// Whether the next incarnation contradicts others.
    var isRefuting = false
    var digest: UInt64 = 0

    var table: MemberTable
    /// Who is alive or suspect.
    var rotation = ProbeRotation()
    /// Who is unreachable.
    var lost = ProbeRotation()
    var queue = UpdateQueue()
    var health: LocalHealth

    var deadlines = DeadlineQueue()
    var flights: FlightTable
    /// The probe of this period.
    var probe: SlotID?
    var periods = 0

    var seeds: [GossipAddress] = []
    var seedPosition = 0
    /// Someone who talks to us and may know what we do not.
    var stranger: GossipAddress?

    /// The most seeds; more are ignored.
    public static let seedLimit = 64

    /// A member that does nothing before ``GossipEvent/join(seeds:)``.
    ///
    /// - Parameters:
    ///   - id: its identity, never shared with another.
    ///   - address: where others reach it.
    ///   - metadata: the application's bytes, at most ``GossipMember/metadataByteLimit``; that is a precondition.
    ///   - cluster: the cluster's name as a tag.
    ///   - restoredIncarnation: the highest value that a former run asked to persist; 0 on the first start. Where it is
    ///     lost, others know the member under a higher incarnation, and it will report to have met a newer self.
    ///   - configuration: free of ``GossipConfiguration/flaw``; that is a precondition.
    ///   - seed: all randomness follows from it.
    public init(
        id: NodeID, address: GossipAddress, metadata: ByteBuffer = ByteBuffer(), cluster: ClusterTag,
        restoredIncarnation: UInt64 = 0, configuration: GossipConfiguration = GossipConfiguration(), seed: UInt64
    ) {
        let flaw = configuration.flaw
        precondition(flaw == nil, "a gossip configuration in which it does not hold that \(flaw ?? "")")
        precondition(
            metadata.readableBytes <= GossipMember.metadataByteLimit, "\(metadata.readableBytes) bytes of metadata")
        self.configuration = configuration
        self.cluster = cluster
        timing = GossipTiming(configuration)
        generator = SeededGenerator(seed: seed)
        own = GossipMember(
            id: id, address: address, incarnation: min(restoredIncarnation, GossipMember.incarnationLimit),
            status: .alive, checkedMetadata: metadata)
        next = (.alive, metadata)
        incarnations = IncarnationReserve(restored: own.incarnation)
        table = MemberTable(capacity: configuration.memberLimit)
        health = LocalHealth(isEnabled: configuration.localHealth)
        flights = FlightTable(relayLimit: configuration.relayLimit, salt: generator.next())
    }

    /// Whether this member probes and answers: from ``GossipObservation/started(incarnation:)`` to
    /// ``GossipObservation/departed``.
    public var isTakingPart: Bool { phase == .running || phase == .leaving }

    /// All other members that are known, those too that left not long ago, in the order of their identities. O(n log n).
    public var members: [GossipMember] {
        table.entries.compactMap { $0?.member }.sorted { $0.id < $1.id }
    }

    /// The member with this identity, if it is known; oneself too. O(1).
    public func member(_ id: NodeID) -> GossipMember? {
        id == own.id ? own : table[id]?.member
    }

    /// Lifeguard's local health multiplier: 0 is well, 8 is barely there.
    public var healthScore: Int { health.score }

    /// When the next timer is due: of the period, the news, the push-pull, a question or a suspicion. O(1).
    public var nextDeadline: Instant? { deadlines.earliest }

    /// Takes one event; O(updates · members) at most, for the lists are searched in order.
    public mutating func receive(
        _ event: consuming GossipEvent, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        compensateForPause(at: now, into: &effects)
        switch consume event {
        case .join(let seeds):
            join(seeds, at: now, into: &effects)
        case .incarnationPersisted(let ceiling):
            incarnations.persisted(ceiling)
            raiseIfReady(at: now, into: &effects)
        case .received(let datagram, let from):
            receive(datagram, from: from, at: now, into: &effects)
        case .pushPullRequested(let state, let id):
            answer(state, id, at: now, into: &effects)
        case .pushPullAnswered(let state):
            take(state, at: now, into: &effects)
        case .metadataChanged(let metadata):
            change(metadata, at: now, into: &effects)
        case .digestChanged(let digest):
            self.digest = digest
        case .forget(let id):
            forget(id, at: now, into: &effects)
        case .leave:
            leave(at: now, into: &effects)
        }
        armNews(at: now)
    }

    /// Runs every timer that is due.
    public mutating func expire(at now: Instant, into effects: inout Effects<GossipEffect>) {
        compensateForPause(at: now, into: &effects)
        while let name = deadlines.popExpired(at: now) {
            switch GossipTimer(name: name, flightCapacity: flights.capacity) {
            case .period: beginPeriod(at: now, into: &effects)
            case .news: sendNews(at: now, into: &effects)
            case .pushPull: pushPull(at: now, into: &effects)
            case .departure: depart(into: &effects)
            case .flight(let place): flightIsDue(place, at: now, into: &effects)
            case .suspicion(let index): suspicionIsOver(index, at: now, into: &effects)
            }
        }
        armNews(at: now)
    }

    /// Where this process stood still, the answers to its questions may lie unread: every timer gets its time back, and
    /// one more probe's worth, before anyone is accused.
    private mutating func compensateForPause(at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard let tolerance = timing.pauseTolerance, let due = deadlines.earliest else { return }
        let late = due.nanoseconds(to: now)
        guard late > tolerance else { return }
        let delta = late + timing.probeTimeout
        let timers: [GossipTimer] = [.period, .news, .pushPull, .departure] + flights.places.map { .flight($0) }
        for timer in timers {
            let name = timer.name(flightCapacity: flights.capacity)
            if let deadline = deadlines.deadline(of: name) {
                deadlines.set(deadline.advanced(byNanoseconds: delta), for: name)
            }
        }
        for index in table.entries.indices {
            let deadline = table.update(index) { entry in
                entry.suspicion?.shift(byNanoseconds: delta)
                return entry.suspicion?.deadline
            }
            if let deadline = deadline ?? nil {
                setDeadline(deadline, for: .suspicion(index))
            }
        }
        effects.emit(.observe(.wokeLate(by: .nanoseconds(late))))
        addToHealth(1, into: &effects)
    }
}

extension Gossip {
    mutating func setDeadline(_ deadline: Instant, for timer: GossipTimer) {
        deadlines.set(deadline, for: timer.name(flightCapacity: flights.capacity))
    }

    mutating func removeDeadline(for timer: GossipTimer) {
        deadlines.remove(timer.name(flightCapacity: flights.capacity))
    }

    mutating func addToHealth(_ delta: Int, into effects: inout Effects<GossipEffect>) {
        if health.add(delta) {
            effects.emit(.observe(.healthChanged(health.score)))
        }
    }
}
