/// A class of things that go wrong. In each run a class is off with probability ½; its rate is drawn from its range, each
/// order of magnitude as likely as another.
public enum FaultKind: String, CaseIterable, Sendable {
    // MARK: Network

    /// Datagrams are lost: 0.1 to 30 % of them.
    case loss
    /// Datagrams come twice: 0.1 to 50 %.
    case duplication
    /// Datagrams come again 1 s to 60 s later, to whoever lives at that address then: 0.1 to 10 %.
    case replay
    /// Datagrams come up to 100 ms late, and so behind later ones: 0.1 to 50 %.
    case reordering
    /// Packets meet a heavy tail of delays, 1 ms to 10 s: 0.01 to 5 %.
    case delay
    /// Datagrams are cut short: 0.01 to 5 %; a sixteenth as many frames break their connection by their checksum.
    case corruption
    /// What nodes say of members and of whole partitions is up to 5 s late, behind something large on its connection, so
    /// that requests meet old views: 0.1 to 50 % of those frames, and all behind them.
    case lateControl
    /// What a host says to the others and hears from them of members and of whole partitions waits for 1 s to 30 s, on
    /// connections that creep: it goes by an old view for so long, while its requests go on.
    case stalledControl
    /// All packets from one host to another are kept for 1 ms to 5 s.
    case clogging
    /// The connections of one host to another break, with all that is on its way.
    case disconnection
    /// The same, and the asking side does not notice until a keepalive fails.
    case halfOpen
    /// Hosts are cut off from each other, 10 ms to half of the run: one from all, halves, at random, or two groups with one
    /// host that reaches both; both ways or one way.
    case partition
    /// Rarely, and once in a run: a partition of a minute to two hours, beyond what the gossip remembers of members that are
    /// gone. The run goes on until it has ended.
    case longPartition

    // MARK: Hosts

    /// A process is killed, between two effects or within an event's; it starts again after 50 ms to 30 s.
    case kill
    /// A machine loses its power, between two effects, within an event's, or between two calls to the disk. What was not
    /// synced is lost, in whole, in blocks, or torn.
    case powerCut
    /// All machines lose their power at once.
    case massRestart
    /// A process stands still for 1 ms to a third of the run.
    case pause
    /// Rarely, and once in a run: a process stands still for a minute to ten. The run goes on until it has ended.
    case longPause
    /// A processor takes 50 µs to 20 ms for every event, for 1 s to 30 s.
    case slowness
    /// A wall clock jumps by up to an hour, forward or back, and drifts by up to 1 in 1,000.
    case clock

    // MARK: Disks

    /// A disk takes up to 300 times as long for a commit, for 1 s to 30 s.
    case slowDisk
    /// Calls to a disk fail, for 100 ms to 10 s; a write that fails may have written a part.
    case diskError
    /// Syncs of a disk fail, for 100 ms to 10 s.
    case failedSync
    /// A disk is full for 100 ms to 20 s.
    case fullDisk
    /// One disk in a run says that it has synced its log, and has not; then the power goes.
    case lyingSync
    /// Bits of that disk rot.
    case rot
    /// That disk is lost. Its machine joins as a new member, and an operator removes the old one.
    case lostDisk
    /// A write to that disk goes to another place of its file.
    case misdirectedWrite
    /// Some sectors of a file on that disk can no longer be read; an operator replaces it after 1 s to 20 s. Once in a run.
    case unreadable
    /// That disk is put back to what it was 1 s to 60 s before, while its node ran or when it had just stopped cleanly.
    case restoredBackup
    /// A copy of that disk starts on another machine, beside the node that it was taken from, for 1 s to 60 s.
    case clone

    // MARK: Clients

    /// For 1 s to 10 s clients come ten times as often.
    case overload

    // MARK: Members

    /// New nodes join, whatever else goes wrong.
    case join
    /// An operator changes a member's weight, to a quarter up to four times of what it was: partitions move.
    case weight

    /// The rates to draw from: a probability for each packet, or seconds between two times on average.
    var range: (least: Double, most: Double) {
        switch self {
        case .loss: (0.001, 0.3)
        case .duplication, .reordering, .lateControl: (0.001, 0.5)
        case .replay: (0.001, 0.1)
        case .delay, .corruption: (0.0001, 0.05)
        case .clogging, .disconnection: (1, 60)
        case .halfOpen: (5, 120)
        case .stalledControl: (5, 60)
        case .partition: (3, 60)
        case .longPartition, .longPause: (5, 60)
        case .kill, .powerCut, .pause: (2, 60)
        case .massRestart: (30, 120)
        case .slowness, .clock, .slowDisk: (10, 60)
        case .diskError, .failedSync, .fullDisk: (15, 120)
        case .lyingSync, .rot, .lostDisk, .misdirectedWrite, .unreadable, .restoredBackup, .clone: (10, 60)
        case .overload: (30, 120)
        case .join: (5, 60)
        case .weight: (2, 60)
        }
    }

    /// Whether the rate is a probability for each packet.
    public var isPerPacket: Bool {
        switch self {
        case .loss, .duplication, .replay, .reordering, .delay, .corruption, .lateControl: true
        default: false
        }
    }

    /// Whether it loses what was acknowledged as durable.
    var losesData: Bool {
        switch self {
        case .lyingSync, .rot, .lostDisk, .misdirectedWrite, .unreadable, .restoredBackup, .clone: true
        default: false
        }
    }

    /// Whether the node goes on answering without what it has lost. A member whose disk is lost does not: its copy is missing, and
    /// not wrong.
    var forgets: Bool { losesData && self != .lostDisk }

    /// In one of how many of the runs that could have it a class is: those that cost hours are rare.
    var rarity: UInt64 { self == .longPartition || self == .longPause ? 64 : 2 }

    /// A number of the class's own, so that classes that are added later change no draw of this one.
    var seed: UInt64 {
        // FNV-1a.
        rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
    }
}
