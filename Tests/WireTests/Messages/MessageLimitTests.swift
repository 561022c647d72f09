import Causality
import Coordinator
import Handoff
import Machine
import Ring
import Testing
import Wire

@Suite struct MessageLimitTests {
    private typealias Golden = GoldenMessageTests

    @Test func `a key has 1 to 4096 bytes in every message`() throws {
        for (count, failure) in [
            (0, DecodingFailure.invalid("key")), (1, nil), (4096, nil), (4097, .tooLarge("key", limit: 4096)),
        ] {
            let key = ByteBuffer(repeating: 7, count: count)
            expect(Request.get(GetRequest(key: key)), failure)
            expect(Request.put(PutRequest(key: key, content: .tombstone)), failure)
            expect(ReplicaRequest.read(key: key, view: Golden.view), failure)
            expect(ReplicaRequest.store(key: key, object: Golden.object, purpose: .repair), failure)
            expect(
                HandoffRequest.deliver(entries: [TransferEntry(key: key, object: Object())], epoch: .zero), failure)
            expect(StatusQuery.locate(key: key), failure)
        }
    }

    @Test func `what exists passes, beyond what clients may write`() {
        var object = Object()
        for node in UInt64(1)...100 {
            object.write(
                .value(ByteBuffer(repeating: 1, count: 200_000), contentType: ""), timestamp: .zero,
                seeing: .seen(CausalContext()), as: ActorID(node: NodeID(high: 0, low: node), epoch: 1))
        }
        #expect(object.siblings.count == 100)
        expect(ReplicaRequest.store(key: Golden.key, object: object, purpose: .repair), nil)
        expect(ReplicaResponse.copy(object), nil)
        expect(HandoffRequest.deliver(entries: [TransferEntry(key: Golden.key, object: object)], epoch: .zero), nil)
    }

    @Test func `a number of replicas that nobody can ask for is refused, not changed into another`() {
        for count in [Int.min, -1, 0, 17, 32, 33, 34, 273, Int.max] {
            let options = RequestOptions(read: .count(count))
            expect(Request.get(GetRequest(key: Golden.key, options: options)), .invalid("number of replicas"))
        }
    }

    @Test func `a timeout that has passed arrives as none left`() throws {
        let request = GetRequest(key: Golden.key, options: RequestOptions(timeout: -5))
        #expect(try Request.decoded(encoded(Request.get(request).encode)).options.timeout == 0)
    }

