import Causality
import Coordinator
import Hashing
import Machine
import Node
import Ring
import Storage
import Testing

/// One shard of the first of three nodes that all own and hold everything, and no fallback beside them.
@Suite struct RequestShardTests {
    private static let ids = (1...4).map { NodeID(high: 0, low: UInt64($0)) }

    private struct Run: ~Copyable {
        var shard: RequestShard
        var effects = Effects<ShardEffect>()
        var now = Instant.zero

        init(members: Int = 3) throws {
            var view = try Self.view(holders: members, members: members)
            if members > 3 {
                // Each holds what it owns and no more.
                let owned = RequestShardTests.ids.map { id in
                    (0..<32 as Range<UInt32>).reduce(into: PartitionSet.none(of: 32)) { all, index in
                        if view.ring.ownerIDs(of: PartitionID(index: index)).contains(id) {
                            all.insert(PartitionID(index: index))
                        }
                    }
                }
                view = try Self.view(members: members) { owned[Int($0.low) - 1] }
            }
            shard = RequestShard(configuration: ShardConfiguration(), view: view)
        }

        static func view(
            unreachable: Set<NodeID> = [], holders: Int = 3, members: Int = 3,
            holdings: ((NodeID) -> PartitionSet)? = nil
        ) throws -> ClusterView {
            let ring = try #require(RingConfiguration(partitions: 32, replicas: 3))
            let membership = Membership(
                RequestShardTests.ids.prefix(members).map { id in
                    Member(
                        id: id, name: "\(id.low)", host: "10.0.0.\(id.low)", port: 7400, state: .up,
                        holdings: holdings?(id) ?? (id.low <= holders ? .all(of: 32) : .none(of: 32)))
                })
            return ClusterView(
                ring: Ring(membership, configuration: ring), own: RequestShardTests.ids[0], unreachable: unreachable)
        }

        mutating func receive(_ event: ShardEvent) -> [ShardEffect] {
            shard.receive(event, at: now, into: &effects)
            return effects.takeAll()
        }

        mutating func wait(_ duration: Duration) -> [ShardEffect] {
            now = now.advanced(by: duration)
            shard.expire(at: now, into: &effects)
            return effects.takeAll()
        }

        /// Begins a write that this node coordinates, as far as the copies to the two others.
        mutating func beginWrite(_ options: RequestOptions = RequestOptions()) throws -> (
            own: CallID, others: [CallID], client: Caller
        ) {
            for index in 0... {
                let key = ByteBuffer(string: "key-\(index)")
                let content = Sibling.Content.value(ByteBuffer(string: "1"), contentType: "")
                let put = PutRequest(key: key, content: content, options: options)
                let began = receive(.request(.put(put), from: .client(UInt64(index))))
                for case .store(let call, .coordinate) in began {
                    var object = Object()
                    let dot = object.write(
                        content, expiry: 0, timestamp: HybridTimestamp(milliseconds: 1), seeing: .everythingHere,
                        as: ActorID(node: RequestShardTests.ids[0], epoch: 1))
                    let sent = receive(.prepared(call, .coordinated(object: object, dot: dot)))
                    let others: [CallID] = sent.compactMap { effect in
                        if case .send(_, _, let call) = effect { call } else { nil }
                    }
                    try #require(others.count == 2)
                    return (call, others, .client(UInt64(index)))
                }
            }
            throw CancellationError()
        }
    }

    @Test func `a write that is stored here is never called not applied, whoever is lost meanwhile`() throws {
        var run = try Run()
        let (own, others, client) = try run.beginWrite(RequestOptions(sloppy: false))
        _ = run.receive(.committed(own, nil))
        _ = run.receive(.answered(others[0], .wrongEpoch(.zero)))
        // The other view that it is to be sent out anew under has nobody else.
        var effects = run.receive(.viewChanged(try Run.view(unreachable: Set(Self.ids[1...2]))))
        effects += run.wait(.milliseconds(100)) + run.wait(.seconds(10))

        let outcomes: [RequestFailure.Outcome] = effects.compactMap { effect in
            if case .reply(.failed(let failure), client) = effect { failure.outcome } else { nil }
        }
        #expect(outcomes == [.unknown])
        // Both owners are left a hint.
        let hints = effects.filter { if case .store(_, .hint) = $0 { true } else { false } }
        #expect(hints.count == 2)
        #expect(run.shard.workCount == 0)
    }

