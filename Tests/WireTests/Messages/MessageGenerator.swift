import Causality
import Coordinator
import Gossip
import Handoff
import Machine
import Ring
import Wire

/// Draws messages of every shape, small numbers and large ones, short texts and long.
struct MessageGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// One of every type of message.
    mutating func messages() -> [any Message] {
        [
            request(), response(), failure(), replicaRequest(), replicaResponse(), handoffRequest(), handoffResponse(),
            exchange(), pushPullReply(), query(), statistics(),
        ]
    }

    mutating func request() -> Request {
        coin() ? .get(GetRequest(key: key(), options: options())) : .put(put())
    }

    mutating func response() -> Response {
        switch random.below(4) {
        case 0: .found(object())
        case 1: .absent
        case 2: .written(dot: dot(), object: coin() ? object() : nil)
        default: .failed(failure())
        }
    }

    mutating func failure() -> RequestFailure {
        let outcome: RequestFailure.Outcome = coin() ? .unknown : .notApplied
        return switch random.below(8) {
        case 0:
            .unavailable(
                required: count(), available: count(), missing: list(below: 5) { $0.node() }, outcome: outcome)
        case 1: .timeout(required: count(), available: count(), outcome: outcome)
        case 2: .busy(retryAfterMilliseconds: count())
        case 3: .tooLarge(limit: count())
        case 4: .tooManySiblings(limit: count())
        case 5: .preconditionFailed
        case 6: .invalid(text(below: 200))
        default: .storage(text(below: 200), outcome: outcome)
        }
    }

    mutating func replicaRequest() -> ReplicaRequest {
        switch random.below(5) {
        case 0: .read(key: key(), view: view())
        case 1: .store(key: key(), object: object(), purpose: .write(view()))
        case 2: .store(key: key(), object: object(), purpose: .standIn)
        case 3: .store(key: key(), object: object(), purpose: .repair)
        default: .coordinate(put(), view: view())
        }
    }

    mutating func replicaResponse() -> ReplicaResponse {
        switch random.below(6) {
        case 0: .copy(coin() ? object() : nil)
        case 1: .stored(durable: coin())
        case 2: .coordinated(response())
        case 3: .wrongEpoch(epoch())
        case 4: .busy
        default: .failed
        }
    }

    mutating func handoffRequest() -> HandoffRequest {
        switch random.below(3) {
        case 0: .pull(PullRequest(partitions: partitions(), from: number(), byteLimit: count(), epoch: epoch()))
        case 1:
            .offer(
                OfferRequest(
                    partition: partition(),
                    entries: list(below: 40) { OfferRequest.Entry(token: $0.number(), hash: $0.number()) },
                    epoch: epoch()))
        default: .deliver(entries: entries(), epoch: epoch())
        }
    }

    mutating func handoffResponse() -> HandoffResponse {
        switch random.below(6) {
        case 0:
            .pulled(
                PulledBatch(
                    entries: entries(), next: coin() ? number() : nil, refused: partitions(), bytesLeft: number()))
        case 1: .wanted(Set(list(below: 60) { Int($0.random.below(4096)) }).sorted())
        case 2: .delivered
        case 3: .wrongEpoch(epoch())
        case 4: .busy
        default: .failed
        }
    }

    mutating func exchange() -> MembershipExchange {
        MembershipExchange(
            configuration: RingConfiguration(
                partitions: 1 << Int(random.below(17)), replicas: 1 + Int(random.below(16)))
                ?? .standard,
            membership: Membership(
                list(below: 6) { draw in
                    Member(
                        id: draw.node(), name: draw.text(below: 40), host: draw.text(below: 200), port: 7400,
                        httpPort: 7401, zone: draw.text(below: 40), weight: 1 + UInt32(draw.random.below(10_000)),
                        state: draw.coin() ? .up : .joining, holdings: draw.partitions(),
                        version: 1 + draw.random.below(Member.versionLimit),
                        directive: Directive(epoch: 2, kind: .leave, weight: draw.coin() ? 7 : nil))
                }))
    }

    mutating func pushPullReply() -> PushPullReply {
        guard coin() else { return .refused(coin() ? .notTakingPart : .wrongCluster) }
        let updates = list(below: 6) { draw in
            GossipAddress(host: "10.0.0.\(draw.random.below(256))", port: 7400).flatMap { address in
                GossipMember(
                    id: draw.node(), address: address, incarnation: draw.random.below(1 << 62),
                    status: GossipMember.Status.allCases[Int(draw.random.below(4))],
                    metadata: draw.bytes(below: 100)
                ).map { GossipUpdate($0, accuser: draw.coin() ? draw.node() : nil) }
            }
        }
        return .state(
            GossipState(cluster: ClusterTag(rawValue: 7), sender: node(), members: updates.compactMap(\.self)))
    }

    mutating func query() -> StatusQuery {
        switch random.below(3) {
        case 0: .cluster
        case 1: .ring
        default: .locate(key: key())
        }
    }

    mutating func statistics() -> NodeStatistics {
        NodeStatistics(
            keys: number(), bytes: number(), hintsPending: number(),
            transfers: list(below: 8) { draw in
                TransferProgress(
                    from: draw.node(), to: draw.node(), partition: draw.partition(), bytes: draw.number(),
                    bytesTotal: draw.number(), millisecondsLeft: draw.coin() ? draw.number() : nil)
            })
    }
}

