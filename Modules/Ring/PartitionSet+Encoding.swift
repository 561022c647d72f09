public import Machine

// A header byte (the form in the top three bits, the base-2 logarithm of the capacity in the other five), then:
//   none, all   nothing
//   raw         capacity / 8 bytes, at least one; partition i is bit i mod 8 of byte i / 8
//   runs        the number of runs; for each the distance from the end of the run before it, and its length: varints
// The form is a function of the set: none or all where they fit, else runs where they are shorter than raw.

extension PartitionSet {
    private enum Form: UInt8 {
        case none, all, raw, runs
    }

    /// Writes the set in the one form that is its own; at most `capacity / 8 + 1` bytes.
    public func encode(into buffer: inout ByteBuffer) {
        let runs = self.runs
        let form = form(of: runs)
        buffer.writeInteger(form.rawValue << 5 | UInt8(capacity.trailingZeroBitCount))
        switch form {
        case .none, .all:
            break
        case .raw:
            switch capacity {
            case ...8: buffer.writeInteger(UInt8(truncatingIfNeeded: words[0]))
            case 16: buffer.writeInteger(UInt16(truncatingIfNeeded: words[0]), endianness: .little)
            case 32: buffer.writeInteger(UInt32(truncatingIfNeeded: words[0]), endianness: .little)
            default:
                for word in words {
                    buffer.writeInteger(word, endianness: .little)
                }
            }
        case .runs:
            buffer.writeVarint(UInt64(runs.count))
            var end = 0
            for run in runs {
                buffer.writeVarint(UInt64(run.lowerBound - end))
                buffer.writeVarint(UInt64(run.count))
                end = run.upperBound
            }
        }
    }

    /// Reads what ``encode(into:)`` wrote; refuses every other form of the same set.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let header = try buffer.decodeInteger(as: UInt8.self, "a set of partitions")
        let bits = Int(header & 31)
        guard let form = Form(rawValue: header >> 5), bits <= 16 else { throw .invalid("a set of partitions") }
        var set = PartitionSet.none(of: 1 << bits)
        switch form {
        case .none: break
        case .all: set = .all(of: 1 << bits)
        case .raw: try set.decodeRaw(from: &buffer)
        case .runs: try set.decodeRuns(from: &buffer)
        }
        guard set.form(of: set.runs) == form else { throw .invalid("the form of a set of partitions") }
        self = set
    }

    private mutating func decodeRaw(from buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard let bytes = buffer.readSlice(length: rawByteCount) else { throw .truncated("a set of partitions") }
        for (index, byte) in bytes.readableBytesView.enumerated() {
            words[index >> 3] |= UInt64(byte) << UInt64(8 * (index & 7))
        }
        guard capacity >= 8 || words[0] >> UInt64(capacity) == 0 else { throw .invalid("a set of partitions") }
    }

    private mutating func decodeRuns(from buffer: inout ByteBuffer) throws(DecodingFailure) {
        var end = 0
        for run in 0..<(try buffer.decodeCount(limit: (capacity + 1) / 2, "runs of partitions")) {
            let start = end + (try buffer.decodeCount(limit: capacity - end, "a gap between runs"))
            let length = try buffer.decodeCount(limit: capacity - start, "a run of partitions")
            guard length > 0, run == 0 || start > end else { throw .invalid("a run of partitions") }
            end = start + length
            insert(start..<end)
        }
    }

    /// The runs of neighbours in the set, in ascending order.
    private var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = next(from: 0, inSet: true)
        while start < capacity {
            let end = next(from: start, inSet: false)
            runs.append(start..<end)
            start = next(from: end, inSet: true)
        }
        return runs
    }

    private func form(of runs: [Range<Int>]) -> Form {
        guard let first = runs.first else { return .none }
        if first == 0..<capacity { return .all }
        var byteCount = ByteBuffer.varintByteCount(UInt64(runs.count))
        var end = 0
        for run in runs {
            byteCount += ByteBuffer.varintByteCount(UInt64(run.lowerBound - end))
            byteCount += ByteBuffer.varintByteCount(UInt64(run.count))
            end = run.upperBound
        }
        return byteCount < rawByteCount ? .runs : .raw
    }

    private var rawByteCount: Int { Swift.max(1, capacity / 8) }

    /// The first partition at `start` or after that is in the set, or is not; the capacity where there is none.
    private func next(from start: Int, inSet: Bool) -> Int {
        var position = start
        while position < capacity {
            let word = inSet ? words[position >> 6] : ~words[position >> 6]
            let rest = word >> UInt64(position & 63)
            if rest != 0 {
                return Swift.min(capacity, position + rest.trailingZeroBitCount)
            }
            position = (position | 63) + 1
        }
        return capacity
    }

    private mutating func insert(_ run: Range<Int>) {
        for position in run {
            words[position >> 6] |= 1 << UInt64(position & 63)
        }
    }
}
