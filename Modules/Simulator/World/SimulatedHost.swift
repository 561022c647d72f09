import Gossip
import Machine
import Node
import Storage

/// A machine of the simulated cluster: a disk, clocks, a processor, and a node while one runs.
final class SimulatedHost {
    static let directory = "data"

    let index: Int
    let address: GossipAddress
    let diskFaults: DiskFaults
    /// Whose disk this is; a lost disk is somebody else's.
    var id: NodeID
    /// It runs on a copy of another host's disk, under that one's identity.
    var isClone = false
    /// It will not start again.
    var isGone = false
    var fileSystem = VirtualFileSystem()
    var node: Node?
    /// Which start of the host this is: what was meant for an earlier one is lost.
    var life: UInt32 = 0
    /// When that was, in nanoseconds.
    var started: Int64 = 0

    /// When its timer is due as it is scheduled, and which of its timers that is.
    var timer = Int64.max
    var timerGeneration: UInt32 = 0

    /// Until when the processor has other things to do, and what waits for it.
    var busyUntil: Int64 = 0
    var backlog: [HostEvent] = []
    var backlogStart = 0
    var isWakeScheduled = false
    /// When it was seen busy last.
    var lastBusy: Int64 = -1
    /// Nanoseconds of processor time for each event: nothing but on a slow host.
    var eventCost: Int64 = 0

    var isCommitting = false
    /// How much longer a commit takes than on a healthy disk.
    var commitFactor: Int64 = 1
    /// Records on this disk may be damaged: a copy that is no owner's and cannot be read stays where it is.
    var isDamaged = false
    /// How the last commit or start failed, if it did.
    var failure: StorageFailure?

    /// By how many milliseconds the wall clock is wrong, and how many millionths it gains.
    var wallSkew: Int64 = 0
    var wallDrift: Int64 = 0

    /// What it knew of the members when somebody looked last, and in which life.
    /// The greatest incarnation that it was seen to have, in any life, under its identity.
    var incarnation: (id: NodeID, number: UInt64)?
    var membershipMeasure: (life: UInt32, measure: UInt64)?

    /// The process is killed, or the power cut, behind so many more effects.
    var effectsUntilCrash: Int?
    var isCrashPowerCut = false

    init(index: Int, id: NodeID, address: GossipAddress, seed: UInt64) {
        self.index = index
        self.id = id
        self.address = address
        diskFaults = DiskFaults(seed: seed)
        connectFaults()
    }

    /// Gives the host an empty disk and another identity.
    func replaceDisk(id: NodeID) {
        self.id = id
        isDamaged = false
        fileSystem = VirtualFileSystem()
        connectFaults()
    }

    /// Puts another disk of the same identity in.
    func replaceDisk(with disk: VirtualFileSystem) {
        fileSystem = disk
        isDamaged = false
        failure = nil
        connectFaults()
    }

    private func connectFaults() {
        fileSystem.setFaults { [diskFaults] call in diskFaults.fault(of: call) }
    }

    var hasBacklog: Bool { backlogStart < backlog.count }

    func popBacklog() -> HostEvent? {
        guard hasBacklog else { return nil }
        let event = backlog[backlogStart]
        backlogStart += 1
        if backlogStart == backlog.count {
            backlog.removeAll(keepingCapacity: true)
            backlogStart = 0
        }
        return event
    }

    /// What does not outlive a process.
    func endLife() {
        node = nil
        life += 1
        timer = .max
        timerGeneration &+= 1
        busyUntil = 0
        backlog.removeAll()
        backlogStart = 0
        isCommitting = false
        effectsUntilCrash = nil
    }
}