// What messages are made of.
extension MessageGenerator {
    private mutating func put() -> PutRequest {
        let preconditions: [Precondition] = [.none, .absent, .present, .unchanged(since: context())]
        return PutRequest(
            key: key(), content: content(), seeing: coin() ? .everythingHere : .seen(context()),
            precondition: preconditions[Int(random.below(4))], expiry: coin() ? 0 : number(), returnsObject: coin(),
            options: options())
    }

    private mutating func options() -> RequestOptions {
        RequestOptions(
            read: size(), write: size(), primaryRead: size(), primaryWrite: size(), durableWrite: size(),
            sloppy: coin(), timeout: coin() ? nil : Int64(count()))
    }

    private mutating func size() -> QuorumSize? {
        let sizes: [QuorumSize?] = [nil, .one, .quorum, .all, .count(1 + Int(random.below(16)))]
        return sizes[Int(random.below(5))]
    }

    mutating func object() -> Object {
        var object = Object()
        for _ in 0..<random.below(4) {
            object.write(
                content(), expiry: coin() ? 0 : number(), timestamp: HybridTimestamp(rawValue: number()),
                seeing: coin() ? .everythingHere : .seen(context()), as: actor())
        }
        return object
    }

    private mutating func content() -> Sibling.Content {
        random.chance(1, in: 4) ? .tombstone : .value(bytes(below: 200), contentType: text(below: 30))
    }

    private mutating func context() -> CausalContext {
        CausalContext(list(below: 5) { $0.dot() })
    }

    private mutating func dot() -> Dot {
        Dot(actor: actor(), counter: 1 + random.below(coin() ? 4 : Dot.counterLimit / 2))
    }

    private mutating func actor() -> ActorID { ActorID(node: node(), epoch: 1 + random.below(3)) }

    private mutating func entries() -> [TransferEntry] {
        list(below: 6) { TransferEntry(key: $0.key(), object: $0.object()) }
    }

    private mutating func view() -> PlacementView { PlacementView(epoch: epoch(), fingerprint: number()) }

    private mutating func epoch() -> RingEpoch { RingEpoch(measure: number(), digest: number()) }

    private mutating func partitions() -> PartitionSet {
        let bits = random.below(11)
        var set = PartitionSet.none(of: 1 << Int(bits))
        for _ in 0..<random.below(30) {
            set.insert(PartitionID(index: UInt32(random.below(1 << bits))))
        }
        return set
    }

    private mutating func partition() -> PartitionID { PartitionID(index: UInt32(random.below(65_536))) }

    private mutating func node() -> NodeID {
        // Few of them, so that contexts and memberships meet themselves.
        coin() ? NodeID(high: 0, low: 1 + random.below(3)) : NodeID(from: &random)
    }

    private mutating func key() -> ByteBuffer {
        var key = bytes(below: 30)
        key.writeInteger(UInt8(random.below(256)))
        return key
    }

    private mutating func bytes(below limit: UInt64) -> ByteBuffer {
        ByteBuffer(bytes: list(below: limit) { UInt8($0.random.below(256)) })
    }

    private mutating func text(below limit: UInt64) -> String {
        let characters = Array("abz09 é🧸")
        return String(list(below: limit / 4) { characters[Int($0.random.below(8))] })
    }

    private mutating func number() -> UInt64 { random.next() >> random.below(64) }

    private mutating func count() -> Int { Int(number() >> 1) }

    private mutating func coin() -> Bool { random.chance(1, in: 2) }

    private mutating func list<Element>(
        below limit: UInt64, _ draw: (inout MessageGenerator) -> Element
    ) -> [Element] {
        (0..<random.below(max(limit, 1))).map { _ in draw(&self) }
    }
}
