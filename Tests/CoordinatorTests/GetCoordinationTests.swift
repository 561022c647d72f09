import Causality
import Coordinator
import Machine
import Testing

@Suite struct GetCoordinationTests {
    private func coordination(
        _ world: World, _ read: Int = 2, primaries: Int? = nil, reach: GetReach = .everyHolder
    ) -> GetCoordination {
        GetCoordination(
            map: world.map, requirement: .read(read, primaries: primaries, world), isSloppy: world.isSloppy,
            reach: reach)
    }

    // MARK: - Step by step

    @Test func `a read asks every holder, answers at R and repairs when all have answered`() {
        var get = coordination(World())
        #expect(get.begin() == GetStep(ask: [0, 1, 2]))
        #expect(get.receive(Copies.new, from: 1) == GetStep())
        #expect(get.receive(Copies.old, from: 0) == GetStep(reply: .found(Copies.new)))
        #expect(get.receive(nil, from: 2) == GetStep(repair: [0, 2], isFinished: true))
    }

    @Test func `a copy that comes after the answer joins the merge and the repair`() {
        var get = coordination(World())
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        #expect(get.receive(Copies.new, from: 1) == GetStep(reply: .found(Copies.new)))
        #expect(get.receive(Copies.beside, from: 2) == GetStep(repair: [0, 1, 2], isFinished: true))
        #expect(get.merged == Copies.both)
    }

    /// The first Toystore counted an absent key as a failed read.
    @Test func `an absent key is a definite answer`() {
        var get = coordination(World())
        _ = get.begin()
        #expect(get.receive(nil, from: 2) == GetStep())
        #expect(get.receive(nil, from: 0) == GetStep(reply: .absent))
        #expect(get.receive(nil, from: 1) == GetStep(isFinished: true))
    }

