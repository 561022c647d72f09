import Causality
import Coordinator
import Machine
import Testing

/// Strict gets: what is answered, the next one finds as well.
@Suite struct WriteBackTests {
    private func coordination(
        _ world: World = World(isSloppy: false), _ read: Int = 2, primaries: Int? = nil,
        reach: GetReach = .everyHolder
    ) -> GetCoordination {
        GetCoordination(
            map: world.map, requirement: .read(read, primaries: primaries, world), isSloppy: world.isSloppy,
            reach: reach, writesBack: true)
    }

    // MARK: - Step by step

    @Test func `answers that agree are the answer at once, and so are absent ones`() {
        var get = coordination()
        #expect(get.begin() == GetStep(ask: [0, 1, 2]))
        #expect(get.receive(Copies.new, from: 1) == GetStep())
        #expect(get.receive(Copies.new, from: 0) == GetStep(reply: .found(Copies.new)))
        #expect(get.receive(Copies.old, from: 2) == GetStep(repair: [2], isFinished: true))

        var absent = coordination(reach: .enough(first: nil))
        _ = absent.begin()
        _ = absent.receive(nil, from: 0)
        #expect(absent.receive(nil, from: 1) == GetStep(reply: .absent, isFinished: true))
    }

    @Test func `a replica that is behind is written back to before the answer, and repaired once`() {
        var get = coordination(reach: .enough(first: nil))
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        #expect(get.receive(nil, from: 1) == GetStep(writeBack: [1]))
        #expect(get.isWritingBack)
        #expect(get.answer == Copies.new)
        #expect(get.missing == [1, 2])
        #expect(!get.canHedge)
        #expect(get.repaired(1) == GetStep(reply: .found(Copies.new), isFinished: true))
        #expect(!get.isWritingBack)
    }

    @Test func `each of two that lack what the other has is written back to`() {
        var get = coordination()
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        #expect(get.receive(Copies.beside, from: 1) == GetStep(writeBack: [0, 1]))
        #expect(get.repaired(0) == GetStep())
        #expect(get.repaired(1) == GetStep(reply: .found(Copies.both)))
        #expect(get.receive(Copies.both, from: 2) == GetStep(isFinished: true))
    }

    @Test func `an answer that comes meanwhile counts where it has all, and is written back to where it has not`() {
        var enough = coordination()
        _ = enough.begin()
        _ = enough.receive(Copies.new, from: 0)
        _ = enough.receive(Copies.old, from: 1)
        #expect(
            enough.receive(Copies.new, from: 2) == GetStep(reply: .found(Copies.new), isFinished: true),
            "1 was sent it already")