    @Test func `words and lists of a failure are cut at their limits`() throws {
        let long = RequestFailure.invalid(String(repeating: "é", count: 1000))
        #expect(try RequestFailure.decoded(encoded(long.encode)) == .invalid(String(repeating: "é", count: 512)))
        let nodes = (0..<100).map { NodeID(high: 1, low: $0) }
        let many = RequestFailure.unavailable(required: 1, available: -1, missing: nodes, outcome: .unknown)
        #expect(
            try RequestFailure.decoded(encoded(many.encode))
                == .unavailable(required: 1, available: 0, missing: Array(nodes.prefix(64)), outcome: .unknown))
        let widest = RequestFailure.unavailable(
            required: .max, available: .max, missing: nodes, outcome: .unknown)
        #expect(encoded(widest.encode).readableBytes <= RequestFailure.encodedByteLimit)
        #expect(
            encoded(RequestFailure.storage(String(repeating: "x", count: 2000), outcome: .unknown).encode).readableBytes
                <= RequestFailure.encodedByteLimit)
    }

    @Test func `lists have limits, and are not believed before their bytes are there`() {
        let entry = OfferRequest.Entry(token: 1, hash: 2)
        func offer(_ count: Int) -> HandoffRequest {
            .offer(
                OfferRequest(
                    partition: PartitionID(index: 1), entries: Array(repeating: entry, count: count), epoch: .zero))
        }
        expect(offer(4096), nil)
        expect(offer(4097), .tooLarge("keys of an offer", limit: 4096))
        let entries = Array(repeating: TransferEntry(key: Golden.key, object: Golden.object), count: 4097)
        expect(HandoffRequest.deliver(entries: Array(entries.dropLast()), epoch: .zero), nil)
        expect(HandoffRequest.deliver(entries: entries, epoch: .zero), .tooLarge("batch entries", limit: 4096))
        expect(HandoffResponse.wanted(Array(0..<4096)), nil)
        expect(HandoffResponse.wanted(Array(0..<4097)), .tooLarge("wanted places", limit: 4096))
        expect(HandoffResponse.wanted([4096]), .tooLarge("wanted place", limit: 4095))
    }

    @Test func `wanted places rise`() {
        for places in [[1, 0], [1, 1], [-1, 0]] {
            expect(HandoffResponse.wanted(places), .invalid("order of wanted places"))
        }
    }

    @Test func `statistics tell of 64 transfers at most`() throws {
        let transfer = TransferProgress(
            from: .zero, to: .zero, partition: PartitionID(index: 0), bytes: 0, bytesTotal: 0, millisecondsLeft: nil)
        let statistics = NodeStatistics(
            keys: 0, bytes: 0, hintsPending: 0, transfers: Array(repeating: transfer, count: 65))
        #expect(try NodeStatistics.decoded(encoded(statistics.encode)).transfers.count == 64)
    }

    @Test func `there is one way to write a put without an expiry`() {
        let put = bytes("02 20" + Golden.keyBytes + "04 0000000000000000")
        #expect(throws: DecodingFailure.invalid("expiry")) { try Request.decoded(put) }
    }

    @Test func `what is decoded shares the memory of what was received`() throws {
        let value = ByteBuffer(repeating: 9, count: 100)
        let request = Request.put(PutRequest(key: Golden.key, content: .value(value, contentType: "")))
        let received = encoded(request.encode)
        guard case .put(let put) = try Request.decoded(received), case .value(let slice, _) = put.content else {
            Issue.record("not a put of a value")
            return
        }
        #expect(address(of: slice) == address(of: received) + received.readableBytes - 100)
    }

    private func address(of buffer: ByteBuffer) -> Int {
        buffer.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) }
    }

    private func expect<Subject: Message>(
        _ message: Subject, _ failure: DecodingFailure?, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do throws(DecodingFailure) {
            let decoded = try Subject.decoded(encoded(message.encode))
            #expect(failure == nil && decoded == message, sourceLocation: sourceLocation)
        } catch {
            #expect(error == failure, sourceLocation: sourceLocation)
        }
    }

    @Test func `a node's frame has room for a whole batch of a handoff and for the longest answer to a query`() {
        // Around a batch stand the header, a set of partitions, and what incompressible entries grow by.
        let around = 1 << 20
        #expect(TransferEntry.batchByteLimit + around <= FrameHeader.nodeLengthLimit)
        #expect(StatusQuery.answerByteLimit + around <= FrameHeader.nodeLengthLimit)
    }

    @Test func `what five coordinators have let clients write under one key still fits a handoff`() throws {
        var object = Object()
        for index in 0..<5 {
            let value = ByteBuffer(repeating: UInt8(index), count: SiblingLimits().objectBytes)
            _ = object.write(
                .value(value, contentType: ""), expiry: 0, timestamp: HybridTimestamp(milliseconds: 1),
                seeing: .seen(CausalContext()), as: ActorID(node: NodeID(high: 1, low: UInt64(index)), epoch: 1))
        }
        let entry = TransferEntry(key: ByteBuffer(string: "key"), object: object)
        var bytes = ByteBuffer()
        HandoffRequest.deliver(entries: [entry], epoch: .zero).encode(into: &bytes)
        #expect(bytes.readableBytes <= FrameHeader.nodeLengthLimit)
        #expect(try HandoffRequest(decoding: &bytes) == .deliver(entries: [entry], epoch: .zero))
    }
}
