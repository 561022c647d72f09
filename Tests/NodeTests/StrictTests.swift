import Causality
import Coordinator
import Machine
import Node
import Storage
import Testing

/// What strict quorums promise: R + W > N, and no fallback counts.
@Suite struct StrictTests {
    private static let options = RequestOptions(sloppy: false, timeout: 1_000_000_000)

    /// Writes and reads one key after another through any nodes, for so many rounds; how many writes were acknowledged and
    /// read. A read that has an answer knows of every write that was acknowledged before.
    private static func writeAndRead(
        _ cluster: VirtualCluster, rounds: Int, _ generator: inout SeededGenerator,
        acknowledged: inout [String: [Dot]]
    ) throws -> Int {
        var seen = 0
        for _ in 0..<rounds {
            let key = "strict-\(generator.below(24))"
            let writer = cluster.running[Int(generator.below(UInt64(cluster.running.count)))]
            let value = "\(cluster.eventCount)"
            if let dot = try cluster.put(key, value, of: writer, seeing: .everythingHere, options).dot {
                acknowledged[key, default: []].append(dot)
            }
            let reader = cluster.running[Int(generator.below(UInt64(cluster.running.count)))]
            let read = try cluster.get(key, of: reader, options)
            guard read.failure == nil else { continue }
            for dot in acknowledged[key] ?? [] {
                #expect(
                    read.context?.contains(dot) ?? false,
                    "\(key): host \(reader) knows nothing of \(dot); \(cluster.summary); seed \(cluster.options.seed)")
                seen += 1
            }
        }
        return seen
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a strict read knows of every strict write while the cluster grows`(seed: UInt64) throws {
        let cluster = try VirtualCluster.resting(1, seed: seed)
        var generator = SeededGenerator(seed: seed)
        var acknowledged: [String: [Dot]] = [:]
        var seen = 0
        for _ in 0..<5 {
            seen += try Self.writeAndRead(cluster, rounds: 20, &generator, acknowledged: &acknowledged)
            try cluster.add(joining: 0)
            seen += try Self.writeAndRead(cluster, rounds: 40, &generator, acknowledged: &acknowledged)
        }
        #expect(seen > 200, "\(seen)")
    }

    /// The owner that was cut off believes in the old ring until it hears of the new one, and a former owner that has given
    /// its partitions away must not serve it.
    @Test(arguments: [4, 5, 6] as [UInt64])
    func `a strict read knows of every strict write when an owner has missed a change of the ring`(seed: UInt64) throws
    {
        let cluster = try VirtualCluster.resting(4, seed: seed)
        var generator = SeededGenerator(seed: seed)
        var acknowledged: [String: [Dot]] = [:]
        var seen = try Self.writeAndRead(cluster, rounds: 40, &generator, acknowledged: &acknowledged)
        cluster.partition([3], from: [0, 1, 2, 4, 5])
        cluster.run(.seconds(40))
        try cluster.add(joining: 0)
        try cluster.add(joining: 0)
        cluster.run(.seconds(20))
        seen += try Self.writeAndRead(cluster, rounds: 40, &generator, acknowledged: &acknowledged)
        cluster.heal()
        for _ in 0..<12 {
            cluster.run(.milliseconds(generator.below(80)))
            seen += try Self.writeAndRead(cluster, rounds: 6, &generator, acknowledged: &acknowledged)
        }
        #expect(seen > 100, "\(seen)")
        cluster.rest()
        _ = try Self.writeAndRead(cluster, rounds: 60, &generator, acknowledged: &acknowledged)
        cluster.rest()
        cluster.expectOwnersAlike()
    }

    /// A dot that left a node before it was on its disk must not be given to another write after a power cut
    /// (riak_kv#1643).
    @Test func `a dot that was lost with the power is not given to another write`() throws {
        let cluster = try VirtualCluster.resting(3)
        for index in 0..<6 {
            let key = "key-\(index)"
            let first = try #require(try cluster.put(key, "first", of: 0).dot)
            let coordinator = try #require(
                try cluster.hosts.firstIndex { host in
                    try IdentityFile.open(in: VirtualHost.directory, on: host.fileSystem)?.identity.actor
                        == first.actor.node
                })
            let others = cluster.hosts.indices.filter { $0 != coordinator }
            cluster.rest()
            // The others acknowledge what the coordinator's disk has not.
            cluster.hosts[coordinator].isDiskStuck = true
            let lost = try #require(try cluster.put(key, "second", of: others[0]).dot)
            #expect(lost.actor.node == first.actor.node)
            cluster.crash(coordinator)
            cluster.hosts[coordinator].isDiskStuck = false
            cluster.partition([coordinator], from: others)
            try cluster.start(coordinator)
            cluster.run(.milliseconds(10))
            let after = try cluster.put(
                key, "third", of: coordinator, seeing: .everythingHere, RequestOptions(write: .one))
            if let dot = after.dot {
                #expect(dot != lost)
            }
            cluster.heal()
            cluster.rest()
            let values = try #require(try cluster.get(key, of: 0).values)
            #expect(values == (after.dot == nil ? ["second"] : ["second", "third"]))
        }
        cluster.rest()
        cluster.expectOwnersAlike()
    }
}
