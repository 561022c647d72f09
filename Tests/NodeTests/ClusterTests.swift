import Causality
import Coordinator
import Machine
import Node
import Testing

@Suite struct ClusterTests {
    /// So many nodes, each joined through the first, at rest.
    private func cluster(_ count: Int, seed: UInt64 = 1) throws -> VirtualCluster {
        var options = VirtualCluster.Options()
        options.seed = seed
        let cluster = VirtualCluster(options)
        try cluster.add()
        for _ in 1..<max(count, 1) {
            try cluster.add(joining: 0)
        }
        cluster.rest()
        return cluster
    }

    @Test func `a node alone reads and writes`() throws {
        let cluster = try cluster(1)
        #expect(try cluster.get("a", of: 0) == .absent)
        #expect(try cluster.put("a", "1", of: 0).dot != nil)
        #expect(try cluster.get("a", of: 0).values == ["1"])
    }

    @Test func `three nodes come to hold everything, and each serves every key`() throws {
        let cluster = try cluster(3)
        for index in 0..<30 {
            #expect(try cluster.put("key-\(index)", "\(index)", of: index % 3).dot != nil)
        }
        for index in 0..<30 {
            for host in 0..<3 {
                #expect(try cluster.get("key-\(index)", of: host).values == ["\(index)"])
            }
        }
        cluster.rest()
        cluster.expectOwnersAlike()
    }
}
