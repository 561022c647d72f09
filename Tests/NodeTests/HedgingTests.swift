import Causality
import Coordinator
import Machine
import Node
import Ring
import Storage
import Testing

/// Reads that ask the others only where an answer takes long.
@Suite struct HedgingTests {
    private static let ids = (1...3).map { NodeID(high: 0, low: UInt64($0)) }

    /// A shard of the first of three nodes that all hold everything.
    private struct Run: ~Copyable {
        var shard: RequestShard
        var effects = Effects<ShardEffect>()
        var now = Instant.zero

        init(isHedging: Bool = true) throws {
            var configuration = ShardConfiguration()
            configuration.isHedging = isHedging
            let members = HedgingTests.ids.map { id in
                Member(
                    id: id, name: "\(id.low)", host: "10.0.0.\(id.low)", port: 7400, state: .up, holdings: .all(of: 32))
            }
            let ring = Ring(Membership(members), configuration: try #require(RingConfiguration(partitions: 32)))
            shard = RequestShard(
                configuration: configuration,
                view: ClusterView(ring: ring, own: HedgingTests.ids[0], unreachable: []))
        }

        mutating func receive(_ event: ShardEvent) -> Told {
            shard.receive(event, at: now, into: &effects)
            return Told(effects.takeAll())
        }

        mutating func wait(_ duration: Duration) -> Told {
            now = now.advanced(by: duration)
            shard.expire(at: now, into: &effects)
            return Told(effects.takeAll())
        }

        mutating func get(_ options: RequestOptions = RequestOptions()) -> Told {
            receive(.request(.get(GetRequest(key: ByteBuffer(string: "key"), options: options)), from: .client(1)))
        }
    }

    /// What a shard wanted, as far as it matters here.
    private struct Told {
        var loads: [CallID] = []
        var sent: [CallID] = []
        var replies: [Response] = []
        var hedges = 0
        var repairs = 0

        init(_ effects: [ShardEffect]) {
            for effect in effects {
                switch effect {
                case .load(let call, _, _): loads.append(call)
                case .send(.read, _, let call): sent.append(call)
                case .send(.store, _, _): repairs += 1
                case .reply(let response, _): replies.append(response)
                case .observe(.hedged): hedges += 1
                default: break
                }
            }
        }
    }

    private static let object: Object = {
        var object = Object()
        object.write(
            .tombstone, timestamp: HybridTimestamp(milliseconds: 1), seeing: .everythingHere,
            as: ActorID(node: ids[0], epoch: 1))
        return object
    }()

    @Test func `a read asks the own copy and one other, and is done with these two`() throws {
        var run = try Run()
        let began = run.get()
        #expect(began.loads.count == 1)
        #expect(began.sent.count == 1)
        #expect(run.receive(.loaded(began.loads[0], .success(Self.object))).replies.isEmpty)
        let end = run.receive(.answered(began.sent[0], .copy(nil)))
        #expect(end.replies == [.found(Self.object)])
        #expect(end.repairs == 1, "the copy that was seen to be behind")
        #expect(run.shard.workCount == 0)
        #expect(run.wait(.seconds(1)).hedges == 0)
    }

    @Test func `a read that takes long asks the third, whose answer counts`() throws {
        var run = try Run()
        let began = run.get()
        _ = run.receive(.loaded(began.loads[0], .success(nil)))
        let due = try #require(run.shard.nextDeadline)
        let hedged = run.wait(.nanoseconds(run.now.nanoseconds(to: due)))
        #expect(hedged.hedges == 1)
        #expect(hedged.sent.count == 1)
        #expect(run.receive(.answered(hedged.sent[0], .copy(nil))).replies == [.absent])
        _ = run.receive(.answered(began.sent[0], .copy(nil)))
        #expect(run.shard.workCount == 0)
    }

    @Test func `whoever fails, or has another view, is replaced at once`() throws {
        for isLost in [true, false] {
            var run = try Run()
            let began = run.get()
            _ = run.receive(.loaded(began.loads[0], .success(nil)))
            let response = isLost ? ReplicaResponse.failed : .wrongEpoch(.zero)
            let next = run.receive(.answered(began.sent[0], response))
            #expect(next.sent.count == 1)
            #expect(next.hedges == 0)
            #expect(run.receive(.answered(next.sent[0], .copy(nil))).replies == [.absent])
            #expect(run.wait(.seconds(10)).replies.isEmpty)
            #expect(run.shard.workCount == 0)
        }
    }

    @Test func `a read of all asks all, and so does every read where hedging is off`() throws {
        var run = try Run()
        let all = run.get(RequestOptions(read: .all))
        #expect(all.loads.count + all.sent.count == 3)
        #expect(run.wait(.milliseconds(200)).hedges == 0)
        var off = try Run(isHedging: false)
        let began = off.get()
        #expect(began.loads.count + began.sent.count == 3)
        #expect(off.wait(.milliseconds(200)).hedges == 0)
    }

    @Test func `the delay rests where one answer in twenty is late, however long answers take`() {
        let seed: UInt64 = 95
        var generator = SeededGenerator(seed: seed)
        var delay = HedgeDelay(within: 1_000_000...300_000_000)
        for mean in [5_000_000, 50_000_000, 3_000_000] as [UInt64] {
            var late = 0
            for read in 0..<24_000 {
                // Uniform up to twice the mean: the percentile is known.
                let isLate = generator.below(2 * mean) >= UInt64(delay.delay)
                delay.saw(inTime: isLate ? 0 : 1, late: isLate ? 1 : 0)
                late += read >= 4_000 && isLate ? 1 : 0
            }
            #expect((900...1_150).contains(late), "\(late) of 20,000, mean \(mean), seed \(seed)")
            #expect((17 * mean / 10...2 * mean).contains(UInt64(delay.delay)))
        }
    }

    @Test func `the delay stays within its bounds`() {
        var delay = HedgeDelay(within: 1_000_000...300_000_000)
        for _ in 0..<10_000 { delay.saw(inTime: 1, late: 0) }
        #expect(delay.delay == 1_000_000)
        for _ in 0..<10_000 { delay.saw(inTime: 0, late: 1) }
        #expect(delay.delay == 300_000_000)
    }
}
