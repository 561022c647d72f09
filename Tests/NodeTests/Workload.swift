import Causality
import Coordinator
import Machine
import Testing

/// Clients that write one value after another, each to keys of its own, through whatever node, and remember what they were
/// told.
///
/// Every other client goes on from the context of its own last write, so that nothing but a later write of its own can
/// replace it. The others write plainly: there a write that was given up, held up on its way, may still replace a later one.
struct Workload {
    /// One write of a key, as its client knows it.
    struct Write {
        var value: String
        var dot: Dot?
        /// Whether it may have happened though it was not acknowledged.
        var isUnknown = false
    }

    private(set) var writes: [String: [Write]] = [:]
    private var contexts: [String: CausalContext] = [:]
    private(set) var failures: [RequestFailure] = []
    private var waiting: [(client: UInt64, key: String)?]
    private var generator: SeededGenerator
    private let keysPerClient: Int
    private let timeout: Int64
    private var count = 0

    init(clients: Int, keysPerClient: Int = 8, timeout: Int64 = 2_000_000_000, seed: UInt64) {
        waiting = Array(repeating: nil, count: clients)
        generator = SeededGenerator(seed: seed)
        self.keysPerClient = keysPerClient
        self.timeout = timeout
    }

    var acknowledged: Int { writes.values.reduce(0) { $0 + $1.count { $0.dot != nil } } }

    /// Lets the clients write for a while; those that wait at the end go on waiting.
    mutating func run(on cluster: VirtualCluster, for duration: Duration) {
        let end = cluster.now.advanced(by: duration)
        while cluster.now < end {
            for index in waiting.indices {
                collect(index, cluster)
                if waiting[index] == nil, let host = randomHost(cluster) {
                    begin(index, at: host, cluster)
                }
            }
            // In bursts, so that some writes are under way whenever something happens, and a minute of virtual time is cheap.
            cluster.run(.microseconds(generator.chance(1, in: 3) ? generator.below(200_000) : generator.below(3000)))
        }
    }

    /// Waits until every client has an answer, or has learnt that its node died.
    mutating func finish(on cluster: VirtualCluster) {
        cluster.run(.nanoseconds(timeout))
        for index in waiting.indices {
            collect(index, cluster)
            if let (_, key) = waiting[index] {
                markUnknown(key)
                waiting[index] = nil
            }
        }
    }

    /// Reads every key strictly from all owners, and checks that nothing acknowledged is missing.
    func expectNothingLost(on cluster: VirtualCluster, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var options = RequestOptions()
        options.read = .all
        options.sloppy = false
        let host = try #require(cluster.running.first)
        for key in writes.keys.sorted() {
            // Also what was never acknowledged: reading it repairs it.
            let response = try cluster.get(key, of: host, options)
            guard let written = writes[key], let last = written.lastIndex(where: { $0.dot != nil }) else { continue }
            let values = try #require(response.values, "\(key): \(response)", sourceLocation: sourceLocation)
            let context = try #require(response.context, "\(key) is not there", sourceLocation: sourceLocation)
            for write in written {
                if let dot = write.dot {
                    #expect(
                        context.contains(dot), "\(key): \(write.value) is forgotten; seed \(cluster.options.seed)",
                        sourceLocation: sourceLocation)
                }
            }
            let rivals = contexts[key] == nil ? written[...] : written[(last + 1)...]
            let others = rivals.filter(\.isUnknown).map(\.value)
            #expect(
                values.contains(written[last].value) || others.contains { values.contains($0) },
                "\(key) is \(values), written \(written); seed \(cluster.options.seed)",
                sourceLocation: sourceLocation)
            #expect(Set(values).isSubset(of: written.map(\.value)), sourceLocation: sourceLocation)
        }
    }

    private mutating func randomHost(_ cluster: VirtualCluster) -> Int? {
        let running = cluster.running
        return running.isEmpty ? nil : running[Int(generator.below(UInt64(running.count)))]
    }

    private mutating func begin(_ index: Int, at host: Int, _ cluster: VirtualCluster) {
        let key = "client-\(index)-\(generator.below(UInt64(keysPerClient)))"
        count += 1
        let value = "\(key) \(count)"
        writes[key, default: []].append(Write(value: value))
        var options = RequestOptions()
        options.timeout = timeout
        var seeing = WriteContext.everythingHere
        if index % 2 == 0 {
            let context = contexts[key] ?? CausalContext()
            contexts[key] = context
            seeing = .seen(context)
        }
        let request = VirtualCluster.write(key, value, seeing: seeing, options)
        waiting[index] = (cluster.submit(request, to: host), key)
    }

    private mutating func collect(_ index: Int, _ cluster: VirtualCluster) {
        guard let (client, key) = waiting[index] else { return }
        guard let response = cluster.answer(to: client) else {
            // Whoever waits for a node that died learns it from the connection.
            if cluster.isGone(client) {
                markUnknown(key)
                waiting[index] = nil
            }
            return
        }
        waiting[index] = nil
        switch response {
        case .written(let dot, _):
            setLast(key) { $0.dot = dot }
            if let context = contexts[key] {
                contexts[key] = WriteContext.seen(context).following(dot)
            }
        case .failed(let failure):
            failures.append(failure)
            if failure.outcome == .unknown {
                markUnknown(key)
            }
        case .found, .absent:
            Issue.record("a write was answered \(response)")
        }
    }

    private mutating func markUnknown(_ key: String) {
        setLast(key) { $0.isUnknown = true }
    }

    private mutating func setLast(_ key: String, _ change: (inout Write) -> Void) {
        guard var list = writes[key], !list.isEmpty else { return }
        change(&list[list.count - 1])
        writes[key] = list
    }
}
