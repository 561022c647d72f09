import Causality
import Coordinator
import Gossip
import Machine
import Node
import Ring
import Storage
import Testing
import Wire

@Suite struct ClusterTests {
    private static let strict = RequestOptions(sloppy: false)

    // MARK: - From nothing

    @Test func `a node alone reads, writes and deletes`() throws {
        let cluster = try VirtualCluster.resting(1)
        #expect(try cluster.get("a", of: 0) == .absent)
        let put = try cluster.put("a", "1", of: 0)
        #expect(put.dot != nil)
        #expect(try cluster.get("a", of: 0).values == ["1"])
        let delete = PutRequest(key: ByteBuffer(string: "a"), content: .tombstone)
        #expect(try cluster.ask(.put(delete), of: 0).dot != nil)
        let gone = try cluster.get("a", of: 0)
        #expect(gone.values == [] && gone != .absent, "a delete is known of")
    }

    @Test(arguments: [2, 3, 5])
    func `nodes that join come to hold their share, and each serves every key`(count: Int) throws {
        let cluster = try VirtualCluster.resting(count)
        for index in 0..<40 {
            #expect(try cluster.put("key-\(index)", "\(index)", of: index % count).dot != nil)
        }
        for index in 0..<40 {
            for host in 0..<count {
                #expect(try cluster.get("key-\(index)", of: host).values == ["\(index)"])
                #expect(try cluster.get("absent-\(index)", of: host) == .absent)
            }
        }
        cluster.rest()
        cluster.expectOwnersAlike()
    }

    @Test func `what one node has is at all owners when two more have joined`() throws {
        let cluster = try VirtualCluster.resting(1)
        for index in 0..<200 {
            #expect(try cluster.put("key-\(index)", "\(index)", of: 0).dot != nil)
        }
        try cluster.add(joining: 0)
        try cluster.add(joining: 0)
        cluster.rest()
        cluster.expectOwnersAlike()
        for index in 0..<200 {
            #expect(try cluster.get("key-\(index)", of: 2, RequestOptions(read: .all)).values == ["\(index)"])
        }
    }

    /// A failed node, added again by everyone who hears of it, was in the first Toystore's ring twice.
    @Test func `a node that is announced a hundred times is one member`() throws {
        let cluster = try VirtualCluster.resting(3)
        let before = try #require(cluster.hosts[0].node?.exchange)
        for _ in 0..<100 {
            for host in 0..<3 {
                cluster.announce(before, to: host)
            }
        }
        cluster.run(.seconds(5))
        for host in 0..<3 {
            let node = try #require(cluster.hosts[host].node)
            #expect(node.exchange == before)
            #expect(node.view.ring.members.count == 3)
        }
    }

    // MARK: - Failures

    @Test func `with one of two nodes dead, one copy reads and a quorum writes nothing`() throws {
        let cluster = try VirtualCluster.resting(2)
        #expect(try cluster.put("a", "1", of: 0).dot != nil)
        cluster.crash(1)
        cluster.run(.milliseconds(10))
        let began = cluster.now
        let refused = try cluster.put("a", "2", of: 0)
        guard case .unavailable(2, 1, let missing, .notApplied)? = refused.failure else {
            Issue.record("\(refused)")
            return
        }
        #expect(missing == [cluster.hosts[1].id])
        #expect(cluster.now == began, "at once")
        #expect(try cluster.get("a", of: 0, RequestOptions(read: .one)).values == ["1"])
        #expect(try cluster.put("a", "3", of: 0, RequestOptions(write: .one)).dot != nil)
    }

