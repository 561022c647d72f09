import Machine
import Ring

/// Members for tests: identities from a seed, everything else plain unless told.
func makeMember(
    _ id: NodeID, zone: String = "", weight: UInt32 = 100, state: MemberState = .up, holdings: PartitionSet? = nil
) -> Member {
    Member(
        id: id, name: "node", host: "127.0.0.1", port: 7400, zone: zone, weight: weight, state: state,
        holdings: holdings ?? .none(of: 1))
}

func makeMembers(_ count: Int, zones: Int = 1, seed: UInt64) -> [Member] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { makeMember(NodeID(from: &generator), zone: "zone \($0 % zones)") }
}

func makeID(_ number: UInt64) -> NodeID { NodeID(high: 0, low: number) }

func makeConfiguration(_ partitions: Int, _ replicas: Int) throws -> RingConfiguration {
    struct Unknown: Error {}
    guard let configuration = RingConfiguration(partitions: partitions, replicas: replicas) else { throw Unknown() }
    return configuration
}

extension Ring {
    var fingerprints: [UInt64] { partitions.map { replicas(of: $0).fingerprint } }
    var firstCounts: [Int] {
        var counts = [Int](repeating: 0, count: members.count)
        for partition in partitions {
            counts[Int(replicas(of: partition)[0])] += 1
        }
        return counts
    }
}

/// Every truncation and many random mutations give a value or an error. A value encodes to the bytes that it was read
/// from: there is one form.
func survivesDamage<Value>(
    _ value: Value, seed: UInt64, encode: (Value, inout ByteBuffer) -> Void,
    decode: (inout ByteBuffer) throws(DecodingFailure) -> Value
) -> Bool {
    var whole = ByteBuffer()
    encode(value, &whole)
    for length in 0..<whole.readableBytes {
        guard var cut = whole.getSlice(at: whole.readerIndex, length: length) else { return false }
        if (try? decode(&cut)) != nil { return false }
    }
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<1000 {
        var damaged = whole
        for _ in 0...generator.below(3) {
            let place = Int(generator.below(UInt64(whole.readableBytes)))
            damaged.setInteger(UInt8(truncatingIfNeeded: generator.next()), at: place)
        }
        var rest = damaged
        guard let read = try? decode(&rest) else { continue }
        var again = ByteBuffer()
        encode(read, &again)
        if again.readableBytesView != damaged.readableBytesView.prefix(damaged.readableBytes - rest.readableBytes) {
            return false
        }
    }
    return true
}
