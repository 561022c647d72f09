import Causality
import Coordinator
import Handoff
import Machine
import Node
import Ring
import Storage
import Testing

/// What a node says to one that sees the cluster differently.
@Suite struct DisagreementTests {
    private static let own = NodeID(high: 1, low: 1)
    private static let stranger = NodeID(high: 2, low: 2)
    private static let key = ByteBuffer(string: "key")
    private let ring = RingConfiguration.standard

    private var membership: Membership {
        Membership([
            Member(
                id: Self.own, name: "one", host: "10.0.0.1", port: 7400, state: .up,
                holdings: .all(of: ring.partitions))
        ])
    }

    private var shard: RequestShard {
        let view = ClusterView(ring: Ring(membership, configuration: ring), own: Self.own, unreachable: [])
        return RequestShard(configuration: ShardConfiguration(), view: view)
    }

    private func effects(of request: ReplicaRequest) -> [ShardEffect] {
        var shard = shard
        var effects = Effects<ShardEffect>()
        shard.receive(.asked(request, from: .peer(connection: 1, requestID: 7)), at: .zero, into: &effects)
        return effects.takeAll()
    }

    @Test func `a question under another view of the partition is not served, and nothing is done`() throws {
        let foreign = PlacementView(epoch: .zero, fingerprint: 4711)
        let put = PutRequest(key: Self.key, content: .tombstone)
        for request: ReplicaRequest in [
            .read(key: Self.key, view: foreign),
            .store(key: Self.key, object: Object(), purpose: .write(foreign)),
            .coordinate(put, view: foreign),
        ] {
            let effects = effects(of: request)
            guard effects.count == 1, case .answer(.wrongEpoch(let epoch), _) = effects[0] else {
                Issue.record("\(request) gave \(effects)")
                continue
            }
            #expect(epoch == membership.epoch)
        }
    }

    @Test func `a repair is taken whatever the view, since merging is always safe`() {
        for purpose: StorePurpose in [.repair, .standIn] {
            let effects = effects(of: .store(key: Self.key, object: Object(), purpose: purpose))
            guard effects.count == 1, case .store(_, .merge(_, _, _)) = effects[0] else {
                Issue.record("\(purpose) gave \(effects)")
                continue
            }
        }
    }

    @Test func `who is no owner in this node's view is refused every partition`() {
        var control = ControlPlane(
            own: Self.own, membership: membership, restoredIncarnation: 0,
            configuration: ControlConfiguration(cluster: "test", ring: ring), seed: 1)
        var effects = Effects<ControlEffect>()
        let all = PartitionSet.all(of: ring.partitions)
        let pull = PullRequest(partitions: all, from: 0, byteLimit: 1000, epoch: membership.epoch)
        let caller = ControlCaller(connection: 1, requestID: 7)
        control.receive(.handoffRequested(.pull(pull), from: Self.stranger, caller), at: .zero, into: &effects)
        let given = effects.takeAll()
        guard given.count == 1, case .storage(.pull(_, let refused), _) = given[0] else {
            Issue.record("\(given)")
            return
        }
        #expect(refused == all)
    }

    /// Two coordinators would make two dots of one write.
    @Test func `a write whose coordinator died on the way is not given to another`() throws {
        let cluster = try VirtualCluster.resting(3)
        for index in 0..<6 {
            let key = "key-\(index)"
            let first = try #require(try cluster.put(key, "first", of: 0).dot)
            let coordinator = try #require(cluster.hosts.firstIndex { $0.id == first.actor.node })
            let gateway = (coordinator + 1) % 3
            cluster.hosts[coordinator].isDiskStuck = true
            let request = VirtualCluster.write(
                key, "second", seeing: .seen(CausalContext()), RequestOptions(write: .all))
            let client = cluster.submit(request, to: gateway)
            cluster.run(.milliseconds(50))
            #expect(cluster.answer(to: client) == nil)
            cluster.crash(coordinator)
            cluster.hosts[coordinator].isDiskStuck = false
            cluster.run(.milliseconds(50))
            #expect(cluster.answer(to: client)?.failure?.outcome == .unknown)
            try cluster.start(coordinator)
            cluster.rest()
            let read = try cluster.get(key, of: gateway, RequestOptions(read: .all))
            #expect(read.values == ["first", "second"], "one write, one sibling")
        }
    }
}
