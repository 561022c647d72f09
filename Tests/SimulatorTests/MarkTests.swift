import Simulator
import Testing

@Suite struct MarkTests {
    @Test func `each mark is told once, under its group, and the groups come in their order`() {
        let lines = Marks().description.split(separator: "\n").map(String.init)
        #expect(lines.filter { !$0.hasPrefix(" ") } == Mark.Group.allCases.map(\.rawValue))
        #expect(lines.filter { $0.hasPrefix(" ") } == Mark.allCases.map { "  \($0): 0" })
    }

    @Test func `a group ends before the first mark of the next`() {
        #expect(Mark.longPartition.group == .network && Mark.kill.group == .hosts)
        #expect(Mark.clockJump.group == .hosts && Mark.failedCommit.group == .disks)
        #expect(Mark.cleanStop.group == .disks && Mark.join.group == .topology)
        #expect(Mark.weight.group == .topology && Mark.written.group == .requests)
        #expect(Mark.linearizableRun.group == .requests && Mark.hedged.group == .nodes)
        let allowed: [Mark] = [.readGoneBack, .ownWriteUnread, .causeUnread, .earlierWriteUnread, .notLinearizable]
        #expect(Mark.allCases.filter { $0.group == .allowed } == allowed)
    }
}
