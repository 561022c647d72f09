import Coordinator
import Machine
import Node
import Storage
import Testing

/// A node whose disk is an older copy of itself: a restored backup.
///
/// An image of a node that has started again since is recognised; one of the same start looks like a crash, and what it
/// coordinates over its old copies makes siblings. Neither issues a dot again, which would lose one of two values.
@Suite struct BackInTimeTests {
    private static let keys = (0..<40).map { "key-\($0)" }

    private static func put(_ value: String, to cluster: VirtualCluster, of host: Int) throws -> [Bool] {
        try keys.map { try cluster.put($0, value, of: host).dot != nil }
    }

    /// Every node has the value that was acknowledged last, alone unless told otherwise.
    private static func expect(
        _ acknowledged: [Bool], else earlier: String, on cluster: VirtualCluster, alone: Bool = true
    ) throws {
        for (key, isNewest) in zip(keys, acknowledged) {
            for host in cluster.running {
                let values = try #require(try cluster.get(key, of: host).values)
                #expect(values.contains(isNewest ? "newest" : earlier))
                #expect(values.count == 1 || !alone)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a restored backup never issues a dot again, and what is recognised as one pulls first`(hasRestarted: Bool)
        throws
    {
        let cluster = try VirtualCluster.resting(3)
        _ = try Self.put("old", to: cluster, of: 2)
        cluster.run(.seconds(5))
        if hasRestarted {
            try cluster.stop(2)
        }
        let image = cluster.hosts[2].fileSystem.image()
        if hasRestarted {
            try cluster.start(2)
            cluster.rest()
        }
        // Dots of the time after the image: of the same actor, in the same epochs.
        for round in 0..<3 {
            _ = try Self.put("new-\(round)", to: cluster, of: 2)
        }
        cluster.crash(2)
        cluster.hosts[2].fileSystem = image
        if hasRestarted {
            // A start that came to nothing before anybody heard of it does not hide where the disk comes from.
            for run in 0..<3 as Range<UInt64> {
                _ = try NodeHome.open(in: VirtualHost.directory, on: image, run: run)
            }
        }
        try cluster.start(2)
        let acknowledged = try Self.put("newest", to: cluster, of: 2)
        #expect(acknowledged.contains(true))
        cluster.rest()
        try Self.expect(acknowledged, else: "new-2", on: cluster, alone: hasRestarted)
        cluster.expectOwnersAlike()
    }

    @Test func `an image of the first node from when it was alone asks its seeds before it writes`() throws {
        let cluster = VirtualCluster()
        try cluster.add()
        cluster.run(.seconds(1))
        _ = try Self.put("old", to: cluster, of: 0)
        try cluster.stop(0)
        let image = cluster.hosts[0].fileSystem.image()
        try cluster.start(0)
        let other = try cluster.add(joining: 0)
        try cluster.add(joining: 0)
        cluster.rest()
        _ = try Self.put("new", to: cluster, of: 0)
        cluster.rest()
        cluster.crash(0)
        cluster.run(.seconds(10))
        cluster.hosts[0].fileSystem = image
        try cluster.start(0, seeds: [cluster.hosts[other].address])
        let acknowledged = try Self.put("newest", to: cluster, of: 0)
        cluster.rest()
        try Self.expect(acknowledged, else: "new", on: cluster, alone: false)
    }

    @Test(arguments: [0, 800, 1200, 2200])
    func `what nobody else holds yet is still held by a node that went back in time`(microseconds: Int) throws {
        let cluster = VirtualCluster()
        try cluster.add()
        cluster.run(.seconds(1))
        let value = String(repeating: "old", count: 50)
        for key in 0..<200 {
            #expect(try cluster.put("key-\(key)", value, of: 0).dot != nil)
        }
        try cluster.stop(0)
        let image = cluster.hosts[0].fileSystem.image()
        try cluster.start(0)
        cluster.run(.seconds(3))
        let joiner = try cluster.add(joining: 0)
        try cluster.add(joining: 0)
        cluster.run(.microseconds(microseconds))
        cluster.crash(0)
        cluster.hosts[0].fileSystem = image
        try cluster.start(0)
        cluster.run(.seconds(30))
        cluster.crash(0)
        cluster.run(.seconds(5))
        for key in 0..<200 {
            #expect(try cluster.get("key-\(key)", of: joiner).values == [value])
        }
    }
}
