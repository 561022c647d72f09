import Coordinator
import Machine
import Testing

@Suite struct PutCoordinationTests {
    private func coordination(
        _ world: World, _ write: Int = 2, primaries: Int? = nil, durable: Int? = nil, own: Int = 0
    ) -> PutCoordination {
        PutCoordination(
            map: world.map, requirement: .write(write, primaries: primaries, durable: durable, world),
            isSloppy: world.isSloppy, own: own)
    }

    // MARK: - Step by step

    @Test func `a write is made here, sent to all others and answered at W`() {
        var put = coordination(World())
        #expect(put.begin() == PutStep())
        #expect(!put.hasObject)
        #expect(put.prepared() == PutStep(send: [1, 2]))
        #expect(put.acknowledge(1, isDurable: true) == PutStep())
        #expect(put.acknowledge(0, isDurable: true) == PutStep(reply: .written))
        #expect(put.acknowledge(2, isDurable: true) == PutStep(isFinished: true))
    }

    @Test func `every owner that has not acknowledged by the deadline is left a hint, suspected or not`() {
        var put = coordination(World(owners: 4))
        _ = put.begin()
        _ = put.prepared()
        _ = put.acknowledge(0, isDurable: true)
        #expect(put.acknowledge(2, isDurable: true) == PutStep(reply: .written))
        #expect(put.fail(3) == PutStep())
        #expect(put.missing == [1, 3])
        #expect(put.expire() == PutStep(hint: [1, 3], isFinished: true))
    }

    @Test func `an owner that cannot be reached is stood in for, and needs no hint`() {
        var put = coordination(World(fallbacks: 1, unreachable: [1]))
        _ = put.begin()
        #expect(put.prepared() == PutStep(send: [2], sendToFallbacks: [3]))
        _ = put.acknowledge(0, isDurable: true)
        #expect(put.acknowledge(3, isDurable: true) == PutStep(reply: .written))
        #expect(put.fail(2) == PutStep(hint: [2], isFinished: true))
    }

    @Test func `with two of three owners down, fallbacks make up the quorum`() {
        var put = coordination(World(fallbacks: 2, unreachable: [0, 1]), own: 2)
        _ = put.begin()
        #expect(put.prepared() == PutStep(sendToFallbacks: [3, 4]))
        _ = put.acknowledge(2, isDurable: true)
        #expect(put.acknowledge(4, isDurable: true) == PutStep(reply: .written))
        #expect(put.acknowledge(3, isDurable: true) == PutStep(isFinished: true))
    }

