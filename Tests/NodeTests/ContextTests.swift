import Causality
import Coordinator
import Machine
import Node
import Testing

/// What clients see of versions, through a whole cluster.
@Suite struct ContextTests {
    @Test func `two plain writes leave one value, wherever they enter`() throws {
        let cluster = try VirtualCluster.resting(3)
        for index in 0..<20 {
            let key = "key-\(index)"
            #expect(try cluster.put(key, "first", of: 0).dot != nil)
            #expect(try cluster.put(key, "second", of: 1).dot != nil)
            #expect(try cluster.get(key, of: 2).values == ["second"])
        }
    }

    @Test func `a write of who has seen nothing becomes a sibling`() throws {
        let cluster = try VirtualCluster.resting(3)
        #expect(try cluster.put("a", "first", of: 0).dot != nil)
        #expect(try cluster.put("a", "second", of: 1, seeing: .seen(CausalContext())).dot != nil)
        let read = try cluster.get("a", of: 2)
        #expect(read.values == ["first", "second"])
        let context = try #require(read.context)
        #expect(try cluster.put("a", "third", of: 0, seeing: .seen(context)).dot != nil)
        #expect(try cluster.get("a", of: 1).values == ["third"])
    }

    @Test func `a client that goes on from its own write never discards what it was not shown`() throws {
        let cluster = try VirtualCluster.resting(3)
        let mine = WriteContext.seen(CausalContext())
        let first = try #require(try cluster.put("a", "mine 1", of: 0, seeing: mine).dot)
        #expect(try cluster.put("a", "other", of: 1, seeing: .seen(CausalContext())).dot != nil)
        let next = WriteContext.seen(mine.following(first))
        #expect(try cluster.put("a", "mine 2", of: 2, seeing: next).dot != nil)
        #expect(try cluster.get("a", of: 0).values == ["mine 2", "other"])
    }

    /// Two clients, each with its own last context: two siblings, not a hundred (riak_kv#746).
    @Test func `interleaved clients leave as many siblings as there are clients`() throws {
        let cluster = try VirtualCluster.resting(3)
        var contexts = [CausalContext(), CausalContext()]
        for index in 0..<50 {
            let seeing = WriteContext.seen(contexts[index % 2])
            let dot = try #require(try cluster.put("a", "\(index)", of: index % 3, seeing: seeing).dot)
            contexts[index % 2] = seeing.following(dot)
        }
        #expect(try cluster.get("a", of: 0).values == ["48", "49"])
    }

    @Test func `both sides of a partition write, and the values are siblings until a client resolves them`() throws {
        let cluster = try VirtualCluster.resting(5)
        for index in 0..<20 {
            #expect(try cluster.put("key-\(index)", "before", of: index % 5).dot != nil)
        }
        cluster.rest()
        cluster.partition([0, 1], from: [2, 3, 4])
        cluster.run(.seconds(60))
        let options = RequestOptions(write: .one)
        for index in 0..<20 {
            let key = "key-\(index)"
            #expect(try cluster.put(key, "left", of: index % 2, seeing: .everythingHere, options).dot != nil)
            #expect(try cluster.put(key, "right", of: 2 + index % 3, seeing: .everythingHere, options).dot != nil)
        }
        cluster.heal()
        cluster.rest()
        cluster.expectOwnersAlike()
        for index in 0..<20 {
            let key = "key-\(index)"
            let read = try cluster.get(key, of: index % 5)
            let values = try #require(read.values)
            #expect(values.contains("left") && values.contains("right"), "\(key): \(values)")
            let context = try #require(read.context)
            #expect(try cluster.put(key, "resolved", of: index % 5, seeing: .seen(context)).dot != nil)
            #expect(try cluster.get(key, of: (index + 1) % 5).values == ["resolved"])
        }
        cluster.rest()
        cluster.expectOwnersAlike()
    }
}