    @Test(arguments: [[1], [1, 2], [0, 4], [2, 3]])
    func `of five nodes any one or two may die`(dead: [Int]) throws {
        let cluster = try VirtualCluster.resting(5)
        for index in 0..<40 {
            #expect(try cluster.put("key-\(index)", "old", of: index % 5).dot != nil)
        }
        for host in dead {
            cluster.crash(host)
        }
        // No pause: the first requests find it out by themselves.
        for index in 0..<40 {
            let host = cluster.running[index % cluster.running.count]
            #expect(try cluster.get("key-\(index)", of: host).values == ["old"])
            let written = try cluster.put("key-\(index)", "new", of: host)
            if written.dot == nil {
                // It was on its way to a coordinator that nobody knew to be dead: sent again, it is written.
                #expect(written.failure?.outcome == .unknown)
                #expect(try cluster.put("key-\(index)", "new", of: host).dot != nil)
            }
        }
        cluster.run(.seconds(30))
        for index in 0..<40 {
            for host in cluster.running {
                #expect(try cluster.get("key-\(index)", of: host).values == ["new"])
            }
        }
    }

    @Test func `an absent key is a definite answer with one node of five dead, and never hangs with two`() throws {
        let cluster = try VirtualCluster.resting(5)
        cluster.crash(1)
        cluster.run(.seconds(1))
        for index in 0..<30 {
            #expect(try cluster.get("absent-\(index)", of: 0) == .absent)
        }
        cluster.crash(2)
        cluster.run(.seconds(1))
        for index in 0..<30 {
            let began = cluster.now
            let answer = try cluster.get("absent-\(index)", of: 0)
            if answer != .absent {
                guard case .unavailable(2, 1, _, _)? = answer.failure else {
                    Issue.record("\(answer)")
                    return
                }
            }
            #expect(began.duration(to: cluster.now) < .milliseconds(400))
        }
    }

    @Test func `a majority that cannot be reached is said at once`() throws {
        let cluster = try VirtualCluster.resting(3)
        #expect(try cluster.put("a", "1", of: 0).dot != nil)
        cluster.partition([0], from: [1, 2])
        cluster.run(.seconds(30))
        let began = cluster.now
        for request in [
            VirtualCluster.write("a", "2"), .get(GetRequest(key: ByteBuffer(string: "a"))),
            VirtualCluster.write("a", "2", Self.strict),
        ] {
            guard case .unavailable(2, 1, let missing, .notApplied)? = try cluster.ask(request, of: 0).failure else {
                Issue.record("\(request) was served by one of three")
                return
            }
            #expect(Set(missing).isSubset(of: [cluster.hosts[1].id, cluster.hosts[2].id]) && !missing.isEmpty)
        }
        #expect(cluster.now == began)
    }

    @Test func `a cut that nobody has noticed yet costs no more than the deadline`() throws {
        let cluster = try VirtualCluster.resting(3)
        cluster.partition([0], from: [1, 2])
        for index in 0..<10 {
            let key = "key-\(index)"
            let began = cluster.now
            let options = RequestOptions(timeout: 1_000_000_000)
            let put = try cluster.put(key, "1", of: 0, seeing: .everythingHere, options)
            #expect(put.failure != nil)
            #expect(began.duration(to: cluster.now) <= .seconds(1))
        }
    }

    // MARK: - Return

