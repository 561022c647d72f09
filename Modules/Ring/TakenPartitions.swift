/// The partitions that a member has taken, the one for which it bid the most on top: a heap.
struct TakenPartitions: Sendable {
    private let capacity: Int
    private var heap: [(cost: UInt64, partition: Int)] = []

    init(capacity: Int) {
        self.capacity = capacity
        heap.reserveCapacity(capacity + 1)
    }

    var count: Int { heap.count }

    /// Takes one more; gives back the worst where that is one too many.
    mutating func insert(cost: UInt64, partition: Int) -> (cost: UInt64, partition: Int)? {
        heap.append((cost, partition))
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2] < heap[child] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        guard heap.count > capacity else { return nil }
        heap.swapAt(0, heap.count - 1)
        let worst = heap.removeLast()
        var parent = 0
        while true {
            var larger = 2 * parent + 1
            guard larger < heap.count else { return worst }
            if larger + 1 < heap.count, heap[larger] < heap[larger + 1] {
                larger += 1
            }
            guard heap[parent] < heap[larger] else { return worst }
            heap.swapAt(parent, larger)
            parent = larger
        }
    }
}
