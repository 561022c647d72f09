import Machine
import Node
import Ring
import Storage
import Wire

extension FaultInjector {
    mutating func join(_ world: World) {
        let settled = world.running.filter { index in
            world.hosts[index].node.map { $0.exchange.membership[$0.id]?.state == .up } ?? false
        }
        guard world.hosts.count < hostLimit, !settled.isEmpty else { return }
        let seed = settled[Int(generator.below(UInt64(settled.count)))]
        world.marks.count(.join)
        world.report("host \(world.hosts.count) joins through host \(seed)")
        if world.blocked.contains(where: { $0 > 0 }) {
            world.marks.count(.joinWhilePartitioned)
        }
        do throws(StorageFailure) {
            try world.add(joining: seed)
        } catch {
            // A disk that fails at the very beginning: a start later finds nobody at home.
            world.hosts.last?.failure = error
        }
    }

    mutating func reweigh(_ world: World) {
        // A clone has another host's identity.
        let hosts = world.hosts.filter { !$0.isClone }
        let host = hosts[Int(generator.below(UInt64(hosts.count)))]
        let weight = UInt32(draw(25...400))
        world.report("an operator gives host \(host.index) the weight \(weight)")
        world.marks.count(.weight)
        world.direct(host.id, .none, weight: weight)
    }
}
