import Testing

@testable import Simulator

/// What is left out of runs, and by whom.
@Suite struct ShrinkingTests {
    @Test func `what is left out is written as it is read`() throws {
        let text = "kill:3,kill:5-7,partition:0-,client2:0-"
        var omissions = try #require(Omissions(text))
        #expect(omissions.description == text)
        #expect(omissions.contains(6, of: .fault(.kill)) && !omissions.contains(4, of: .fault(.kill)))
        #expect(omissions.contains(1000, of: .client(2)) && !omissions.contains(0, of: .client(1)))
        omissions.insert(4..<5, of: .fault(.kill))
        #expect(omissions.description == "kill:3-7,partition:0-,client2:0-")
        for (range, added) in [(0..<3, "kill:0-2"), (2..<5, "kill:2"), (0..<Int.max, "kill:0-2,kill:8-"), (3..<8, "")] {
            #expect(omissions.additions(by: range, of: .fault(.kill)).description == added)
        }
        for wrong in ["kill", "kill:", "kill:-1", "kill:4-3", "nobody:1", "client:1", "kill:1-2-3"] {
            #expect(Omissions(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `a fault that is left out leaves the draws of all others as they are`() {
        var options = RunOptions(seed: 1)
        options.seconds = 30
        options.faults = [.kill, .clogging]
        options.isEachFault = true
        func packets(without omissions: String) -> [String] {
            options.omissions = Omissions(omissions) ?? Omissions()
            let simulation = Simulation(options)
            let outcome = simulation.run()
            #expect(outcome.violation == nil, "\(outcome.report)")
            return simulation.world.incidents.filter { $0.what.hasPrefix("packets") }.map { "\($0.time) \($0.what)" }
        }
        let all = packets(without: "")
        #expect(all.count > 2)
        // A fault that comes to nothing, since it would cut a host off from itself, has a number as well.
        let removed = (0..<3).compactMap { number in
            let rest = packets(without: "kill:0-,clogging:\(number)")
            return rest == all
                ? nil
                : all.indices.first { index in
                    rest == all.indices.filter { $0 != index }.map { all[$0] }
                }
        }
        #expect(removed == [0, 1, 2].prefix(removed.count).map { $0 } && !removed.isEmpty)
    }

    @Test func `a failing run is shrunk to what it needs`() throws {
        var options = RunOptions(seed: 1)
        options.seconds = 10
        func outcome(_ options: RunOptions) -> RunOutcome {
            let omissions = options.omissions
            // It fails by the seventh kill together with the third turn of client 1.
            let fails = !omissions.contains(7, of: .fault(.kill)) && !omissions.contains(3, of: .client(1))
            return RunOutcome(
                options: options, faults: FaultOptions(), violation: fails ? Violation(.goodput, "") : nil,
                seconds: 1, events: 0, traceHash: 0, operations: 0,
                parts: [(.fault(.kill), 20), (.fault(.loss), 1), (.client(0), 30), (.client(1), 30)], marks: Marks())
        }
        var told = Omissions()
        var shrinker = try #require(
            Shrinker(outcome(options), run: outcome) { smaller, leftOut in
                for (part, number) in smaller.parts.flatMap({ part in (0..<part.count).map { (part, $0) } })
                where leftOut.contains(number, of: part.source) {
                    #expect(!told.contains(number, of: part.source), "told twice")
                    told.insert(number..<number + 1, of: part.source)
                    #expect(smaller.options.omissions.contains(number, of: part.source))
                }
            })
        #expect(shrinker.size == 81)
        shrinker.shrink()
        #expect(shrinker.size == 2)
        #expect(told.description == "loss:0,client0:0-29,kill:0-6,kill:8-19,client1:0-2,client1:4-29")
        #expect(
            shrinker.smallest.options.command.hasSuffix(
                "--omit loss:0-,client0:0-,kill:0-6,kill:8-,client1:0-2,client1:4-"),
            "\(shrinker.smallest.options.command)")
        options.omissions = try #require(Omissions("kill:7"))
        #expect(Shrinker(outcome(options), run: outcome) == nil)
    }
}