        var behind = coordination()
        _ = behind.begin()
        _ = behind.receive(Copies.new, from: 0)
        _ = behind.receive(Copies.old, from: 1)
        #expect(behind.receive(nil, from: 2) == GetStep(writeBack: [2]))
        #expect(behind.repaired(2) == GetStep(reply: .found(Copies.new), isFinished: true))
    }

    @Test func `what comes meanwhile joins the repair and not the answer`() {
        var get = coordination()
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        #expect(get.receive(Copies.old, from: 1) == GetStep(writeBack: [1]))
        #expect(get.receive(Copies.beside, from: 2) == GetStep(writeBack: [2]))
        #expect(get.answer == Copies.new)
        #expect(
            get.repaired(1) == GetStep(reply: .found(Copies.new), repair: [0, 1, 2], isFinished: true))
        #expect(get.merged == Copies.both)
    }

    @Test func `tombstones are written back as values are`() {
        var deleted = Copies.new
        deleted.write(
            .tombstone, timestamp: .zero, seeing: .everythingHere,
            as: ActorID(node: NodeID(high: 0, low: 1), epoch: 1))
        var get = coordination(reach: .enough(first: nil))
        _ = get.begin()
        _ = get.receive(deleted, from: 0)
        #expect(get.receive(Copies.new, from: 1) == GetStep(writeBack: [1]))
        #expect(get.repaired(1) == GetStep(reply: .found(deleted), isFinished: true))
    }

    @Test func `who fails is replaced from the reserve, then by whoever is silent, and then the read is refused`() {
        var get = coordination(reach: .enough(first: nil))
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        _ = get.receive(nil, from: 1)
        #expect(get.fail(1) == GetStep(writeBack: [2]))
        #expect(
            get.fail(2)
                == GetStep(reply: .unavailable(required: 2, available: 1), repair: [1], isFinished: true))

        var silent = coordination()
        _ = silent.begin()
        _ = silent.receive(Copies.new, from: 0)
        _ = silent.receive(nil, from: 1)
        #expect(silent.fail(1) == GetStep(writeBack: [2]), "which was asked")
        #expect(silent.repaired(2) == GetStep(reply: .found(Copies.new)))
    }

    @Test func `silence sends the answer to everyone else`() {
        var hedged = coordination(reach: .enough(first: nil))
        _ = hedged.begin()
        _ = hedged.receive(Copies.new, from: 0)
        _ = hedged.receive(nil, from: 1)
        #expect(hedged.losePatience() == GetStep(writeBack: [2]))
        #expect(hedged.losePatience() == GetStep())
        #expect(hedged.repaired(2) == GetStep(reply: .found(Copies.new), isFinished: true))

        var other = coordination(reach: .enough(first: nil))
        _ = other.begin()
        _ = other.receive(Copies.new, from: 0)
        _ = other.receive(nil, from: 1)
        #expect(other.hedge() == GetStep(writeBack: [2]))
    }

    @Test func `the deadline says how many are known to have it`() {
        var get = coordination()
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        _ = get.receive(nil, from: 1)
        #expect(get.expire() == GetStep(reply: .timeout(required: 2, available: 1), isFinished: true))
    }

    @Test func `a confirmation that nobody waits for is none, and one after the failure is not either`() {
        var get = coordination()
        _ = get.begin()
        #expect(get.repaired(0) == GetStep(), "an answer of the wrong kind is a failure")
        _ = get.receive(Copies.new, from: 1)
        _ = get.receive(nil, from: 2)
        #expect(get.repaired(0) == GetStep())
        // The store refuses, and tells of the commit of its batch all the same.
        #expect(
            get.fail(2)
                == GetStep(reply: .unavailable(required: 2, available: 1), repair: [2], isFinished: true))
        #expect(get.repaired(2) == GetStep())
    }

    @Test func `while a partition moves as many holders must have it as must answer`() {
        var get = coordination(World(extras: 1, holders: [0, 1, 2, 3], isSloppy: false))
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        _ = get.receive(Copies.new, from: 3)
        #expect(get.receive(nil, from: 1) == GetStep(writeBack: [1]))
        #expect(get.receive(Copies.new, from: 2) == GetStep(reply: .found(Copies.new), isFinished: true))
    }

    @Test func `owners are written back to where owners must answer`() {
        var partial = coordination(World(owners: 2, holders: [0], isSloppy: false))
        #expect(partial.begin() == GetStep(ask: [0, 1]))
        _ = partial.receive(Copies.new, from: 0)
        #expect(partial.receive(nil, from: 1) == GetStep(writeBack: [1]))
        #expect(partial.repaired(1) == GetStep(reply: .found(Copies.new), isFinished: true))

        let moving = World(extras: 1, holders: [0, 1, 2, 3], isSloppy: false)
        var primary = coordination(moving, 1, primaries: 2)
        _ = primary.begin()
        _ = primary.receive(Copies.new, from: 3)
        _ = primary.receive(Copies.new, from: 0)
        #expect(primary.receive(nil, from: 1) == GetStep(writeBack: [1]))
        #expect(primary.repaired(1) == GetStep(reply: .found(Copies.new)))
    }

    @Test func `a sloppy get waits for nobody`() {
        var get = coordination(World())
        _ = get.begin()
        _ = get.receive(Copies.new, from: 0)
        #expect(get.receive(nil, from: 1) == GetStep(reply: .found(Copies.new)))
    }

    // MARK: - Small worlds, whole

    @Test(arguments: 0..<6)
    func `in every order of answers, repairs and failures, what is answered is at R holders`(pattern: Int) {
        var (runs, writtenBack) = (0, 0)
        World.all(owners: 1...3, extras: 1, fallbacks: 0) { world in
            guard !world.isSloppy, world.owners + world.extras < 4 else { return }
            // With three replicas, only the usual case: the others take minutes.
            guard world.count < 3 || world.holders.count == 3 && world.reachable.count == 3 else { return }
            for read in 1...world.owners {
                let copies = (0..<world.count).map { Copies.all[($0 * $0 + pattern) % 4] }
                for reach in [GetReach.everyHolder, .enough(first: nil)] {
                    var run = WriteBackRun(
                        world: world, required: .read(read, world), copies: copies, reach: reach)
                    run.begin()
                    Self.explore(run, &runs, &writtenBack)
                }
            }
        }
        #expect(runs > 1000, "\(runs) runs")
        #expect(writtenBack > 200, "\(writtenBack) runs")
    }

    @Test func `in larger worlds too, under random schedules`() {
        let seed: UInt64 = 1995
        var generator = SeededGenerator(seed: seed)
        var outcomes = (found: 0, afterWriteBack: 0, refused: 0)
        for _ in 0..<6_000 {
            var world = World.random(using: &generator)
            world.isSloppy = false
            let read = 1 + Int(generator.below(UInt64(world.owners)))
            let primaries = generator.chance(1, in: 4) ? Int(generator.below(UInt64(world.owners + 1))) : nil
            let copies = (0..<world.count).map { _ in Copies.all[Int(generator.below(4))] }
            let reach = generator.chance(1, in: 3) ? .everyHolder : GetReach.enough(first: world.own(using: &generator))
            var run = WriteBackRun(
                world: world, required: .read(read, primaries: primaries, world), copies: copies, reach: reach)
            run.begin()
            while !run.isFinished {
                // Failures and a deadline in the midst are rare, so that most runs see every answer.
                let events = run.enabled.filter { event in
                    switch event {
                    case .deadline, .fail: generator.chance(1, in: 8)
                    case .answer, .store, .hedge, .patience: true
                    }
                }
                if !events.isEmpty {
                    run.apply(events[Int(generator.below(UInt64(events.count)))])
                }
            }
            switch run.reply {
            case .found where run.hasWrittenBack: outcomes.afterWriteBack += 1
            case .found: outcomes.found += 1
            default: outcomes.refused += 1
            }
        }
        #expect(outcomes.found > 500 && outcomes.afterWriteBack > 500 && outcomes.refused > 500, "\(outcomes)")
    }

    private static func explore(_ run: WriteBackRun, _ runs: inout Int, _ writtenBack: inout Int) {
        let enabled = run.enabled
        if enabled.isEmpty {
            runs += 1
            writtenBack += run.hasWrittenBack ? 1 : 0
        }
        for event in enabled {
            var next = run
            next.apply(event)
            explore(next, &runs, &writtenBack)
        }
    }
}
