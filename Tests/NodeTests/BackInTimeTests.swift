import Coordinator
import Node
import Storage
import Testing

/// A node whose disk is an older copy of itself: a restored backup.
@Suite struct BackInTimeTests {
    /// An image of a node that has started again since is recognised; one of the same start looks like a crash, and what
    /// it coordinates over its old copies makes siblings. Neither issues a dot again, which would lose one of two values.
    @Test(arguments: [false, true])
    func `a restored backup never issues a dot again, and what is recognised as one pulls first`(hasRestarted: Bool)
        throws
    {
        let cluster = try VirtualCluster.resting(3)
        for key in 0..<40 {
            _ = try cluster.put("key-\(key)", "old", of: key % 3)
        }
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
            for key in 0..<40 {
                _ = try cluster.put("key-\(key)", "new-\(round)", of: 2)
            }
        }
        cluster.crash(2)
        cluster.hosts[2].fileSystem = image
        try cluster.start(2)
        let acknowledged = try (0..<40).map { try cluster.put("key-\($0)", "newest", of: 2).dot != nil }
        #expect(acknowledged.contains(true))
        cluster.rest()
        for key in 0..<40 {
            for host in 0..<3 {
                let values = try #require(try cluster.get("key-\(key)", of: host).values)
                let last = acknowledged[key] ? "newest" : "new-2"
                #expect(values.contains(last))
                #expect(values.count == 1 || !hasRestarted)
            }
        }
        cluster.expectOwnersAlike()
    }
}
