/// The deadlines of many pieces of work, each named by a small number (its place in a ``SlotTable``, say): a binary
/// heap that knows where each one stands.
///
/// Set, change and remove take O(log n), the earliest O(1). Deadlines that are equal come out in the order of their
/// names, so that a run can be replayed. Names are places in a table, not arbitrary numbers: the largest that was ever
/// set costs eight bytes for itself and each name below it.
public struct DeadlineQueue: Sendable {
    private struct Entry {
        var deadline: Instant
        let name: UInt32

        static func < (left: Entry, right: Entry) -> Bool {
            left.deadline != right.deadline ? left.deadline < right.deadline : left.name < right.name
        }
    }

    private static let absent = -1

    private var heap: [Entry] = []
    /// Where each name stands in the heap, or ``absent``.
    private var positions: [Int] = []

    /// A queue with no deadline in it.
    public init() {}

    /// The earliest deadline.
    public var earliest: Instant? { heap.first?.deadline }

    /// The number of deadlines.
    public var count: Int { heap.count }

    /// The deadline of `name`, if it has one.
    public func deadline(of name: UInt32) -> Instant? {
        let index = Int(name)
        guard index < positions.count, positions[index] != Self.absent else { return nil }
        return heap[positions[index]].deadline
    }

    /// Gives `name` a deadline, in place of the one that it had.
    public mutating func set(_ deadline: Instant, for name: UInt32) {
        let index = Int(name)
        while positions.count <= index {
            positions.append(Self.absent)
        }
        let position = positions[index]
        if position == Self.absent {
            heap.append(Entry(deadline: deadline, name: name))
            positions[index] = heap.count - 1
            rise(from: heap.count - 1)
        } else {
            heap[position].deadline = deadline
            rise(from: position)
            sink(from: positions[index])
        }
    }

    /// Takes the deadline of `name` away, if it has one.
    public mutating func remove(_ name: UInt32) {
        let index = Int(name)
        guard index < positions.count, positions[index] != Self.absent else { return }
        removeEntry(at: positions[index])
    }

    /// Takes out and names the earliest deadline that is at `now` or before, or returns `nil`.
    public mutating func popExpired(at now: Instant) -> UInt32? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        removeEntry(at: 0)
        return first.name
    }

    private mutating func removeEntry(at position: Int) {
        positions[Int(heap[position].name)] = Self.absent
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[Int(last.name)] = position
        rise(from: position)
        sink(from: positions[Int(last.name)])
    }

    private mutating func rise(from start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard heap[position] < heap[parent] else { return }
            exchange(position, parent)
            position = parent
        }
    }

    private mutating func sink(from start: Int) {
        var position = start
        while true {
            let left = 2 * position + 1
            guard left < heap.count else { return }
            let right = left + 1
            let least = right < heap.count && heap[right] < heap[left] ? right : left
            guard heap[least] < heap[position] else { return }
            exchange(position, least)
            position = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        positions[Int(heap[left].name)] = left
        positions[Int(heap[right].name)] = right
    }
}