    @Test func `a copy that the store has refused is not acknowledged by the next commit`() throws {
        var run = try Run()
        let (_, others, client) = try run.beginWrite(RequestOptions(write: .one))
        _ = run.receive(.answered(others[0], .wrongEpoch(.zero)))
        // The write goes out anew, and the store is asked for its word once more.
        let again = run.wait(.milliseconds(30))
        let merges: [CallID] = again.compactMap { effect in
            if case .store(let call, .merge) = effect { call } else { nil }
        }
        let own = try #require(merges.first)
        var effects = run.receive(.prepared(own, .refused(.notNow)))
        effects += run.receive(.committed(own, nil))
        effects += run.wait(.seconds(10))

        let replies: [Response] = effects.compactMap { effect in
            if case .reply(let response, client) = effect { response } else { nil }
        }
        #expect(replies.count == 1)
        for reply in replies {
            guard case .failed(let failure) = reply else {
                Issue.record("\(reply)")
                continue
            }
            #expect(failure.outcome == .unknown)
        }
        #expect(run.shard.workCount == 0)
    }

    @Test func `a disagreement that lasts costs a write a handful of tries`() throws {
        var run = try Run()
        let (own, others, _) = try run.beginWrite()
        _ = run.receive(.committed(own, nil))
        var asked = others
        var tries = 0
        while run.shard.workCount > 0, tries < 1000 {
            for call in asked {
                _ = run.receive(.answered(call, .wrongEpoch(.zero)))
            }
            guard let next = run.shard.nextDeadline else { break }
            let sent: [CallID] = run.wait(.nanoseconds(run.now.nanoseconds(to: next))).compactMap { effect in
                if case .send(_, _, let call) = effect { call } else { nil }
            }
            tries += sent.isEmpty ? 0 : 1
            asked = sent
        }
        #expect(run.shard.workCount == 0)
        #expect((2...10).contains(tries))
    }

    @Test func `a coordinator that is busy has done nothing: the next takes over, and busy is the answer if all are`()
        throws
    {
        var run = try Run()
        for index in 0... {
            let key = ByteBuffer(string: "key-\(index)")
            let put = PutRequest(key: key, content: .value(ByteBuffer(string: "1"), contentType: ""))
            let began = run.receive(.request(.put(put), from: .client(UInt64(index))))
            guard case .send(.coordinate, let first, let call)? = began.first else { continue }
            let busy = ReplicaResponse.coordinated(.failed(.busy(retryAfterMilliseconds: 5)))
            var effects = run.receive(.answered(call, busy))
            // The second owner is this node itself, or the third node before it.
            if case .send(.coordinate, let second, let next)? = effects.first {
                #expect(second != first)
                effects = run.receive(.answered(next, .busy))
            }
            guard case .store(let own, .coordinate)? = effects.first else {
                Issue.record("nobody takes over: \(effects)")
                return
            }
            let refused = run.receive(.prepared(own, .refused(.notNow)))
            guard case .reply(.failed(.busy), _)? = refused.last else {
                Issue.record("\(refused)")
                return
            }
            return
        }
    }

    private static let storageFailure = RequestFailure.storage("no space", outcome: .notApplied)

    /// From the door of this node, and from a client that speaks the nodes' own protocol.
    @Test(arguments: [Caller.client(7), .peer(connection: 7, requestID: 8)])
    func `a write whose own store fails goes to the next, and to nobody twice`(_ client: Caller) throws {
        var run = try Run()
        var found = 0
        for index in 0..<64 {
            let key = ByteBuffer(string: "key-\(index)")
            let put = PutRequest(key: key, content: .value(ByteBuffer(string: "1"), contentType: ""))
            var effects = run.receive(.request(.put(put), from: client))
            var asked: [NodeID] = []
            while Self.replies(effects).isEmpty, asked.count < 8 {
                switch effects.first {
                case .send(.coordinate, let node, let call)?:
                    asked.append(node)
                    effects = run.receive(.answered(call, .coordinated(.failed(Self.storageFailure))))
                case .store(let call, .coordinate)?:
                    asked.append(Self.ids[0])
                    effects = run.receive(.prepared(call, .refused(.storage(.full))))
                default:
                    Issue.record("\(effects)")
                    return
                }
            }
            #expect(Set(asked) == Set(Self.ids.prefix(3)) && asked.count == 3)
            guard case .reply(.failed(.storage(_, outcome: .notApplied)), client)? = effects.last else {
                Issue.record("\(effects)")
                return
            }
            found += asked.first == Self.ids[0] ? 1 : 0
        }
        #expect(found > 0)
        #expect(run.shard.workCount == 0)
    }

