/// A first-in, first-out queue with a bound: what does not fit is refused, and the caller says `busy`.
@frozen
public struct BoundedQueue<Element> {
    @usableFromInline var storage: [Element?]
    @usableFromInline var head = 0

    /// The number of elements.
    public private(set) var count = 0
    /// The most elements that the queue holds.
    public let capacity: Int

    /// An empty queue for at most `capacity` elements; memory is taken as it fills.
    public init(capacity: Int) {
        precondition(capacity > 0, "a queue of \(capacity) places")
        self.capacity = capacity
        storage = []
    }

    /// Whether there is nothing in the queue.
    public var isEmpty: Bool { count == 0 }

    /// The element that comes out next.
    public var first: Element? { count == 0 ? nil : storage[head] }

    /// Puts an element behind the others; `false` where the queue is full.
    @discardableResult
    public mutating func append(_ element: consuming Element) -> Bool {
        guard count < capacity else { return false }
        if count == storage.count {
            grow()
        }
        storage[(head + count) % storage.count] = element
        count += 1
        return true
    }

    /// Takes the oldest element out.
    public mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = storage[head]
        storage[head] = nil
        head = (head + 1) % storage.count
        count -= 1
        return element
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(min(capacity, max(8, storage.count * 2)))
        for offset in 0..<count {
            larger.append(storage[(head + offset) % storage.count])
        }
        while larger.count < min(capacity, max(8, count * 2)) {
            larger.append(nil)
        }
        storage = larger
        head = 0
    }
}
