import Machine
import Ring
import Testing

@Suite struct PartitionSetTests {
    @Test("Every subset of up to eight partitions is what it was built from, and survives its encoding")
    func smallWorlds() throws {
        for capacity in [1, 2, 4, 8] {
            for bits in 0..<(1 << capacity) {
                var set = PartitionSet.none(of: capacity)
                let members = (0..<capacity).filter { bits >> $0 & 1 == 1 }.map { PartitionID(index: UInt32($0)) }
                for partition in members {
                    #expect(set.insert(partition) == true)
                    #expect(set.insert(partition) == false)
                }
                #expect(Array(set) == members && set.count == members.count)
                #expect(set.isEmpty == (bits == 0) && set.isFull == (members.count == capacity))
                var buffer = ByteBuffer()
                set.encode(into: &buffer)
                #expect(try PartitionSet(decoding: &buffer) == set && buffer.readableBytes == 0)
                for partition in members {
                    #expect(set.remove(partition) == true)
                    #expect(set.remove(partition) == false)
                }
                #expect(set == .none(of: capacity))
            }
        }
    }

    @Test("A partition beyond the capacity is in no set and changes none")
    func beyond() {
        var set = PartitionSet.all(of: 4)
        for index in [4, 63, 64, UInt32.max] {
            #expect(!set.contains(PartitionID(index: index)))
            #expect(set.insert(PartitionID(index: index)) == false)
            #expect(set.remove(PartitionID(index: index)) == false)
        }
        #expect(set == .all(of: 4))
    }

    @Test("The bytes are the golden ones, and each form is taken where it is the shortest")
    func goldenBytes() {
        func bytes(_ set: PartitionSet) -> [UInt8] {
            var buffer = ByteBuffer()
            set.encode(into: &buffer)
            return Array(buffer.readableBytesView)
        }
        func set(_ capacity: Int, _ partitions: some Sequence<Int>) -> PartitionSet {
            var set = PartitionSet.none(of: capacity)
            for partition in partitions {
                set.insert(PartitionID(index: UInt32(partition)))
            }
            return set
        }
        #expect(bytes(.none(of: 1024)) == [0x0a])
        #expect(bytes(.all(of: 1024)) == [0x2a])
        #expect(bytes(set(16, [0, 3, 9])) == [0x44, 0x09, 0x02])
        #expect(bytes(set(1024, Array(5..<300) + [1023])) == [0x6a, 2, 5, 0xa7, 2, 0xd3, 5, 1])
        #expect(bytes(set(65_536, stride(from: 0, to: 65_536, by: 2))).count == 1 + 8192)
    }

    @Test(
        "Damaged bytes give an error or a set, never a trap, and no set has two forms",
        arguments: 0..<20 as Range<UInt64>)
    func damage(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let capacity = 1 << Int(generator.below(11))
        let share = generator.below(9)
        var set = PartitionSet.none(of: capacity)
        for index in 0..<UInt32(capacity) where generator.chance(share, in: 8) {
            set.insert(PartitionID(index: index))
        }
        let survived = survivesDamage(set, seed: seed, encode: { value, bytes in value.encode(into: &bytes) }) {
            bytes throws(DecodingFailure) in
            try PartitionSet(decoding: &bytes)
        }
        #expect(survived, "seed \(seed)")
    }
}
