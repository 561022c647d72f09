public import Machine

/// Names one push-pull that a peer asked for, so that the shell knows which call the answer belongs to.
public struct PushPullID: Hashable, Sendable {
    /// The shell's own number.
    public let rawValue: UInt64

    /// The push-pull with this number.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// What happens to a ``Gossip``.
public enum GossipEvent: Sendable {
    /// Take part, starting from these addresses; none: be the first. Seeds that do not answer are asked again, in turns,
    /// while nobody else is known, and those that were never met with each push-pull. Again later: more seeds.
    case join(seeds: [GossipAddress])
    /// What ``GossipEffect/persistIncarnation(_:)`` asked for is on disk.
    case incarnationPersisted(UInt64)
    /// A datagram came; `from` is where its answer goes.
    case received(GossipDatagram, from: GossipAddress)
    /// A peer sent its state and waits for ours.
    case pushPullRequested(GossipState, PushPullID)
    /// A peer answered our state with its own.
    case pushPullAnswered(GossipState)
    /// The application has other metadata, at most ``GossipMember/metadataByteLimit`` bytes (more is ignored).
    case metadataChanged(ByteBuffer)
    /// The application has another digest; it goes along with every probe.
    case digestChanged(UInt64)
    /// The application knows that this member will not return: others learn it as if it had left. It is contradicted
    /// by a member that is there after all.
    case forget(NodeID)
    /// Say good-bye, and stop.
    case leave
}

/// What a ``Gossip`` wants.
public enum GossipEffect: Hashable, Sendable {
    /// Send a datagram; it may be lost.
    case send(GossipDatagram, to: GossipAddress)
    /// Send our state over a reliable channel, and bring the peer's back as ``GossipEvent/pushPullAnswered(_:)``. An
    /// attempt that fails needs no event: there are others.
    case pushPull(GossipState, to: GossipAddress)
    /// Answer a peer's push-pull.
    case answerPushPull(PushPullID, GossipState)
    /// Refuse a peer's push-pull.
    case refusePushPull(PushPullID, GossipRefusal)
    /// Write down that incarnations up to this one may have been used, then say so. It is some steps ahead of the
    /// incarnation in use, so that a contradiction rarely waits for a disk. A later start begins above it.
    case persistIncarnation(UInt64)
    /// Something to know: for the application, logs, metrics and traces alike.
    case observe(GossipObservation)
}

/// Why a push-pull was refused.
public enum GossipRefusal: UInt8, Error, Hashable, Sendable {
    /// This member does not take part now: it has not joined yet, or it has left.
    case notTakingPart = 1
    /// The peer belongs to another cluster.
    case wrongCluster = 2
}

/// What there is to know about a cluster's life.
public enum GossipObservation: Hashable, Sendable {
    /// A member that was not known, or had left, is there.
    case joined(GossipMember)
    /// A known member has another address or other metadata.
    case changed(GossipMember)
    /// A suspect or unreachable member is alive.
    case alive(GossipMember)
    /// A member is suspected, and by whom; told once for each incarnation.
    case suspected(GossipMember, by: NodeID)
    /// A member did not contradict in time.
    case unreachable(GossipMember)
    /// A member said good-bye, or was forgotten by an application.
    case left(GossipMember)
    /// A record was dropped, by age or for room.
    case dropped(NodeID)
    /// A newcomer was refused: every place is taken by a member that is there.
    case full(NodeID)
    /// The peer's digest, just heard, is not ours.
    case digestDiffers(peer: NodeID, theirs: UInt64)
    /// Others thought us dead or suspect; we said otherwise, under this incarnation.
    case refuted(incarnation: UInt64)
    /// Someone knows us under an incarnation that we never used, or with other content under the one in use: a clone
    /// runs, or our disk has gone back in time.
    case metNewerSelf(GossipMember)
    /// A datagram or a state of another cluster was dropped.
    case wrongCluster(ClusterTag)
    /// The local health multiplier changed: 0 is well, 8 is barely there.
    case healthChanged(Int)
    /// Timers were served this much late, and start anew.
    case wokeLate(by: Duration)
    /// We take part, under this incarnation.
    case started(incarnation: UInt64)
    /// We have left; the machine rests.
    case departed
}
