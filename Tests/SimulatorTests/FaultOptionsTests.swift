import Simulator
import Testing

@Suite struct FaultOptionsTests {
    @Test func `each class is on in about half of the runs, or a quarter where it loses data, at a rate of its range`()
    {
        var counts: [FaultKind: Int] = [:]
        for seed in 0..<400 as Range<UInt64> {
            let options = FaultOptions(drawing: FaultKind.allCases, isEach: false, seed: seed)
            for kind in options.kinds {
                counts[kind, default: 0] += 1
                #expect(kind.isPerPacket ? (0...0.5).contains(options[kind]) : (1...120).contains(options[kind]))
            }
        }
        let rare: [FaultKind] = [.longPartition, .longPause]
        for kind in rare {
            #expect((1...20).contains(counts[kind] ?? 0), "those that take long are rare")
        }
        for kind in FaultKind.allCases where !rare.contains(kind) {
            #expect((70...250).contains(counts[kind] ?? 0), "\(kind)")
        }
    }

    @Test func `leaving a class out changes no other`() {
        for seed in 0..<50 as Range<UInt64> {
            let all = FaultOptions(drawing: FaultKind.allCases, isEach: false, seed: seed)
            let some = FaultOptions(drawing: FaultKind.allCases.filter { $0 != .kill }, isEach: false, seed: seed)
            for kind in FaultKind.allCases where kind != .kill {
                #expect(some[kind] == all[kind])
            }
        }
    }

    @Test func `classes go by their names`() {
        #expect(FaultOptions.kinds(named: "kill,rot") == [.kill, .rot])
        #expect(FaultOptions.kinds(named: "none") == [])
        #expect(FaultOptions.kinds(named: "all") == FaultKind.allCases)
        for wrong in ["kill,nothing", "none,kill", "all,none", "", "kill,", ",kill", "kill,,rot"] {
            #expect(FaultOptions.kinds(named: wrong) == nil, "«\(wrong)»")
        }
    }
}
