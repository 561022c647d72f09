import Machine
import Node
import Testing

/// A run is a function of its seed.
@Suite struct TraceTests {
    /// Growth, load, loss, a crash and a return: everything whose order could depend on more than the seed.
    private static func trace(seed: UInt64) throws -> String {
        var options = VirtualCluster.Options()
        options.seed = seed
        options.datagramLoss = 50
        let cluster = VirtualCluster(options)
        try cluster.add()
        var load = Workload(clients: 8, seed: seed)
        for _ in 0..<4 {
            try cluster.add(joining: 0)
            load.run(on: cluster, for: .milliseconds(300))
        }
        cluster.crash(2)
        load.run(on: cluster, for: .seconds(1))
        try cluster.start(2)
        cluster.partition([0, 3], from: [1])
        load.run(on: cluster, for: .seconds(2))
        cluster.heal()
        load.run(on: cluster, for: .seconds(1))
        return "trace \(cluster.trace) of \(cluster.eventCount) events"
    }

    @Test func `one seed gives one run, another seed another`() throws {
        let first = try Self.trace(seed: 11)
        #expect(try Self.trace(seed: 11) == first)
        #expect(try Self.trace(seed: 12) != first)
    }

    /// Sets and dictionaries are ordered differently in each process; nothing of that may reach an effect.
    @Test func `one seed gives one run in processes with different hash seeds`() async throws {
        let here = try Self.trace(seed: 13)
        for _ in 0..<2 {
            let child = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                print(try TraceTests.trace(seed: 13))
            }
            let output = String(decoding: child?.standardOutputContent ?? [], as: UTF8.self)
            #expect(output.contains(here), "\(here) here, and \(output)")
        }
    }
}
