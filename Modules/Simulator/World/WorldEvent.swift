import Coordinator
import Machine
import Node

/// What waits in the schedule. Large payloads lie elsewhere: each event is moved many times.
enum WorldEvent {
    /// Something for a host.
    case host(HostEvent, host: Int32, life: UInt32)
    /// A frame that arrives over a connection, if that is still the one that it was sent over.
    case frame(HostEvent, host: Int32, life: UInt32, link: Int32, incarnation: UInt32)
    /// A datagram arrives once more, long after.
    indirect case replay(NodeEvent, host: Int32)
    /// A host goes on with what came while it was busy.
    case wake(host: Int32)
    /// The asking side of a link finds that its connection is gone.
    case notice(link: Int32, incarnation: UInt32)
    /// The asking side of a link tries to connect again.
    case connect(link: Int32, incarnation: UInt32)
    /// A client has an answer.
    indirect case reply(operation: Int, Response)
    /// The connections of clients to a host, in that life of it, are gone.
    case clientsLost(host: Int32, life: UInt32)
    /// A client waits no longer.
    case giveUp(operation: Int)
    /// A client does the next thing.
    case turn(client: Int)
    /// Something goes wrong.
    case fault(FaultKind)
    /// Something that went wrong ends.
    case remedy(Remedy)
    /// A look at what must be bounded.
    case sample
}

/// What happens to a host, in the order in which it gets to it.
enum HostEvent {
    /// For its node.
    indirect case node(NodeEvent)
    /// Its timer is due, if it is still that timer.
    case timer(generation: UInt32)
    /// Its disk has synced.
    case commit
}

/// What ends a fault.
enum Remedy {
    /// These directed pairs of hosts can talk again.
    case unblock([Int])
    /// These links' connections for members and whole partitions get on again.
    case resumeControl([Int])
    /// The host starts, if it is that life of it that ended.
    case start(host: Int, life: UInt32)
    /// The host is as fast as before.
    case speedUp(host: Int)
    /// The host's disk works again.
    case mendDisk(host: Int)
    /// The host's process is ended and started: what an operator does when its storage has failed.
    case restart(host: Int, life: UInt32)
    /// The operator removes a member whose disk is lost.
    case remove(member: NodeID)
    /// The one disk that has a bad place is replaced.
    case replaceDisk
    /// An image of a disk is put back.
    case restore(backup: Int)
    /// A copy of a host is gone.
    case endClone(host: Int)
}
