/// A set of the writes of one key, by their numbers.
struct WriteSet: Equatable {
    private var words: [UInt64] = []

    init() {}

    init(_ write: Int) {
        insert(write)
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func contains(_ write: Int) -> Bool {
        write >> 6 < words.count && words[write >> 6] & (1 << UInt64(write & 63)) != 0
    }

    mutating func insert(_ write: Int) {
        while words.count <= write >> 6 {
            words.append(0)
        }
        words[write >> 6] |= 1 << UInt64(write & 63)
    }

    mutating func formUnion(_ other: WriteSet) {
        while words.count < other.words.count {
            words.append(0)
        }
        for index in other.words.indices {
            words[index] |= other.words[index]
        }
    }

    /// How many there are.
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The writes, in ascending order.
    var elements: [Int] {
        words.indices.flatMap { word in
            (0..<64).compactMap { words[word] & (1 << UInt64($0)) != 0 ? word << 6 + $0 : nil }
        }
    }
}
