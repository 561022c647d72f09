import Gossip
import Machine
import Ring

extension ControlPlane {
    mutating func tell(
        _ event: consuming GossipEvent, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        gossip.receive(event, at: now, into: &gossipEffects)
        carryOutGossip(at: now, into: &effects)
    }

    mutating func carryOutGossip(at now: Instant, into effects: inout Effects<ControlEffect>) {
        for effect in gossipEffects.takeAll() {
            switch effect {
            case .send(let datagram, let address):
                effects.emit(.send(datagram, to: address))
            case .pushPull(let state, let address):
                effects.emit(.pushPull(state, to: address))
            case .answerPushPull(let id, let state):
                effects.emit(.answerPushPull(id, state))
            case .refusePushPull(let id, let refusal):
                effects.emit(.refusePushPull(id, refusal))
            case .persistIncarnation(let incarnation):
                effects.emit(.persistIncarnation(incarnation))
            case .observe(let observation):
                effects.emit(.observe(.gossip(observation)))
                take(observation, at: now, into: &effects)
            }
        }
    }

    /// Failure moves no data: what the gossip says changes whom requests wait for, and nothing else.
    private mutating func take(
        _ observation: GossipObservation, at now: Instant, into effects: inout Effects<ControlEffect>
    ) {
        switch observation {
        case .joined(let member), .alive(let member):
            if unreachable.remove(member.id) != nil {
                publish(at: now, into: &effects)
            }
            exchange(with: member.id, at: now, into: &effects)
        case .unreachable(let member), .left(let member):
            if unreachable.insert(member.id).inserted {
                publish(at: now, into: &effects)
            }
            if PlantedBug.unreachableMemberIsRemoved.isPlanted, upcoming.direct(member.id, .remove) {
                persist(into: &effects)
            }
        case .digestDiffers(let peer, _):
            exchange(with: peer, at: now, into: &effects)
        case .metNewerSelf:
            goBackInTime(at: now, into: &effects)
        case .changed, .suspected, .dropped, .full, .refuted, .wrongCluster, .healthChanged, .wokeLate,
            .started, .departed:
            break
        }
    }
}