    @Test func `a peer's number is its own: busy is told as this node says it`() throws {
        var run = try Run()
        for index in 0..<64 {
            let put = PutRequest(
                key: ByteBuffer(string: "key-\(index)"), content: .value(ByteBuffer(string: "1"), contentType: ""))
            var effects = run.receive(.request(.put(put), from: .client(1)))
            while Self.replies(effects).isEmpty {
                switch effects.first {
                case .send(.coordinate, _, let call)?:
                    let busy = ReplicaResponse.coordinated(.failed(.busy(retryAfterMilliseconds: .max)))
                    effects = run.receive(.answered(call, busy))
                case .store(let call, .coordinate)?:
                    effects = run.receive(.prepared(call, .refused(.notNow)))
                default:
                    Issue.record("\(effects)")
                    return
                }
            }
            let wanted = ShardConfiguration().retryAfterMilliseconds
            #expect(Self.replies(effects) == [.failed(.busy(retryAfterMilliseconds: wanted))])
        }
    }

    @Test func `a write that comes back is coordinated here only under the view of now`() throws {
        var found = 0
        for index in 0..<64 {
            var run = try Run()
            let put = PutRequest(
                key: ByteBuffer(string: "key-\(index)"), content: .value(ByteBuffer(string: "1"), contentType: ""))
            let began = run.receive(.request(.put(put), from: .client(1)))
            guard case .send(.coordinate(_, let old), let first, let call)? = began.first else { continue }
            let new = try Run.view(holders: 2)
            _ = run.receive(.viewChanged(new))
            let answered = run.receive(.answered(call, .coordinated(.failed(Self.storageFailure))))
            switch answered.first {
            case .send(.coordinate(_, let placement), let node, _)? where node == first:
                // Anew, since this node was next.
                #expect(placement != old)
                found += 1
            case .send(.coordinate(_, let placement), _, _)?:
                #expect(placement == old)
            case .store(let own, .coordinate)?:
                let sent = run.receive(
                    .prepared(own, .coordinated(object: Self.object, dot: Self.object.siblings[0].dot)))
                for case .send(.store(_, _, .write(let placement)), _, _) in sent {
                    #expect(placement != old)
                    found += 1
                }
            default:
                Issue.record("\(answered)")
            }
        }
        #expect(found > 0)
    }

    @Test(arguments: [Precondition.none, .absent])
    func `a fallback coordinates nothing that has a condition on what owners have`(_ precondition: Precondition) throws
    {
        var run = try Run(members: 4)
        var fallbacks = 0
        for index in 0..<64 {
            let put = PutRequest(
                key: ByteBuffer(string: "key-\(index)"), content: .value(ByteBuffer(string: "1"), contentType: ""),
                precondition: precondition)
            var effects = run.receive(.request(.put(put), from: .client(1)))
            var asked = 0
            while Self.replies(effects).isEmpty, asked < 8 {
                asked += 1
                switch effects.first {
                case .send(.coordinate, _, let call)?:
                    effects = run.receive(.answered(call, .coordinated(.failed(Self.storageFailure))))
                case .store(let call, .coordinate)?:
                    effects = run.receive(.prepared(call, .refused(.storage(.full))))
                default:
                    Issue.record("\(effects)")
                    return
                }
            }
            fallbacks += asked > 3 ? 1 : 0
        }
        #expect(precondition == .none ? fallbacks == 64 : fallbacks == 0)
    }

