import Causality
import Coordinator
import Gossip
import Handoff
import Machine
import Ring
import Testing
import Wire

/// The bytes of every case of every message. Who has to change one of these changes the protocol: old nodes will not
/// understand it, so it needs a new protocol version.
@Suite struct GoldenMessageTests {
    // One node, one key, one object with one value, one view of one ring; and their bytes.
    static let node = NodeID(high: 0xa1, low: 0xa2)
    static let nodeBytes = "00000000000000a1 00000000000000a2"
    static let key = ByteBuffer(string: "key")
    static let keyBytes = "03 6b6579"
    static let dot = Dot(actor: ActorID(node: node, epoch: 5), counter: 300)
    static let dotBytes = nodeBytes + "05 ac02"
    static let context = CausalContext([dot])
    /// One actor without contiguous dots; one dot beyond, 298 further than the first that it could be.
    static let contextBytes = "01" + nodeBytes + "05 00 01 aa02"
    static let object: Object = {
        var object = Object()
        object.write(
            .value(ByteBuffer(string: "v"), contentType: "t"), timestamp: HybridTimestamp(milliseconds: 1, counter: 2),
            seeing: .everythingHere, as: ActorID(node: node, epoch: 5))
        return object
    }()
    static let objectBytes = "01 01" + nodeBytes + "05 01 00 01 00 0000000000010002 01 01 74 01 76"
    static let epoch = RingEpoch(measure: 0xe1, digest: 0xe2)
    static let epochBytes = "00000000000000e1 00000000000000e2"
    static let view = PlacementView(epoch: epoch, fingerprint: 0xf1)
    static let viewBytes = epochBytes + "00000000000000f1"
    static let holdings: PartitionSet = {
        var set = PartitionSet.none(of: 8)
        set.insert(PartitionID(index: 1))
        set.insert(PartitionID(index: 4))
        return set
    }()
    static let holdingsBytes = "43 12"

    private func expect<Subject: Message>(
        _ message: Subject, _ golden: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let golden = bytes(golden.joined())
        #expect(encoded(message.encode) == golden, sourceLocation: sourceLocation)
        #expect(try Subject.decoded(golden) == message, sourceLocation: sourceLocation)
    }

    @Test func `requests`() throws {
        try expect(Request.get(GetRequest(key: Self.key)), "01 20", Self.keyBytes)
        try expect(
            Request.get(
                GetRequest(
                    key: Self.key,
                    options: RequestOptions(
                        read: .count(16), write: .one, primaryRead: .quorum, primaryWrite: .all,
                        durableWrite: .count(1),
                        sloppy: false, timeout: 1000))),
            "01 5f 10 20 21 22 01 e807", Self.keyBytes)
        let value = Sibling.Content.value(ByteBuffer(string: "v"), contentType: "t")
        try expect(Request.put(PutRequest(key: Self.key, content: value)), "02 20", Self.keyBytes, "01 01 74 01 76")
        try expect(Request.put(PutRequest(key: Self.key, content: .tombstone)), "02 20", Self.keyBytes, "00")
        try expect(
            Request.put(
                PutRequest(
                    key: Self.key, content: value, seeing: .seen(Self.context),
                    precondition: .unchanged(since: CausalContext()), expiry: 9, returnsObject: true)),
            "02 20", Self.keyBytes, "1f 0000000000000009", Self.contextBytes, "00 01 74 01 76")
        try expect(
            Request.put(PutRequest(key: Self.key, content: .tombstone, precondition: .absent)),
            "02 20", Self.keyBytes, "20")
        try expect(
            Request.put(PutRequest(key: Self.key, content: .tombstone, seeing: .seen(.init()), precondition: .present)),
            "02 20", Self.keyBytes, "32 00")
    }

    @Test func `responses`() throws {
        try expect(Response.found(Self.object), "01", Self.objectBytes)
        try expect(Response.absent, "02")
        try expect(Response.written(dot: Self.dot, object: nil), "03", Self.dotBytes)
        try expect(Response.written(dot: Self.dot, object: Self.object), "04", Self.dotBytes, Self.objectBytes)
        try expect(Response.failed(.preconditionFailed), "05 06")
    }

    @Test func `failures`() throws {
        try expect(
            RequestFailure.unavailable(required: 3, available: 2, missing: [Self.node], outcome: .notApplied),
            "01 00 03 02 01", Self.nodeBytes)
        try expect(RequestFailure.timeout(required: 2, available: 1, outcome: .unknown), "02 01 02 01")
        try expect(RequestFailure.busy(retryAfterMilliseconds: 300), "03 ac02")
        try expect(RequestFailure.tooLarge(limit: 1 << 20), "04 808040")
        try expect(RequestFailure.tooManySiblings(limit: 64), "05 40")
        try expect(RequestFailure.preconditionFailed, "06")
        try expect(RequestFailure.invalid("no"), "07 02 6e6f")
        try expect(RequestFailure.storage("é", outcome: .unknown), "08 01 02 c3a9")
    }

    @Test func `replica requests`() throws {
        try expect(ReplicaRequest.read(key: Self.key, view: Self.view), "01", Self.viewBytes, Self.keyBytes)
        try expect(
            ReplicaRequest.store(key: Self.key, object: Self.object, purpose: .write(Self.view)),
            "02", Self.viewBytes, Self.keyBytes, Self.objectBytes)
        try expect(
            ReplicaRequest.store(key: Self.key, object: Self.object, purpose: .standIn),
            "03", Self.keyBytes, Self.objectBytes)
        try expect(
            ReplicaRequest.store(key: Self.key, object: Self.object, purpose: .repair),
            "04", Self.keyBytes, Self.objectBytes)
        try expect(
            ReplicaRequest.coordinate(PutRequest(key: Self.key, content: .tombstone), view: Self.view),
            "05", Self.viewBytes, "20", Self.keyBytes, "00")
    }

