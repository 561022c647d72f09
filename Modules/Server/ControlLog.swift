import Gossip
import Logging
import Node
import Ring

/// Tells people what the control plane observes.
struct ControlLog: Sendable {
    let logger: Logger

    func note(_ observation: ControlObservation) {
        switch observation {
        case .gossip(let gossip):
            note(gossip)
        case .up:
            logger.notice("this node serves its share")
        case .acquired(let partitions):
            logger.info("partitions complete here", metadata: ["partitions": "\(partitions)"])
        case .relinquished(let partitions):
            logger.info("partitions given to their owners", metadata: ["partitions": "\(partitions)"])
        case .ringChanged(let epoch, let members):
            logger.info("ring changed", metadata: ["epoch": "\(epoch.measure)", "members": "\(members)"])
        case .foreignExchange(let configuration):
            logger.error(
                "a node of another cluster of this name was ignored; if it began anew after losing its disk, stop it, empty its data directory and start it with --seed",
                metadata: [
                    "partitions": "\(configuration.partitions)", "replicas": "\(configuration.replicas)",
                    "birth": "\(configuration.birth)",
                ])
        case .wentBackInTime:
            logger.warning(
                "others know a later word of this node than it does: its data directory is an older copy, or in use elsewhere; it writes under a new actor and pulls its partitions again"
            )
        case .notPersisted:
            logger.error("the node's own files cannot be written; it tries again every second")
        }
    }

    private func note(_ observation: GossipObservation) {
        switch observation {
        case .joined(let member):
            logger.notice("member joined", metadata: ["member": "\(member.id)", "at": "\(member.address)"])
        case .alive(let member): logger.notice("member is back", metadata: ["member": "\(member.id)"])
        case .suspected(let member, let accuser):
            logger.info("member suspected", metadata: ["member": "\(member.id)", "by": "\(accuser)"])
        case .unreachable(let member):
            logger.warning("member unreachable", metadata: ["member": "\(member.id)", "at": "\(member.address)"])
        case .left(let member): logger.notice("member left", metadata: ["member": "\(member.id)"])
        case .refuted(let incarnation):
            logger.notice("others thought us dead", metadata: ["incarnation": "\(incarnation)"])
        case .metNewerSelf(let member):
            logger.error(
                "somebody knows this node under an incarnation that it never used",
                metadata: ["incarnation": "\(member.incarnation)"])
        case .wrongCluster: logger.debug("gossip of another cluster was ignored")
        case .wokeLate(let delay): logger.warning("the process stood still", metadata: ["for": "\(delay)"])
        case .full(let node): logger.error("no room for a further member", metadata: ["member": "\(node)"])
        case .changed, .dropped, .digestDiffers, .healthChanged, .started, .departed:
            logger.debug("gossip: \(observation)")
        }
    }
}