    @Test func `who coordinates for another tells it that the store fails, and leaves the next to it`() throws {
        var run = try Run()
        let view = try Run.view(unreachable: [])
        let put = PutRequest(
            key: ByteBuffer(string: "key"), content: .value(ByteBuffer(string: "1"), contentType: ""))
        let replicas = view.ring.replicas(of: view.ring.partition(of: Token(key: put.key)))
        let placement = PlacementView(epoch: view.ring.epoch, fingerprint: replicas.fingerprint)
        let caller = Caller.peer(connection: 1, requestID: 2)
        let began = run.receive(.asked(.coordinate(put, view: placement), from: caller))
        guard case .store(let call, .coordinate)? = began.first else {
            Issue.record("\(began)")
            return
        }
        let refused = run.receive(.prepared(call, .refused(.storage(.full))))
        guard case .reply(.failed(.storage(_, outcome: .notApplied)), caller)? = refused.last else {
            Issue.record("\(refused)")
            return
        }
        #expect(run.shard.workCount == 0)
    }

    @Test func `a coordinator that saw another view and is then lost has one successor`() throws {
        var found = 0
        for index in 0..<64 where found < 2 {
            var run = try Run()
            let put = PutRequest(
                key: ByteBuffer(string: "key-\(index)"), content: .value(ByteBuffer(string: "1"), contentType: ""))
            let began = run.receive(.request(.put(put), from: .client(1)))
            guard case .send(.coordinate, let first, let call)? = began.first else { continue }
            _ = run.receive(.answered(call, .wrongEpoch(.zero)))
            guard case .send(.coordinate, _, _)? = run.receive(.lost(first)).first else { continue }
            found += 1
            let again = run.wait(.milliseconds(30)) + run.receive(.viewChanged(try Run.view(unreachable: [])))
            let isGivenTwice = again.contains { effect in
                switch effect {
                case .send(.coordinate, _, _), .store(_, .coordinate): true
                default: false
                }
            }
            #expect(!isGivenTwice)
        }
        #expect(found == 2)
    }

    // MARK: - Strict reads

    /// An object of one value, as the third node has written it.
    private static let object: Object = {
        var object = Object()
        object.write(
            .value(ByteBuffer(string: "1"), contentType: ""), expiry: 0, timestamp: HybridTimestamp(milliseconds: 1),
            seeing: .everythingHere, as: ActorID(node: ids[2], epoch: 1))
        return object
    }()

    private static func replies(_ effects: [ShardEffect]) -> [Response] {
        effects.compactMap { if case .reply(let response, _) = $0 { response } else { nil } }
    }

