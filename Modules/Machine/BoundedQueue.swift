/// A first-in, first-out queue with a bound: what does not fit is refused, and the caller says `busy`.
///
/// A ring over one array. Append and pop take O(1), but for the few times that the array doubles on its way to
/// `capacity`; it never shrinks.
@frozen
public struct BoundedQueue<Element> {
    @usableFromInline var storage: [Element?] = []
    @usableFromInline var head = 0
    @usableFromInline var used = 0

    /// The most elements that the queue holds.
    public let capacity: Int

    /// An empty queue for at most `capacity` elements; memory is taken as it fills.
    @inlinable
    public init(capacity: Int) {
        precondition(capacity > 0, "a queue of \(capacity) places")
        self.capacity = capacity
    }

    /// The number of elements.
    @inlinable
    public var count: Int { used }

    /// Whether there is nothing in the queue.
    @inlinable
    public var isEmpty: Bool { used == 0 }

    /// Whether the queue takes nothing more.
    @inlinable
    public var isFull: Bool { used == capacity }

    /// The element that comes out next.
    @inlinable
    public var first: Element? { used == 0 ? nil : storage[head] }

    /// Puts an element behind the others; `false` where the queue is full.
    @inlinable
    @discardableResult
    public mutating func append(_ element: consuming Element) -> Bool {
        guard used < capacity else { return false }
        if used == storage.count {
            grow()
        }
        storage[place(used)] = element
        used += 1
        return true
    }

    /// Takes the oldest element out.
    @inlinable
    public mutating func popFirst() -> Element? {
        guard used > 0 else { return nil }
        let element = storage[head].take()
        head = place(1)
        used -= 1
        return element
    }

    /// Where the element `offset` behind the first stands; `offset` is at most `storage.count`, so no division.
    @inlinable
    func place(_ offset: Int) -> Int {
        let index = head + offset
        return index < storage.count ? index : index - storage.count
    }

    @inlinable
    mutating func grow() {
        let size = min(capacity, max(8, used * 2))
        var larger: [Element?] = []
        larger.reserveCapacity(size)
        for offset in 0..<used {
            larger.append(storage[place(offset)])
        }
        larger.append(contentsOf: repeatElement(nil, count: size - used))
        storage = larger
        head = 0
    }
}

extension BoundedQueue: Sendable where Element: Sendable {}
