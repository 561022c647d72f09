import Coordinator
import Machine
import Testing

@testable import Simulator

/// Clients that take a session from node to node.
@Suite struct WalkerTests {
    /// A run of ten seconds with partitions in which nearly all is done by walkers, on keys of which every other one is strict.
    private static func walk(_ seed: UInt64) -> (outcome: RunOutcome, workload: Workload) {
        var options = RunOptions(seed: seed)
        options.seconds = 10
        options.faults = []
        let simulation = Simulation(options) { load in
            load.clients = 1
            load.keysOfEachKind = 1
            load.unreadKeys = 0
            load.pause = 1_500_000_000
            load.walkers = 4
            load.walkedKeys = 4
        }
        var faults = FaultOptions()
        faults[.partition] = 1
        faults[.delay] = 0.05
        simulation.injector = FaultInjector(faults, length: 10 * FaultInjector.second, hosts: 5, seed: seed)
        let outcome = simulation.run()
        return (outcome, simulation.workload)
    }

    @Test func `they ask another node each time, and have keys of their own`() {
        let (outcome, workload) = Self.walk(3)
        #expect(outcome.violation == nil, "\(outcome.report)")
        #expect(workload.walkers.count == 4)
        for walker in workload.walkers {
            let steps = workload.history.operations.filter { $0.client == walker }
            #expect(steps.count > 20)
            #expect(steps.allSatisfy { workload.walkedKeys.contains($0.key) })
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.host != $1.host }, "none is down")
            for step in steps {
                #expect(step.options.sloppy == (workload.history.keys[step.key].model == .walked))
            }
        }
        let story = Story.tell(ofClient: workload.walkers.lowerBound, workload.history)
        #expect(story.count == Story.stepLimit + 2)
        #expect(story.dropFirst().dropLast().allSatisfy { $0.hasPrefix("walked-") }, "\(story)")
        let others = workload.history.operations.filter { $0.client == 0 }
        #expect(others.allSatisfy { !workload.walkedKeys.contains($0.key) })
    }

    @Test func `where their requests are sloppy each guarantee is broken sometimes, and where they are strict none is`()
    {
        var marks = Marks()
        for seed in 2..<7 as Range<UInt64> {
            let outcome = Self.walk(seed).outcome
            #expect(outcome.violation == nil, "\(outcome.report)")
            marks.merge(outcome.marks)
        }
        for mark in [Mark.readGoneBack, .ownWriteUnread, .causeUnread, .earlierWriteUnread, .wroteBack] {
            #expect(marks[mark] > 0, "\(mark)")
        }
    }
}