    /// Begins a read of R = 2: the calls of the own store and of the other replica that is asked.
    private static func beginRead(_ run: inout Run, sloppy: Bool = false) throws -> (own: CallID, other: CallID) {
        let get = GetRequest(key: ByteBuffer(string: "key"), options: RequestOptions(sloppy: sloppy))
        let began = run.receive(.request(.get(get), from: .client(1)))
        let loads: [CallID] = began.compactMap { if case .load(let call, _, _) = $0 { call } else { nil } }
        let reads: [CallID] = began.compactMap { if case .send(.read, _, let call) = $0 { call } else { nil } }
        return (try #require(loads.first), try #require(reads.first))
    }

    @Test func `a strict read is answered when the replica that was behind has stored what it sees`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run)
        _ = run.receive(.loaded(own, .success(Self.object)))
        let sent = run.receive(.answered(other, .copy(nil)))
        #expect(Self.replies(sent).isEmpty)
        let stores: [CallID] = sent.compactMap { effect in
            guard case .send(.store(_, Self.object, purpose: .write), _, let call) = effect else { return nil }
            return call
        }
        #expect(stores == [other])
        let answered = run.receive(.answered(other, .stored(durable: true)))
        #expect(Self.replies(answered) == [.found(Self.object)])
        #expect(run.shard.workCount == 0)
    }

    @Test func `a strict read waits for the own store, and a commit after its refusal counts for nothing`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run)
        _ = run.receive(.loaded(own, .success(nil)))
        let stored = run.receive(.answered(other, .copy(Self.object)))
        #expect(stored.contains { if case .store(own, .merge(_, _, Self.object)) = $0 { true } else { false } })
        var effects = run.receive(.prepared(own, .refused(.notNow)))
        let next: [CallID] = effects.compactMap { effect in
            if case .send(.store, _, let call) = effect { call } else { nil }
        }
        effects += run.receive(.committed(own, nil))
        #expect(Self.replies(stored + effects).isEmpty)
        let third = try #require(next.first)
        #expect(third != own && third != other)
        effects = run.receive(.answered(third, .stored(durable: true)))
        #expect(Self.replies(effects) == [.found(Self.object)])

        var committing = try Run()
        let again = try Self.beginRead(&committing)
        _ = committing.receive(.loaded(again.own, .success(nil)))
        _ = committing.receive(.answered(again.other, .copy(Self.object)))
        let committed = committing.receive(.committed(again.own, nil))
        #expect(Self.replies(committed) == [.found(Self.object)])
    }

    /// A disk that reads behind other things: the own copy comes when it was written back to already, and refused.
    @Test func `a strict read does not count the own store again that has refused once`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run)
        let asked = run.wait(.milliseconds(300))
        let third: [CallID] = asked.compactMap { if case .send(.read, _, let call) = $0 { call } else { nil } }
        _ = run.receive(.answered(other, .copy(Self.object)))
        var effects = run.receive(.answered(try #require(third.first), .copy(nil)))
        effects += run.wait(.milliseconds(300))
        #expect(effects.contains { if case .store(own, .merge) = $0 { true } else { false } })
        effects = run.receive(.prepared(own, .refused(.notNow)))
        effects += run.receive(.loaded(own, .success(nil)))
        #expect(!effects.contains { if case .store = $0 { true } else { false } })
        // Of the batch that it was to be in.
        effects += run.receive(.committed(own, nil))
        #expect(Self.replies(effects).isEmpty)
    }

    @Test func `a strict read stores here only where this node sees the partition as it did`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run)
        _ = run.receive(.loaded(own, .success(nil)))
        _ = run.receive(.viewChanged(try Run.view(holders: 2)))
        let effects = run.receive(.answered(other, .copy(Self.object)))
        #expect(!effects.contains { if case .store = $0 { true } else { false } })
        #expect(Self.replies(effects).isEmpty)
        let again = run.wait(.milliseconds(100))
        #expect(again.contains { if case .load = $0 { true } else { false } })
        #expect(run.shard.workCount == 1)
    }

    @Test func `what a strict read writes back to is silent: the third has it, or the deadline comes`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run)
        _ = run.receive(.loaded(own, .success(Self.object)))
        _ = run.receive(.answered(other, .copy(nil)))
        let sent = run.wait(.milliseconds(300))
        let third: [CallID] = sent.compactMap { effect in
            if case .send(.store, _, let call) = effect { call } else { nil }
        }
        #expect(third.count == 1)
        let effects = run.receive(.answered(try #require(third.first), .stored(durable: true)))
        #expect(Self.replies(effects) == [.found(Self.object)])

        var late = try Run()
        let calls = try Self.beginRead(&late)
        _ = late.receive(.loaded(calls.own, .success(Self.object)))
        _ = late.receive(.answered(calls.other, .copy(nil)))
        let expired = late.wait(.milliseconds(300)) + late.wait(.milliseconds(300)) + late.wait(.seconds(10))
        #expect(
            Self.replies(expired) == [.failed(.timeout(required: 2, available: 1, outcome: .notApplied))])
        #expect(late.shard.workCount == 0)
    }

    @Test func `a replica that sees the partition differently has not stored it: the strict read begins anew`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run)
        _ = run.receive(.loaded(own, .success(Self.object)))
        _ = run.receive(.answered(other, .copy(nil)))
        let effects = run.receive(.answered(other, .wrongEpoch(.zero)))
        #expect(Self.replies(effects).isEmpty)
        let again = run.receive(.viewChanged(try Run.view(unreachable: [])))
        #expect(again.contains { if case .load = $0 { true } else { false } })
        #expect(run.shard.workCount == 1)
        #expect(Self.replies(run.receive(.answered(other, .stored(durable: true)))).isEmpty, "of the first try")
    }

    @Test func `a sloppy read answers before its repair`() throws {
        var run = try Run()
        let (own, other) = try Self.beginRead(&run, sloppy: true)
        _ = run.receive(.loaded(own, .success(Self.object)))
        let effects = run.receive(.answered(other, .copy(nil)))
        #expect(Self.replies(effects) == [.found(Self.object)])
        #expect(effects.contains { if case .send(.store(_, _, .repair), _, .nobody) = $0 { true } else { false } })
    }
}
