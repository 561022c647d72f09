import Machine
import Testing

@Suite struct SlotTableTests {
    private func insert<Element>(_ element: Element, into table: inout SlotTable<Element>) throws -> SlotID {
        let id = table.insert(element)
        return try #require(id)
    }

    @Test func `a slot is found until it is removed, and not after its place is used again`() throws {
        var table = SlotTable<String>(capacity: 2)
        let first = try insert("first", into: &table)
        #expect(table[first] == "first")
        #expect(table.remove(first) == "first")
        #expect(table[first] == nil)
        #expect(table.remove(first) == nil)
        let second = try insert("second", into: &table)
        #expect(second.index == first.index && second.generation != first.generation)
        #expect(!table.contains(first))
        #expect(table[first] == nil)
        table[first] = "a late reply"
        #expect(table.remove(first) == nil)
        #expect(table[second] == "second")
    }

    @Test func `a full table refuses and a removal makes room`() throws {
        var table = SlotTable<Int>(capacity: 3)
        let ids = try (0..<3).map { try insert($0, into: &table) }
        #expect(table.isFull)
        #expect(table.insert(3) == nil)
        table.remove(ids[1])
        #expect(!table.isFull)
        #expect(table.insert(4)?.index == ids[1].index)
        #expect(table.insert(5) == nil)
    }

    @Test func `names that were never given are not found`() {
        var table = SlotTable<Int>(capacity: 4)
        _ = table.insert(7)
        for raw: UInt64 in [0, 1, 2 << 32, .max, 0xffff_ffff, 0x1_ffff_ffff] {
            let id = SlotID(rawValue: raw)
            #expect(!table.contains(id))
            #expect(table[id] == nil)
            #expect(table.remove(id) == nil)
            table[id] = 8
        }
        #expect(table.count == 1)
    }

    @Test func `setting nothing removes`() throws {
        var table = SlotTable<Int>(capacity: 1)
        let id = try insert(1, into: &table)
        table[id]? += 1
        #expect(table[id] == 2)
        table[id] = nil
        #expect(table.count == 0)
        #expect(!table.contains(id))
        #expect(table.insert(3) != nil)
    }

    @Test func `a place is freed where its element is cleared by a call that throws`() throws {
        struct Refused: Error {}
        func clear(_ element: inout Int?) throws(Refused) {
            element = nil
            throw Refused()
        }
        var table = SlotTable<Int>(capacity: 1)
        let id = try insert(1, into: &table)
        #expect(throws: Refused.self) { try clear(&table[id]) }
        #expect(table.count == 0)
        #expect(table.insert(2) != nil)
    }

    @Test func `a slot travels as one word`() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<100 {
            let word = generator.next()
            #expect(SlotID(rawValue: word).rawValue == word)
        }
        #expect(SlotID(index: 1, generation: 2).rawValue == 0x2_0000_0001)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random operations do what a dictionary does`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let capacity = Int(generator.below(40)) + 1
        var table = SlotTable<UInt64>(capacity: capacity)
        var oracle: [SlotID: UInt64] = [:]
        var given: [SlotID] = []
        for step in 0..<1000 {
            switch generator.below(5) {
            case 0, 1:
                let value = generator.next()
                let id = table.insert(value)
                #expect((id == nil) == (oracle.count == capacity), "seed \(seed), step \(step)")
                if let id {
                    #expect(oracle[id] == nil, "seed \(seed), step \(step): \(id) is in use")
                    oracle[id] = value
                    given.append(id)
                }
            case 2 where !given.isEmpty:
                let id = given[Int(generator.below(UInt64(given.count)))]
                #expect(table.remove(id) == oracle.removeValue(forKey: id), "seed \(seed), step \(step)")
            case 3 where !given.isEmpty:
                let id = given[Int(generator.below(UInt64(given.count)))]
                table[id]? &+= 1
                oracle[id]? &+= 1
            case 4 where !given.isEmpty:
                let id = given[Int(generator.below(UInt64(given.count)))]
                let value = generator.chance(1, in: 2) ? generator.next() : nil
                table[id] = value
                if oracle[id] != nil {
                    oracle[id] = value
                }
            default:
                break
            }
            #expect(table.count == oracle.count, "seed \(seed), step \(step)")
            if step % 50 == 0 {
                #expect(table.ids == oracle.keys.sorted { $0.index < $1.index }, "seed \(seed), step \(step)")
                for id in given {
                    #expect(table[id] == oracle[id], "seed \(seed), step \(step)")
                    #expect(table.contains(id) == (oracle[id] != nil), "seed \(seed), step \(step)")
                }
            }
        }
        #expect(Set(given).count == given.count, "seed \(seed): a name was given twice")
    }

    @Test func `a change reaches what is there, and nothing that has gone`() {
        var table = SlotTable<[Int]>(capacity: 1)
        guard let slot = table.insert([1]) else {
            Issue.record("no place in an empty table")
            return
        }
        let count = table.change(slot) { numbers in
            numbers.append(2)
            return numbers.count
        }
        #expect(count == 2)
        #expect(table[slot] == [1, 2])
        table.remove(slot)
        let gone = table.change(slot) { $0.count }
        #expect(gone == nil)
        let other = table.insert([3])
        let late = table.change(slot) { $0.count }
        #expect(other != nil && late == nil, "a late name changes what came after it")
    }
}
