import Coordinator
import Machine
import Node
import Testing

/// Whole clusters under load while anything fails, then at rest: nothing acknowledged is lost, and all copies are alike.
@Suite struct FaultTests {
    /// What happens to a cluster in the course of one run, drawn from its seed.
    private static func run(seed: UInt64) throws -> VirtualCluster {
        var generator = SeededGenerator(seed: seed)
        var options = VirtualCluster.Options()
        options.seed = seed
        options.datagramLoss = generator.chance(1, in: 2) ? generator.below(200) : 0
        options.delay.spread = generator.chance(1, in: 4) ? 20_000_000 : 400_000
        options.commitDelay.spread = generator.chance(1, in: 4) ? 30_000_000 : 900_000
        options.shards = 1 + Int(generator.below(3))
        let cluster = VirtualCluster(options)
        try cluster.add()
        var load = Workload(clients: 6, keysPerClient: 4, seed: seed)
        for _ in 0..<(1 + generator.below(4)) {
            try cluster.add(joining: 0)
            load.run(on: cluster, for: .milliseconds(generator.below(1500)))
        }
        for _ in 0..<6 {
            try fail(cluster, &generator)
            load.run(on: cluster, for: .milliseconds(100 + generator.below(3000)))
        }
        cluster.heal()
        for host in cluster.hosts.indices where cluster.hosts[host].node == nil {
            try cluster.start(host)
        }
        load.finish(on: cluster)
        cluster.rest(within: .seconds(300))
        try load.expectNothingLost(on: cluster)
        cluster.rest()
        cluster.expectOwnersAlike()
        return cluster
    }

    private static func fail(_ cluster: VirtualCluster, _ generator: inout SeededGenerator) throws {
        let host = Int(generator.below(UInt64(cluster.hosts.count)))
        switch generator.below(6) {
        case 0, 1:
            if cluster.hosts[host].node == nil {
                try cluster.start(host)
            } else {
                cluster.crash(host)
            }
        case 2:
            if cluster.hosts[host].node == nil {
                try cluster.start(host)
            } else {
                try cluster.stop(host)
            }
        case 3:
            let group = cluster.hosts.indices.filter { _ in generator.chance(1, in: 2) }
            cluster.partition(group, from: cluster.hosts.indices.filter { !group.contains($0) })
        case 4:
            cluster.heal()
        default:
            if cluster.hosts.count < 6, let seed = cluster.running.first {
                try cluster.add(joining: seed)
            }
        }
    }

    @Test(arguments: [1, 2, 19, 127] as [UInt64])
    func `whatever fails, nothing acknowledged is lost and all copies end alike`(seed: UInt64) throws {
        _ = try Self.run(seed: seed)
    }
}
