/// Everything that is going to happen, in the order of time, and of equal times in the order in which it was scheduled.
///
/// A flat binary heap of small entries; the events themselves lie still in a table of slots. O(log n) to schedule and to
/// take. An event that no longer counts is not searched for: whoever takes it finds it obsolete by a generation of its own.
struct Schedule<Event> {
    private struct Entry {
        var time: Int64
        var sequence: UInt64
        var slot: Int32
    }

    private var heap: [Entry] = []
    private var slots: [Event?] = []
    private var free: [Int32] = []
    private var nextSequence: UInt64 = 0

    /// The number of events that wait.
    var count: Int { heap.count }

    /// When the next event is due, in nanoseconds.
    var nextTime: Int64? { heap.first?.time }

    /// Lets an event happen at a time, behind those that were scheduled for the same time before.
    mutating func insert(_ event: consuming Event, at time: Int64) {
        let slot: Int32
        if let unused = free.popLast() {
            slot = unused
            slots[Int(unused)] = event
        } else {
            slot = Int32(slots.count)
            slots.append(event)
        }
        let entry = Entry(time: time, sequence: nextSequence, slot: slot)
        nextSequence += 1
        heap.append(entry)
        rise(entry, from: heap.count - 1)
    }

    /// Takes the next event, if it is due by `end`.
    mutating func popFirst(until end: Int64) -> (time: Int64, event: Event)? {
        guard let first = heap.first, first.time <= end, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            sink(last)
        }
        let index = Int(first.slot)
        guard let event = slots[index].take() else { return nil }
        free.append(first.slot)
        return (first.time, event)
    }

    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        left.time != right.time ? left.time < right.time : left.sequence < right.sequence
    }

    private mutating func rise(_ entry: Entry, from start: Int) {
        heap.withUnsafeMutableBufferPointer { heap in
            var child = start
            while child > 0 {
                let parent = (child - 1) / 2
                guard Self.isBefore(entry, heap[parent]) else { break }
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = entry
        }
    }

    /// Puts an entry where it belongs below the root, whose place is free.
    private mutating func sink(_ entry: Entry) {
        heap.withUnsafeMutableBufferPointer { heap in
            var parent = 0
            while true {
                var least = 2 * parent + 1
                guard least < heap.count else { break }
                if least + 1 < heap.count, Self.isBefore(heap[least + 1], heap[least]) {
                    least += 1
                }
                guard Self.isBefore(heap[least], entry) else { break }
                heap[parent] = heap[least]
                parent = least
            }
            heap[parent] = entry
        }
    }
}
