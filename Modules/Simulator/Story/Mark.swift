import Gossip
import Node

/// Something that sometimes happens, and that a soak must have seen: what is never reached is never tested.
public enum Mark: Int, CaseIterable, Sendable {
    // Network
    case lostDatagram, duplicateDatagram, replayedDatagram, corruptDatagram, corruptFrame, longDelay, brokenConnection,
        silentConnection
    case lateControl, stalledControl, clogging, halfOpen, partition, oneWayPartition, bridge, longPartition
    // Hosts
    case kill, powerCut, crashAtEffect, powerCutInCommit, massRestart, pause, silentPause, pauseOfMinutes, slowHost
    case clockJump
    // Disks
    case failedCommit, failedStart, fullDisk, failedSync, diskError, slowDisk, lyingSync, rot, lostDisk
    case misdirectedWrite, unreadableRange, restoredBackup, clone, cleanStop
    // Topology
    case join, joinWhilePartitioned, removal, weight
    // Requests
    case written, read, absent, siblingsRead, tombstoneRead, unavailable, timeout, unknownOutcome, busy, storageRefusal,
        tooManySiblings
    case blindWrite, contextualWrite, staleWrite, handedOver, expiringWrite, delete, largeValue, overload
    case strictRead, wroteBack, linearizableRun
    // Allowed to some requests
    case readGoneBack, ownWriteUnread, causeUnread, earlierWriteUnread, notLinearizable
    // Within nodes
    case hedged, stoodIn, repaired, disagreed, up, acquired, relinquished, wentBackInTime
    case hinted, hintGone, suspected, unreachable, refuted, metNewerSelf, wokeLate, unreadableRecord, notWritten
    case compacted

    /// What marks are about. The marks of a group stand together, in the order of the groups.
    public enum Group: String, CaseIterable, Sendable {
        case network = "network: packets, connections, and who was cut off from whom"
        case hosts = "hosts: processes and clocks"
        case disks = "disks: what they refused, lost or got wrong"
        case topology = "topology: nodes that came and went, and their weights"
        case requests = "requests: what clients asked for, and what they were told"
        case allowed = "allowed to sloppy requests and to strict ones of R=1: counted only"
        case nodes = "within nodes: what they did and noticed"

        /// The first of its marks.
        var first: Mark {
            switch self {
            case .network: .lostDatagram
            case .hosts: .kill
            case .disks: .failedCommit
            case .topology: .join
            case .requests: .written
            case .allowed: .readGoneBack
            case .nodes: .hedged
            }
        }
    }

    /// What it is about.
    public var group: Group { Group.allCases.last { $0.first.rawValue <= rawValue } ?? .network }
}

/// How often each ``Mark`` was met.
public struct Marks: Equatable, Sendable {
    private var counts = [Int](repeating: 0, count: Mark.allCases.count)

    /// None was met.
    public init() {}

    /// How often a mark was met.
    public subscript(mark: Mark) -> Int { counts[mark.rawValue] }

    /// The marks that were not met.
    public var missing: [Mark] { Mark.allCases.filter { self[$0] == 0 } }

    /// Adds the counts of another run.
    public mutating func merge(_ other: Marks) {
        for index in counts.indices {
            counts[index] += other.counts[index]
        }
    }

    mutating func count(_ mark: Mark) {
        counts[mark.rawValue] += 1
    }

    mutating func count(_ observation: NodeObservation) {
        switch observation {
        case .shard(.hedged): count(.hedged)
        case .shard(.stoodIn): count(.stoodIn)
        case .shard(.repaired): count(.repaired)
        case .shard(.wroteBack): count(.wroteBack)
        case .shard(.disagreed): count(.disagreed)
        case .shard: break
        case .control(.up): count(.up)
        case .control(.acquired): count(.acquired)
        case .control(.relinquished): count(.relinquished)
        case .control(.wentBackInTime): count(.wentBackInTime)
        case .control(.gossip(.suspected)): count(.suspected)
        case .control(.gossip(.unreachable)): count(.unreachable)
        case .control(.gossip(.refuted)): count(.refuted)
        case .control(.gossip(.metNewerSelf)): count(.metNewerSelf)
        case .control(.gossip(.wokeLate)): count(.wokeLate)
        case .control: break
        case .unreadable: count(.unreadableRecord)
        case .notWritten: count(.notWritten)
        }
    }
}

extension Marks: CustomStringConvertible {
    /// A line for each mark, under a line for each group.
    public var description: String {
        Mark.Group.allCases.flatMap { group in
            [group.rawValue] + Mark.allCases.filter { $0.group == group }.map { "  \($0): \(self[$0])" }
        }.joined(separator: "\n")
    }
}
