import Coordinator
import Testing

@Suite struct QuorumSizeTests {
    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (16, 9)])
    func `a quorum is a majority of the owners`(owners: Int, majority: Int) {
        #expect(QuorumSize.quorum.resolved(owners: owners) == majority)
        #expect(QuorumSize.all.resolved(owners: owners) == max(owners, 1))
        #expect(QuorumSize.one.resolved(owners: owners) == 1)
        #expect(QuorumSize.count(7).resolved(owners: owners) == 7, "a number is not lowered to what there is")
    }

    @Test func `every size has one text, and no other text is a size`() {
        for size in [.quorum, .all, .one] + (1...QuorumSize.limit).map({ QuorumSize.count($0) }) {
            #expect(QuorumSize(size.description) == size)
        }
        for text in ["", "0", "-1", "17", "1.5", "Quorum", "two", "99999999999999999999"] {
            #expect(QuorumSize(text) == nil, "\(text)")
        }
    }
}
