import Causality
import Handoff
import Machine
import Testing

@Suite struct ClusterTests {
    /// A life of joins, leaves, one removal, restarts, silences and losses, under writes; then rest.
    private func live(seed: UInt64) -> World {
        var world = World(seed: seed)
        world.add(1, knowing: nil)
        world.run(for: 200)
        for index in UInt64(2)...3 {
            world.add(index, knowing: world.order[0])
            world.run(for: 20)
        }
        var nextIndex: UInt64 = 4
        var mayRemove = seed.isMultiple(of: 2)
        world.lossPercent = world.generator.below(25)
        for _ in 0..<120 {
            let pick = world.order[Int(world.generator.below(UInt64(world.order.count)))]
            switch world.generator.below(40) {
            case 0 where nextIndex < 8 && !world.down.contains(pick):
                world.add(nextIndex, knowing: pick)
                nextIndex += 1
            case 1 where world.truth.values.count(where: { $0.isPlaced && !$0.isRemoved }) > 3:
                world.amend(pick) { $0.isPlaced = false }
            case 2 where mayRemove && world.truth.values.count(where: { $0.isPlaced && !$0.isRemoved }) > 3:
                mayRemove = false
                world.down.remove(pick)
                world.remove(pick, toldTo: world.order[0] == pick ? world.order[1] : world.order[0])
            case 3...4:
                world.restart(pick)
            case 5...6:
                world.down = world.down.isEmpty ? [pick] : []
                world.refreshAll()
            case 7...14:
                let other = world.order[Int(world.generator.below(UInt64(world.order.count)))]
                world.gossip(pick, other)
            default:
                let key = world.generator.below(32) << 59 | 7
                world.write(key, at: pick)
            }
            world.run(for: Int64(world.generator.below(30)))
            world.checkQuorums()
        }
        world.lossPercent = 0
        world.down = []
        world.refreshAll()
        for _ in 0..<120 {
            for (index, id) in world.order.enumerated() {
                world.gossip(id, world.order[(index + 1) % world.order.count])
            }
            world.run(for: 1000)
        }
        world.checkRest()
        return world
    }

    @Test("Through joins, leaves, removals, restarts and losses nothing acknowledged is lost, and all comes to rest")
    func life() {
        var acknowledged = 0
        for seed in UInt64(1)...60 {
            let world = live(seed: seed)
            acknowledged += world.acknowledged.count
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.prefix(5))")
        }
        #expect(acknowledged > 1000)
    }
}
