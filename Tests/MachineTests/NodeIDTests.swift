import Machine
import Testing

@Suite struct NodeIDTests {
    @Test func `the text is 32 lower-case hexadecimal digits, zeros in front included`() {
        #expect(NodeID.zero.description == "00000000000000000000000000000000")
        #expect(NodeID(high: 0x1, low: 0xabc).description == "00000000000000010000000000000abc")
        #expect(NodeID(high: .max, low: .max).description == "ffffffffffffffffffffffffffffffff")
    }

    @Test func `every identity comes back from its text`() {
        var generator = SeededGenerator(seed: 1)
        for shift in 0..<64 {
            let id = NodeID(high: generator.next() >> UInt64(shift), low: generator.next() >> UInt64(63 - shift))
            #expect(NodeID(id.description) == id, "seed 1, shift \(shift)")
            #expect(NodeID(id.description.uppercased()) == id, "seed 1, shift \(shift)")
        }
    }

    @Test(arguments: [
        "", "0", "0000000000000000000000000000000", "000000000000000000000000000000000",
        "0000000000000000000000000000000g", "+0000000000000000000000000000000", "-0000000000000000000000000000001",
        " 0000000000000000000000000000000", "0000000000000000+000000000000000", "0x000000000000000000000000000000",
        "000000000000000000000000000000é", "０000000000000000000000000000000",
    ])
    func `any other text is refused`(text: String) {
        #expect(NodeID(text) == nil)
    }

    @Test func `identities are ordered by their more significant half first`() {
        let ascending = [
            NodeID.zero, NodeID(high: 0, low: 1), NodeID(high: 0, low: .max), NodeID(high: 1, low: 0),
            NodeID(high: 1, low: 2), NodeID(high: .max, low: 0),
        ]
        for (left, first) in ascending.enumerated() {
            for (right, second) in ascending.enumerated() {
                #expect((first < second) == (left < right))
                #expect((first == second) == (left == right))
            }
        }
    }

    @Test func `the order of identities is the order of their texts and of their bytes`() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<500 {
            let left = NodeID(high: generator.below(3), low: generator.next())
            let right = NodeID(high: generator.below(3), low: generator.next())
            var (leftBytes, rightBytes) = (ByteBuffer(), ByteBuffer())
            leftBytes.writeNodeID(left)
            rightBytes.writeNodeID(right)
            #expect((left < right) == (left.description < right.description), "seed 2: \(left), \(right)")
            #expect(
                (left < right)
                    == leftBytes.readableBytesView.lexicographicallyPrecedes(rightBytes.readableBytesView),
                "seed 2: \(left), \(right)")
        }
    }

    @Test func `a fresh identity takes both words from the generator`() {
        var generator = SeededGenerator(seed: 3)
        var same = generator
        let id = NodeID(from: &generator)
        #expect(id == NodeID(high: same.next(), low: same.next()))
        #expect(NodeID(from: &generator) != id)
    }
}
