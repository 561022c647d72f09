/// How a member probes, suspects and spreads. The defaults are for a local network, as memberlist's are.
///
/// All members of a cluster should have the same. The switches turn Lifeguard's parts off one by one (Dadgar, Phillips,
/// Currey: "Lifeguard: Local Health Awareness for More Accurate Failure Detection", 2017), and ``swim`` is the plain
/// protocol (Das, Gupta, Motivala: "SWIM", DSN 2002).
public struct GossipConfiguration: Sendable {
    // MARK: Probing

    /// The protocol period: each member probes one other in each.
    public var probeInterval: Duration = .seconds(1)
    /// How long a direct answer may take before helpers are asked; less than ``probeInterval``.
    public var probeTimeout: Duration = .milliseconds(500)
    /// The number of helpers (SWIM's *k*), 0 to 16.
    public var indirectProbes = 3
    /// An unreachable member is probed once in so many periods, in turns, for ever, so that a partition of any length
    /// heals (memberlist#222); in every period while nobody else is left. At least 1.
    public var reconnectionPeriods = 3

    // MARK: Suspicion

    /// Lifeguard's α: a suspicion lasts at least α · log10(n) · ``probeInterval``. Zero: no suspicion, death at once.
    public var suspicionMultiplier = 4.0
    /// Lifeguard's β: an unconfirmed suspicion lasts β times as long.
    public var suspicionMaximumMultiplier = 6.0
    /// Lifeguard's K: so many other accusers bring a suspicion from its longest to its shortest; at most 16.
    public var suspicionConfirmationLimit = 3

    // MARK: Spreading

    /// The λ of the paper: an update rides on λ · ⌈log10(n + 1)⌉ datagrams; at least 1.
    public var retransmitMultiplier = 4
    /// While there is news, it also goes out by itself this often; `nil`: only on probes and their answers.
    public var newsInterval: Duration? = .milliseconds(200)
    /// To how many members it then goes, 1 to 16.
    public var newsFanout = 3
    /// How often everything is exchanged with one random member over the reliable channel.
    public var pushPullInterval: Duration = .seconds(30)
    /// The most bytes of a datagram, 800 to ``GossipDatagram/byteLimit``.
    public var datagramByteLimit = GossipDatagram.byteLimit

    // MARK: Bounds

    /// The most members known beside oneself, 1 to 1023. When it is full, the oldest that left goes, then the one that
    /// has been unreachable for longest; a newcomer is refused while all others are there.
    public var memberLimit = GossipState.memberLimit - 1
    /// The most questions at a time that are asked for others, 1 to 4096; beyond, the asker gets a nack at once.
    public var relayLimit = 256
    /// How long a member that left stays known, so that old news cannot bring it back.
    public var tombstoneRetention: Duration = .seconds(24 * 3600)
    /// The longest that a leaving member goes on to tell the others.
    public var leaveTimeout: Duration = .seconds(5)
    /// A timer that is served later than this tells that the process stood still: all timers then start anew, since the
    /// answers may lie unread. `nil`: never.
    public var pauseTolerance: Duration? = .seconds(1)

    // MARK: Lifeguard's parts

    /// LHA-Probe: a member that misses answers suspects itself, and slows down.
    public var localHealth = true
    /// LHA-Suspicion: a suspicion begins long and shrinks with every other accuser.
    public var suspicionConfirmations = true
    /// Buddy: whoever talks to a suspect tells it so, before all other news.
    public var buddy = true
    /// Helpers say that they are alive though the target is not.
    public var nacks = true
    /// Not of Lifeguard: a verdict of death from others cuts a suspicion to its shortest, and never below, so that
    /// every member can contradict before anyone who did not suspect it believes it dead. Without it the two sides of
    /// a healed partition bury each other's members among themselves.
    public var secondOpinion = true

    /// The defaults for a local network.
    public init() {}

    /// Plain SWIM with suspicion: news rides on probes only, and all of Lifeguard's parts are off.
    public static var swim: GossipConfiguration {
        var configuration = GossipConfiguration()
        configuration.newsInterval = nil
        configuration.localHealth = false
        configuration.suspicionConfirmations = false
        configuration.buddy = false
        configuration.nacks = false
        configuration.secondOpinion = false
        configuration.pauseTolerance = nil
        return configuration
    }

    /// The first rule that the values break, as a sentence; `nil` where they are all right.
    public var flaw: String? {
        let rules: [(Bool, String)] = [
            (probeTimeout > .zero, "probeTimeout is positive"),
            (probeTimeout < probeInterval, "probeTimeout is less than probeInterval"),
            (probeInterval <= .seconds(3600), "probeInterval is at most an hour"),
            ((0...16).contains(indirectProbes), "indirectProbes is 0 to 16"),
            (reconnectionPeriods >= 1, "reconnectionPeriods is at least 1"),
            ((0...1000).contains(suspicionMultiplier), "suspicionMultiplier is 0 to 1000"),
            ((1...100).contains(suspicionMaximumMultiplier), "suspicionMaximumMultiplier is 1 to 100"),
            ((0...16).contains(suspicionConfirmationLimit), "suspicionConfirmationLimit is 0 to 16"),
            ((1...1000).contains(retransmitMultiplier), "retransmitMultiplier is 1 to 1000"),
            (newsInterval.map { $0 > .zero } ?? true, "newsInterval is positive"),
            ((1...16).contains(newsFanout), "newsFanout is 1 to 16"),
            (pushPullInterval > .zero, "pushPullInterval is positive"),
            ((800...GossipDatagram.byteLimit).contains(datagramByteLimit), "datagramByteLimit is 800 to 1400"),
            ((1..<GossipState.memberLimit).contains(memberLimit), "memberLimit is 1 to 1023"),
            ((1...4096).contains(relayLimit), "relayLimit is 1 to 4096"),
            (tombstoneRetention >= .zero, "tombstoneRetention is not negative"),
            (leaveTimeout >= .zero, "leaveTimeout is not negative"),
            (pauseTolerance.map { $0 > .zero } ?? true, "pauseTolerance is positive"),
        ]
        return rules.first { !$0.0 }?.1
    }
}
