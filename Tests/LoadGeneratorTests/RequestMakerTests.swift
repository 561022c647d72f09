import Causality
import Coordinator
import LoadGenerator
import Machine
import RPC
import Testing
import Wire

@Suite("The requests of a load")
struct RequestMakerTests {
    let plan: LoadPlan = {
        var plan = LoadPlan(targets: [])
        plan.valueByteCount = 13
        plan.options = RequestOptions(read: .one, write: .all)
        return plan
    }()

    func maker(_ keys: RequestMaker.Keys, _ mix: OperationMix, seed: UInt64 = 1) -> RequestMaker {
        RequestMaker(plan, keys: keys, mix: mix, generator: SeededGenerator(seed: seed))
    }

    func request(_ maker: RequestMaker) throws -> Request {
        var buffer = ByteBuffer()
        maker.encode(into: &buffer)
        return try Request(decoding: &buffer)
    }

    @Test("Each of the keys comes once, and a request that was not sent stays")
    func each() throws {
        var keys: Set<String> = []
        for first in 0..<3 {
            var maker = maker(.each(first: first, stride: 3, end: 100), .putOnly)
            while maker.draw() {
                let before = try request(maker)
                let isThere = maker.draw()
                #expect(isThere)
                #expect(try request(maker) == before)
                let isNew = keys.insert(String(buffer: before.key)).inserted
                #expect(isNew)
                maker.sent()
            }
        }
        #expect(keys == Set((0..<100).map { "toybench000000" + ($0 < 10 ? "0\($0)" : "\($0)") }))
    }

    @Test("A put has the plan's value and options, a get its options")
    func content() throws {
        var maker = maker(.random(count: 10), .even)
        var kinds: Set<Bool> = []
        for _ in 0..<50 {
            _ = maker.draw()
            maker.sent()
            kinds.insert(maker.isPut)
            switch try request(maker) {
            case .get(let get):
                #expect(!maker.isPut && get.options == plan.options)
            case .put(let put):
                guard case .value(let value, _) = put.content else {
                    Issue.record("a put without a value")
                    return
                }
                #expect(maker.isPut && put.options == plan.options && value.readableBytes == 13)
            }
            #expect(try request(maker).key.readableBytes == RequestMaker.keyByteCount)
        }
        #expect(kinds == [false, true])
    }

    @Test("Keys are as likely as each other, puts as likely as the mix says, and a seed says which")
    func distribution() throws {
        let mix = try #require(OperationMix("10/90"))
        var counts = [String: Int]()
        var puts = 0
        var (one, other) = (maker(.random(count: 20), mix, seed: 9), maker(.random(count: 20), mix, seed: 9))
        for _ in 0..<20_000 {
            _ = one.draw()
            _ = other.draw()
            one.sent()
            other.sent()
            let made = try request(one)
            #expect(try request(other) == made)
            counts[String(buffer: made.key), default: 0] += 1
            puts += one.isPut ? 1 : 0
        }
        #expect(counts.count == 20)
        #expect(counts.values.allSatisfy { (800...1200).contains($0) })
        #expect((1800...2200).contains(puts))
    }

    @Test("A mix is put, get, or shares")
    func mixes() {
        #expect(OperationMix("put") == .putOnly)
        #expect(OperationMix("get") == .getOnly)
        #expect(OperationMix("10/90").map { [$0.puts, $0.gets] } == [10, 90])
        for text in ["", "/", "0/0", "1/", "-1/2", "1/2/3", "1001/1", "puts", "50 / 50"] {
            #expect(OperationMix(text) == nil, "\(text)")
        }
        for text in ["put", "get", "50/50", "1/9"] {
            #expect(OperationMix(text)?.description == text)
        }
    }
}