    @Test func `replica responses`() throws {
        try expect(ReplicaResponse.copy(Self.object), "01", Self.objectBytes)
        try expect(ReplicaResponse.copy(nil), "02")
        try expect(ReplicaResponse.stored(durable: true), "03")
        try expect(ReplicaResponse.stored(durable: false), "04")
        try expect(ReplicaResponse.coordinated(.written(dot: Self.dot, object: nil)), "05 03", Self.dotBytes)
        try expect(ReplicaResponse.wrongEpoch(Self.epoch), "06", Self.epochBytes)
        try expect(ReplicaResponse.busy, "07")
        try expect(ReplicaResponse.failed, "08")
    }

    @Test func `handoff requests`() throws {
        try expect(
            HandoffRequest.pull(
                PullRequest(partitions: Self.holdings, from: 0xb1, byteLimit: 300, epoch: Self.epoch)),
            "01", Self.epochBytes, "00000000000000b1 ac02", Self.holdingsBytes)
        try expect(
            HandoffRequest.offer(
                OfferRequest(
                    partition: PartitionID(index: 300), entries: [OfferRequest.Entry(token: 0xb1, hash: 0xb2)],
                    epoch: Self.epoch)),
            "02", Self.epochBytes, "ac02 01 00000000000000b1 00000000000000b2")
        try expectBatch(HandoffRequest.deliver(entries: Self.entries, epoch: Self.epoch), "03", Self.epochBytes)
    }

    @Test func `handoff responses`() throws {
        let last = PulledBatch(entries: Self.entries, next: nil, refused: Self.holdings, bytesLeft: 300)
        try expectBatch(HandoffResponse.pulled(last), "02 ac02", Self.holdingsBytes)
        var batch = last
        batch.next = 0xb1
        try expectBatch(HandoffResponse.pulled(batch), "01 00000000000000b1 ac02", Self.holdingsBytes)
        try expect(HandoffResponse.wanted([0, 300, 4095]), "03 03 00 ac02 ff1f")
        try expect(HandoffResponse.delivered, "04")
        try expect(HandoffResponse.wrongEpoch(Self.epoch), "05", Self.epochBytes)
        try expect(HandoffResponse.busy, "06")
        try expect(HandoffResponse.failed, "07")
    }

    static let entries = [TransferEntry(key: key, object: object)]

    /// A message that ends in the batch of ``entries``, whose compressed bytes are zlib's to choose.
    private func expectBatch<Subject: Message>(
        _ message: Subject, _ beginning: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var rest = encoded(message.encode)
        let golden = bytes(beginning.joined())
        #expect(rest.readSlice(length: golden.readableBytes) == golden, sourceLocation: sourceLocation)
        let batch = try ZlibBatch(decoding: &rest)
        #expect(batch.entries == [bytes(Self.keyBytes + Self.objectBytes)], sourceLocation: sourceLocation)
        #expect(rest.readableBytes == 0, sourceLocation: sourceLocation)
        #expect(try Subject.decoded(encoded(message.encode)) == message, sourceLocation: sourceLocation)
    }

    @Test func `membership exchanges`() throws {
        var exchange = MembershipExchange(
            configuration: try #require(RingConfiguration(birth: 0x0102)), membership: Membership())
        try expect(exchange, "0a 03 00 00 00 00 00 00 01 02 00")
        let member = Member(id: Self.node, name: "n", host: "h", port: 7400, holdings: Self.holdings)
        exchange.membership.merge(member)
        let memberBytes = encoded(member.encode)
        let golden = encoded { buffer in
            buffer.writeImmutableBuffer(bytes("0a 03 00 00 00 00 00 00 01 02 01"))
            buffer.writeImmutableBuffer(memberBytes)
        }
        #expect(encoded(exchange.encode) == golden)
        #expect(try MembershipExchange.decoded(golden) == exchange)
    }

    @Test func `push-pull replies`() throws {
        let state = GossipState(cluster: ClusterTag(rawValue: 0xc1), sender: Self.node, members: [])
        try expect(PushPullReply.state(state), "01 01 000000c1", Self.nodeBytes, "00")
        try expect(PushPullReply.refused(.notTakingPart), "02 01")
        try expect(PushPullReply.refused(.wrongCluster), "02 02")
    }

    @Test func `status queries`() throws {
        try expect(StatusQuery.cluster, "01")
        try expect(StatusQuery.ring, "02")
        try expect(StatusQuery.locate(key: Self.key), "03", Self.keyBytes)
    }

    @Test func `statistics`() throws {
        var statistics = NodeStatistics(keys: 1, bytes: 300, hintsPending: 2)
        try expect(statistics, "01 ac02 02 00")
        let transfer = TransferProgress(
            from: Self.node, to: .zero, partition: PartitionID(index: 7), bytes: 8, bytesTotal: 9, millisecondsLeft: 300
        )
        statistics.transfers = [transfer, transfer]
        statistics.transfers[1].millisecondsLeft = nil
        let zero = "0000000000000000 0000000000000000"
        try expect(
            statistics, "01 ac02 02 02", Self.nodeBytes, zero, "07 08 09 01 ac02", Self.nodeBytes, zero, "07 08 09 00")
    }

    @Test func `kinds of frames`() {
        let kinds: [FrameKind] = [.request, .replica, .handoff, .exchange, .pushPull, .query, .statistics]
        #expect(kinds.map(\.rawValue) == Array(16...22))
        #expect(kinds.allSatisfy { $0.isMessage })
    }
}