    /// The first Toystore's search for replicas never ended with two adjacent nodes down.
    @Test func `with two of three owners down a value is found at the third, and its absence is no answer`() {
        let world = World(fallbacks: 2, unreachable: [0, 1])
        var get = coordination(world)
        #expect(get.begin() == GetStep(ask: [2, 3, 4]))
        #expect(get.receive(nil, from: 3) == GetStep())
        #expect(get.receive(nil, from: 4) == GetStep())
        #expect(get.receive(Copies.old, from: 2) == GetStep(reply: .found(Copies.old), isFinished: true))

        var absent = coordination(world)
        _ = absent.begin()
        _ = absent.receive(nil, from: 2)
        _ = absent.receive(nil, from: 3)
        #expect(
            absent.receive(nil, from: 4)
                == GetStep(reply: .unavailable(required: 2, available: 1), isFinished: true))
        #expect(absent.missing == [0, 1])
    }

    @Test func `a strict read that cannot have its quorum is refused at once`() {
        var get = coordination(World(fallbacks: 2, unreachable: [0, 1], isSloppy: false))
        #expect(get.begin() == GetStep(reply: .unavailable(required: 2, available: 1), isFinished: true))
        #expect(get.missing == [0, 1])
    }

    @Test func `more answers than there are holders are refused at once`() {
        var get = coordination(World(), 4)
        #expect(get.begin() == GetStep(reply: .unavailable(required: 4, available: 3), isFinished: true))
    }

    @Test func `answers of owners are asked for with PR`() {
        var refused = coordination(World(fallbacks: 2, unreachable: [0, 1]), primaries: 2)
        #expect(refused.begin() == GetStep(reply: .unavailable(required: 2, available: 1), isFinished: true))
        var get = coordination(World(extras: 1, holders: [0, 1, 2, 3]), 1, primaries: 2)
        #expect(get.begin() == GetStep(ask: [0, 1, 2, 3]))
        _ = get.receive(Copies.new, from: 3)
        #expect(get.receive(Copies.new, from: 0) == GetStep())
        #expect(get.receive(Copies.new, from: 1) == GetStep(reply: .found(Copies.new)))
    }

    @Test func `who fails or is silent is stood in for, and an early empty answer displaces no holder`() {
        var get = coordination(World(fallbacks: 2))
        #expect(get.begin() == GetStep(ask: [0, 1, 2]))
        #expect(get.fail(0) == GetStep(ask: [3]))
        #expect(get.receive(Copies.old, from: 1) == GetStep())
        #expect(get.receive(nil, from: 3) == GetStep(), "the newer value may be at 2")
        #expect(get.losePatience() == GetStep(ask: [4]))
        #expect(get.receive(Copies.new, from: 2) == GetStep(reply: .found(Copies.new)))
        #expect(get.receive(nil, from: 4) == GetStep(repair: [1], isFinished: true))
    }

    @Test func `the deadline answers with what there is, or says how much is missing`() {
        var late = coordination(World())
        _ = late.begin()
        _ = late.receive(Copies.new, from: 0)
        #expect(late.expire() == GetStep(reply: .timeout(required: 2, available: 1), isFinished: true))

        var enough = coordination(World(fallbacks: 1))
        _ = enough.begin()
        _ = enough.receive(Copies.new, from: 0)
        _ = enough.losePatience()
        #expect(enough.receive(nil, from: 3) == GetStep())
        #expect(enough.expire() == GetStep(reply: .found(Copies.new), isFinished: true))

        var answered = coordination(World())
        _ = answered.begin()
        _ = answered.receive(Copies.new, from: 0)
        _ = answered.receive(Copies.old, from: 1)
        #expect(answered.expire() == GetStep(repair: [1], isFinished: true))
    }

    @Test func `an answer that nobody asked for, or that comes twice, changes nothing`() {
        var get = coordination(World(fallbacks: 1))
        _ = get.begin()
        #expect(get.receive(Copies.new, from: 3) == GetStep())
        #expect(get.fail(3) == GetStep())
        #expect(get.receive(Copies.new, from: 63) == GetStep())
        _ = get.receive(Copies.new, from: 0)
        #expect(get.receive(Copies.new, from: 0) == GetStep())
        #expect(get.fail(0) == GetStep())
        #expect(get.receive(Copies.new, from: 1) == GetStep(reply: .found(Copies.new)))
    }

    @Test func `an answer after the failure still counts`() {
        var get = coordination(World())
        _ = get.begin()
        #expect(get.fail(0) == GetStep())
        _ = get.receive(Copies.old, from: 1)
        #expect(get.receive(Copies.new, from: 0) == GetStep(reply: .found(Copies.new)))
        #expect(get.fail(2) == GetStep(repair: [1], isFinished: true))
    }

    /// Two members, one of which has not got the data yet: a write of one may be on the other alone.
    @Test func `a read of all asks the owners that hold nothing yet as well`() {
        var get = coordination(World(owners: 2, holders: [0]), 2)
        #expect(get.begin() == GetStep(ask: [0, 1]))
        #expect(get.receive(nil, from: 0) == GetStep())
        #expect(get.receive(Copies.new, from: 1) == GetStep(reply: .found(Copies.new), repair: [0], isFinished: true))
    }

    @Test func `fallbacks that are named later are asked when they are wanted`() {
        var get = coordination(World())
        _ = get.begin()
        get.offer(fallbacks: [3, 4])
        #expect(get.losePatience() == GetStep(ask: [3, 4]))
        #expect(get.losePatience() == GetStep())
    }

    // MARK: - Hedged

    @Test func `a hedged read asks R holders, the own copy first, and is finished with their answers`() {
        var get = coordination(World(), reach: .enough(first: 2))
        #expect(get.begin() == GetStep(ask: [0, 2]))
        #expect(get.canHedge)
        #expect(get.receive(Copies.new, from: 2) == GetStep())
        #expect(get.receive(Copies.old, from: 0) == GetStep(reply: .found(Copies.new), repair: [0], isFinished: true))
        #expect(!get.canHedge)
    }

    @Test func `a hedge asks all the others, once, and whoever answers counts`() {
        var get = coordination(World(), reach: .enough(first: nil))
        #expect(get.begin() == GetStep(ask: [0, 1]))
        _ = get.receive(Copies.new, from: 1)
        #expect(get.hedge() == GetStep(ask: [2]))
        #expect(get.hedge() == GetStep())
        #expect(get.receive(Copies.new, from: 2) == GetStep(reply: .found(Copies.new)))
        #expect(get.receive(nil, from: 0) == GetStep(repair: [0], isFinished: true))
    }

    @Test func `who fails is replaced by a holder at once, and by a fallback when no holder is left`() {
        var get = coordination(World(fallbacks: 2), reach: .enough(first: nil))
        #expect(get.begin() == GetStep(ask: [0, 1]))
        #expect(get.fail(0) == GetStep(ask: [2]))
        #expect(get.fail(1) == GetStep(ask: [3, 4]), "two have failed")
        #expect(get.receive(nil, from: 2) == GetStep())
    }

    @Test func `not found takes R holders, also where others were asked in reserve`() {
        var get = coordination(World(fallbacks: 1), reach: .enough(first: 0))
        _ = get.begin()
        #expect(get.receive(nil, from: 0) == GetStep())
        #expect(get.hedge() == GetStep(ask: [2]))
        #expect(get.fail(1) == GetStep(ask: [3]))
        #expect(get.receive(nil, from: 3) == GetStep())
        #expect(get.receive(nil, from: 2) == GetStep(reply: .absent, isFinished: true))
    }

    @Test func `a read of all, or of all that can be reached, has nobody in reserve`() {
        var all = coordination(World(), 3, reach: .enough(first: 0))
        #expect(all.begin() == GetStep(ask: [0, 1, 2]))
        #expect(!all.canHedge)
        var fewer = coordination(World(fallbacks: 1, unreachable: [1]), reach: .enough(first: 0))
        #expect(fewer.begin() == GetStep(ask: [0, 2, 3]))
        var partial = coordination(World(owners: 2, holders: [0]), 2, reach: .enough(first: 0))
        #expect(partial.begin() == GetStep(ask: [0, 1]), "owners that hold nothing yet as well")
    }

    @Test func `with PR enough owners are asked, and the rest when a former owner came in the place of one`() {
        let world = World(extras: 2, holders: [0, 1, 2, 3, 4])
        // R = 1 with two holders more than owners takes three answers.
        var get = coordination(world, 1, primaries: 2, reach: .enough(first: 4))
        #expect(get.begin() == GetStep(ask: [0, 1, 4]))
        #expect(get.fail(0) == GetStep(ask: [2]))
        #expect(get.fail(1) == GetStep(ask: [3]))
        _ = get.receive(Copies.new, from: 3)
        _ = get.receive(Copies.new, from: 4)
        #expect(
            get.receive(Copies.new, from: 2)
                == GetStep(reply: .unavailable(required: 2, available: 1), isFinished: true))
    }

    @Test func `a hedge asks a fallback too for each that has failed`() {
        var get = coordination(World(fallbacks: 2), 1, reach: .enough(first: nil))
        #expect(get.begin() == GetStep(ask: [0]))
        #expect(get.fail(0) == GetStep(ask: [1]))
        #expect(get.hedge() == GetStep(ask: [2, 3]))
    }

    @Test func `nobody is refused while somebody has not been asked`() {
        var get = coordination(
            World(extras: 2, holders: [0, 1, 2, 3, 4]), 1, primaries: 3, reach: .enough(first: nil))
        #expect(get.begin() == GetStep(ask: [0, 1, 2]))
        #expect(get.fail(0) == GetStep(ask: [3]), "which is no owner")
        _ = get.receive(nil, from: 1)
        _ = get.receive(nil, from: 2)
        #expect(get.receive(nil, from: 3) == GetStep(ask: [4]))
        #expect(
            get.receive(Copies.new, from: 4)
                == GetStep(
                    reply: .unavailable(required: 3, available: 2), repair: [1, 2, 3], isFinished: true))
    }

    @Test func `a silent reserve is no reason to wait: impatience asks it, and a fallback for each that is silent`() {
        var get = coordination(World(fallbacks: 2), reach: .enough(first: nil))
        _ = get.begin()
        #expect(get.losePatience() == GetStep(ask: [2, 3, 4]))
    }

    // MARK: - Small worlds, whole

    @Test(arguments: 0..<6)
    func `every order of answers, failures, impatience and deadline ends as it must`(pattern: Int) {
        var runs = 0
        World.all(owners: 1...3, extras: 0, fallbacks: 2) { world in
            // With three owners, only the usual case: the others take minutes.
            guard world.owners < 3 || (world.holders.count == 3 && world.fallbackCount < 2) else { return }
            for read in 1...world.owners {
                let copies = Self.copies(pattern, world.count)
                for reach in Self.reaches(world) {
                    var run = GetRun(world: world, required: .read(read, world), copies: copies, reach: reach)
                    run.begin()
                    runs += Self.explore(run)
                }
            }
        }
        #expect(runs > 10_000, "\(runs) runs")
    }

    @Test func `larger worlds end as they must under random schedules`() {
        let seed: UInt64 = 2007
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<10_000 {
            let world = World.random(using: &generator)
            let read = 1 + Int(generator.below(UInt64(world.owners + 1)))
            let primaries = generator.chance(1, in: 4) ? Int(generator.below(UInt64(world.owners + 1))) : nil
            let copies = (0..<world.count).map { _ in Copies.all[Int(generator.below(4))] }
            let reach = generator.chance(1, in: 3) ? .everyHolder : GetReach.enough(first: world.own(using: &generator))
            var run = GetRun(
                world: world, required: .read(read, primaries: primaries, world), copies: copies, reach: reach)
            run.begin()
            while !run.isFinished {
                // A deadline in the midst is rare, so that most runs see every answer.
                let events = run.enabled.filter { $0 != .deadline || generator.chance(1, in: 8) }
                if !events.isEmpty {
                    run.apply(events[Int(generator.below(UInt64(events.count)))])
                }
            }
        }
    }

    /// All, or enough: with the last owner's copy as the own one and, of fewer than three owners, with none.
    private static func reaches(_ world: World) -> [GetReach] {
        let own: [Int?] = world.owners < 3 ? [nil, world.owners - 1] : [world.owners - 1]
        return [.everyHolder] + own.map { .enough(first: $0) }
    }

    private static func copies(_ pattern: Int, _ count: Int) -> [Object?] {
        (0..<count).map { position in
            switch pattern {
            case 0: nil
            case 1: Copies.new
            default: Copies.all[(position + pattern) % 4]
            }
        }
    }

    private static func explore(_ run: GetRun) -> Int {
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