    @Test func `a strict write that cannot have its quorum is refused before anything is written`() {
        var put = coordination(World(fallbacks: 2, unreachable: [0, 1], isSloppy: false), own: 2)
        #expect(
            put.begin()
                == PutStep(reply: .unavailable(required: 2, available: 1, .notApplied), isFinished: true))
        #expect(put.missing == [0, 1], "not the coordinator")
    }

    @Test(arguments: [(4, 0, 0, 4, 3), (1, 4, 0, 4, 3), (1, 0, 4, 4, 3)])
    func `a count that the members cannot meet is refused at once`(
        write: Int, primaries: Int, durable: Int, required: Int, available: Int
    ) {
        var put = coordination(World(), write, primaries: primaries, durable: durable)
        let reply = PutOutcome.unavailable(required: required, available: available, .notApplied)
        #expect(put.begin() == PutStep(reply: reply, isFinished: true))
    }

    @Test func `a fallback that coordinates stands in itself, before another is asked`() {
        var put = coordination(World(fallbacks: 3, unreachable: [0, 1, 2]), own: 3)
        _ = put.begin()
        #expect(put.prepared() == PutStep(sendToFallbacks: [4, 5]))
        _ = put.acknowledge(3, isDurable: true)
        #expect(put.acknowledge(5, isDurable: true) == PutStep(reply: .written))
        #expect(put.fail(4) == PutStep(isFinished: true), "its copy is a stray and goes home by itself")
    }

    @Test func `a fallback that fails is stood in for by the next, unless its owner has answered`() {
        var put = coordination(World(fallbacks: 2))
        _ = put.begin()
        _ = put.prepared()
        #expect(put.losePatience() == PutStep(sendToFallbacks: [3, 4]))
        #expect(put.fail(1) == PutStep(), "3 stands in for it already")
        #expect(put.acknowledge(2, isDurable: true) == PutStep())
        #expect(put.fail(4) == PutStep(), "2 has the object by now")
        #expect(put.fail(3) == PutStep())
        #expect(put.acknowledge(0, isDurable: true) == PutStep(hint: [1], reply: .written, isFinished: true))

        var next = coordination(World(fallbacks: 2, unreachable: [1]))
        _ = next.begin()
        #expect(next.prepared() == PutStep(send: [2], sendToFallbacks: [3]))
        #expect(next.fail(3) == PutStep(sendToFallbacks: [4]))
    }

    @Test func `what owners hold counts for PW and what is on disk for DW`() {
        var put = coordination(World(fallbacks: 1, unreachable: [2]), 2, primaries: 2, durable: 2)
        _ = put.begin()
        #expect(put.prepared() == PutStep(send: [1], sendToFallbacks: [3]))
        #expect(put.acknowledge(0, isDurable: true) == PutStep())
        #expect(put.acknowledge(3, isDurable: false) == PutStep(), "W is there, PW is not")
        #expect(
            put.acknowledge(1, isDurable: false)
                == PutStep(reply: .unavailable(required: 2, available: 1, .unknown), isFinished: true))
    }

    @Test func `while a former owner is not relieved, a write needs W of the owners and one holder more`() {
        var put = coordination(World(extras: 1, holders: [0, 1, 2, 3]))
        _ = put.begin()
        #expect(put.prepared() == PutStep(send: [1, 2, 3]))
        _ = put.acknowledge(0, isDurable: true)
        #expect(put.acknowledge(3, isDurable: true) == PutStep())
        #expect(put.acknowledge(1, isDurable: true) == PutStep(reply: .written))
        #expect(put.fail(2) == PutStep(hint: [2], isFinished: true))
    }

    @Test func `the deadline finds the outcome unknown`() {
        var put = coordination(World(isSloppy: false))
        _ = put.begin()
        _ = put.prepared()
        _ = put.acknowledge(0, isDurable: true)
        #expect(
            put.expire()
                == PutStep(hint: [1, 2], reply: .timeout(required: 2, available: 1), isFinished: true))
    }

    @Test func `a store that never answers leaves no hints for what was never made`() {
        var put = coordination(World())
        _ = put.begin()
        #expect(put.expire() == PutStep(reply: .timeout(required: 2, available: 0), isFinished: true))
    }

    @Test func `a store that fails leaves the write to the others`() {
        var put = coordination(World())
        _ = put.begin()
        _ = put.prepared()
        #expect(put.fail(0) == PutStep())
        _ = put.acknowledge(1, isDurable: true)
        #expect(put.acknowledge(2, isDurable: true) == PutStep(reply: .written, isFinished: true))
    }

    @Test func `an acknowledgement that nobody asked for, or that comes twice, changes nothing`() {
        var put = coordination(World(fallbacks: 1))
        _ = put.begin()
        #expect(put.acknowledge(1, isDurable: true) == PutStep(), "nothing was sent yet")
        #expect(put.prepared() == PutStep(send: [1, 2]))
        #expect(put.prepared() == PutStep())
        #expect(put.acknowledge(3, isDurable: true) == PutStep())
        #expect(put.fail(3) == PutStep())
        #expect(put.acknowledge(1, isDurable: true) == PutStep())
        #expect(put.acknowledge(1, isDurable: true) == PutStep())
        #expect(put.fail(1) == PutStep())
        #expect(put.acknowledge(2, isDurable: true) == PutStep(reply: .written))
    }

    @Test func `fallbacks that are named later stand in when they are wanted`() {
        var put = coordination(World())
        _ = put.begin()
        _ = put.prepared()
        put.offer(fallbacks: [3])
        #expect(put.fail(2) == PutStep(sendToFallbacks: [3]))
    }

    // MARK: - Small worlds, whole

    @Test(arguments: [1, 2, 3], [0, 1, 2])
    func `every order of acknowledgements, failures, impatience and deadline ends as it must`(
        owners: Int, fallbacks: Int
    ) {
        var runs = 0
        World.all(owners: owners...owners, extras: 0, fallbacks: fallbacks) { world in
            guard world.fallbackCount == fallbacks, owners * fallbacks < 6 || world.holders.count == 3 else { return }
            guard let own = world.map.coordinator(besides: [], isSloppy: world.isSloppy) else { return }
            for write in 1...owners {
                var run = PutRun(
                    world: world, required: .write(write, world), own: own, durable: PositionSet(first: 64))
                run.begin()
                runs += Self.explore(run)
            }
        }
        #expect(runs > 1, "\(runs) runs")
    }

    @Test func `larger worlds end as they must under random schedules`() {
        let seed: UInt64 = 1865
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let world = World.random(using: &generator)
            guard let own = coordinator(in: world, &generator) else { continue }
            let write = 1 + Int(generator.below(UInt64(world.owners + 1)))
            let primaries = generator.chance(1, in: 4) ? Int(generator.below(UInt64(world.owners + 1))) : nil
            let durable = generator.chance(1, in: 4) ? Int(generator.below(UInt64(world.owners + 1))) : nil
            var run = PutRun(
                world: world, required: .write(write, primaries: primaries, durable: durable, world), own: own,
                durable: PositionSet(bits: generator.next() | generator.next()))
            run.begin()
            while !run.isFinished {
                let events = run.enabled.filter { $0 != .deadline || generator.chance(1, in: 8) }
                if !events.isEmpty {
                    run.apply(events[Int(generator.below(UInt64(events.count)))])
                }
            }
        }
    }

    /// Mostly who should coordinate; at times whoever was asked to by a node that reaches fewer.
    private func coordinator(in world: World, _ generator: inout SeededGenerator) -> Int? {
        guard generator.chance(1, in: 4) else { return world.map.coordinator(besides: [], isSloppy: world.isSloppy) }
        let candidates = Array(world.map.reachable & (world.isSloppy ? PositionSet(first: 64) : world.map.replicas))
        return candidates.isEmpty ? nil : candidates[Int(generator.below(UInt64(candidates.count)))]
    }

    private static func explore(_ run: PutRun) -> Int {
        let enabled = run.enabled
        guard !enabled.isEmpty else { return 1 }
        var count = 0
        for event in enabled {
            var next = run
            next.apply(event)
            count += explore(next)
        }
        return count
    }
}