    @Test func `what a dead node has missed goes home when it returns, and it serves again`() throws {
        let cluster = try VirtualCluster.resting(4)
        for index in 0..<40 {
            #expect(try cluster.put("key-\(index)", "old", of: index % 4).dot != nil)
        }
        cluster.crash(2)
        cluster.run(.milliseconds(5))
        for index in 0..<60 {
            #expect(try cluster.put("key-\(index)", "new", of: [0, 1, 3][index % 3]).dot != nil)
        }
        cluster.run(.seconds(20))
        try cluster.start(2)
        cluster.rest()
        cluster.expectOwnersAlike()
        for index in 0..<60 {
            #expect(try cluster.get("key-\(index)", of: 2).values == ["new"])
            #expect(try cluster.put("key-\(index)", "newer", of: 2).dot != nil)
        }
        cluster.rest()
        cluster.expectOwnersAlike()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `when all three lose power under load, every acknowledged write is there`(seed: UInt64) throws {
        let cluster = try VirtualCluster.resting(3, seed: seed)
        var load = Workload(clients: 6, seed: seed)
        for _ in 0..<3 {
            load.run(on: cluster, for: .milliseconds(400))
            for host in 0..<3 {
                cluster.crash(host)
            }
            cluster.run(.seconds(1))
            for host in 0..<3 {
                try cluster.start(host)
            }
            #expect(cluster.run(within: .seconds(60)) { cluster.isWhole })
        }
        load.finish(on: cluster)
        cluster.rest()
        #expect(load.acknowledged > 50)
        try load.expectNothingLost(on: cluster)
        cluster.rest()
        cluster.expectOwnersAlike()
    }

    @Test(arguments: [4] as [UInt64])
    func `a cluster that loses one node after the other under load loses no write`(seed: UInt64) throws {
        let cluster = try VirtualCluster.resting(4, seed: seed)
        var load = Workload(clients: 6, seed: seed)
        for host in 0..<4 {
            load.run(on: cluster, for: .milliseconds(300))
            cluster.crash(host)
            load.run(on: cluster, for: .milliseconds(600))
            try cluster.start(host)
            load.run(on: cluster, for: .seconds(2))
        }
        load.finish(on: cluster)
        cluster.rest()
        #expect(load.acknowledged > 100)
        try load.expectNothingLost(on: cluster)
        cluster.rest()
        cluster.expectOwnersAlike()
    }

    // MARK: - Growth

    @Test(arguments: [6, 7] as [UInt64])
    func `a fourth node joins under load: partitions move as planned, and nothing is lost`(seed: UInt64) throws {
        let cluster = try VirtualCluster.resting(3, seed: seed)
        var load = Workload(clients: 6, seed: seed)
        load.run(on: cluster, for: .milliseconds(500))
        let before = try #require(cluster.hosts[0].node?.view.ring)
        let joiner = try cluster.add(joining: 0)
        let membership = try #require(cluster.hosts[joiner].node?.exchange.membership)
        let planned = try #require(RingPlan(from: before, to: Ring(membership, configuration: cluster.ring)))
        load.run(on: cluster, for: .seconds(4))
        load.finish(on: cluster)
        cluster.rest()
        let after = try #require(cluster.hosts[0].node?.view.ring)
        let plan = try #require(RingPlan(from: before, to: after))
        #expect(plan == planned)
        #expect(plan.balances.first { $0.id == cluster.hosts[joiner].id }?.after ?? 0 > 0)
        #expect(load.acknowledged > 100)
        #expect(load.failures.isEmpty, "\(load.failures.prefix(3))")
        try load.expectNothingLost(on: cluster)
        cluster.rest()
        cluster.expectOwnersAlike()
    }

    @Test func `a node that is too light for any partition is up all the same, and serves`() throws {
        var options = VirtualCluster.Options()
        options.partitions = 16
        let cluster = VirtualCluster(options)
        try cluster.add()
        for _ in 0..<2 {
            try cluster.add(joining: 0)
        }
        cluster.rest()
        let light = try cluster.add(joining: 0, weight: 1)
        cluster.rest()
        let node = try #require(cluster.hosts[light].node)
        let index = try #require(node.view.ring.index(of: node.id))
        #expect(node.view.ring.ownedCount(of: index) == 0)
        for host in 0..<4 {
            #expect(cluster.hosts[host].node?.exchange.membership[node.id]?.effectiveState == .up)
        }
        #expect(try cluster.put("a", "1", of: light).dot != nil)
        #expect(try cluster.get("a", of: light).values == ["1"])
    }

    @Test func `two nodes join at once, with datagrams lost, and one loses power on the way`() throws {
        var options = VirtualCluster.Options()
        options.seed = 9
        options.datagramLoss = 100
        let cluster = VirtualCluster(options)
        try cluster.add()
        var load = Workload(clients: 4, seed: 9)
        load.run(on: cluster, for: .milliseconds(500))
        try cluster.add(joining: 0)
        try cluster.add(joining: 0)
        load.run(on: cluster, for: .milliseconds(100))
        cluster.crash(1)
        load.run(on: cluster, for: .seconds(1))
        try cluster.start(1)
        load.run(on: cluster, for: .seconds(10))
        load.finish(on: cluster)
        cluster.rest()
        try load.expectNothingLost(on: cluster)
        cluster.rest()
        cluster.expectOwnersAlike()
    }
}
