/// Names one use of one place in a ``SlotTable``.
///
/// A place is reused with a new generation, so a reply that comes late names a slot that is no longer there. Generations
/// wrap after 2³² uses of one place: a name is good for as long as its request's deadline, not for ever.
@frozen
public struct SlotID: Hashable, Sendable {
    /// The place in the table.
    public let index: UInt32
    /// Which use of the place.
    public let generation: UInt32

    /// The slot at `index` in its `generation`th use.
    @inlinable
    public init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// The slot as one word, to travel in a message.
    @inlinable
    public init(rawValue: UInt64) {
        self.init(index: UInt32(truncatingIfNeeded: rawValue), generation: UInt32(truncatingIfNeeded: rawValue >> 32))
    }

    /// The slot as one word.
    @inlinable
    public var rawValue: UInt64 { UInt64(generation) << 32 | UInt64(index) }
}

/// A bounded table of work in flight: O(1) insert, find and remove, no hashing, and late names are not found.
@frozen
public struct SlotTable<Element> {
    @usableFromInline
    struct Slot {
        @usableFromInline var generation: UInt32
        @usableFromInline var element: Element?

        @usableFromInline
        init(generation: UInt32, element: Element?) {
            self.generation = generation
            self.element = element
        }
    }

    @usableFromInline var slots: [Slot] = []
    @usableFromInline var free: [UInt32] = []

    /// The most elements that the table holds at a time.
    public let capacity: Int

    /// An empty table for at most `capacity` elements; memory is taken as it fills.
    @inlinable
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity < Int(UInt32.max), "a slot table of \(capacity) places")
        self.capacity = capacity
    }

    /// The number of elements.
    @inlinable
    public var count: Int { slots.count - free.count }

    /// Whether the table takes nothing more.
    @inlinable
    public var isFull: Bool { count == capacity }

    /// Puts an element in a free place, or returns `nil` where the table is full.
    @inlinable
    public mutating func insert(_ element: consuming Element) -> SlotID? {
        if let index = free.popLast() {
            slots[Int(index)].element = element
            return SlotID(index: index, generation: slots[Int(index)].generation)
        }
        guard slots.count < capacity else { return nil }
        slots.append(Slot(generation: 1, element: element))
        return SlotID(index: UInt32(slots.count - 1), generation: 1)
    }

    /// Whether the slot is in use, in that generation.
    @inlinable
    public func contains(_ id: SlotID) -> Bool {
        Int(id.index) < slots.count && slots[Int(id.index)].generation == id.generation
            && slots[Int(id.index)].element != nil
    }

    /// The element in that slot, or `nil` where it has gone. Setting `nil` removes; setting a slot that has gone does
    /// nothing.
    @inlinable
    public subscript(id: SlotID) -> Element? {
        get {
            guard Int(id.index) < slots.count, slots[Int(id.index)].generation == id.generation else { return nil }
            return slots[Int(id.index)].element
        }
        _modify {
            guard contains(id) else {
                var nothing: Element?
                yield &nothing
                return
            }
            let index = Int(id.index)
            // Deferred, so that a place is freed also where the caller clears it and then throws.
            defer {
                if slots[index].element == nil {
                    release(index)
                }
            }
            yield &slots[index].element
        }
    }

    /// Changes the element in that slot, or returns `nil` where it has gone. To set through the subscript takes a frame on the
    /// heap, and room for an element.
    @inlinable
    @discardableResult
    public mutating func change<Result>(_ id: SlotID, _ body: (inout Element) -> Result) -> Result? {
        guard Int(id.index) < slots.count, slots[Int(id.index)].generation == id.generation,
            var element = slots[Int(id.index)].element.take()
        else { return nil }
        let result = body(&element)
        slots[Int(id.index)].element = consume element
        return result
    }

    /// Takes the element out, or returns `nil` where it has gone.
    @inlinable
    @discardableResult
    public mutating func remove(_ id: SlotID) -> Element? {
        guard contains(id) else { return nil }
        let index = Int(id.index)
        let element = slots[index].element.take()
        release(index)
        return element
    }

    /// The name of what is at a place now, or `nil` where that is free.
    @inlinable
    public func id(at index: UInt32) -> SlotID? {
        guard Int(index) < slots.count, slots[Int(index)].element != nil else { return nil }
        return SlotID(index: index, generation: slots[Int(index)].generation)
    }

    /// The slots in use, in the order of their places: O(capacity), for what happens seldom.
    @inlinable
    public var ids: [SlotID] {
        slots.indices.compactMap { index in
            slots[index].element == nil
                ? nil : SlotID(index: UInt32(index), generation: slots[index].generation)
        }
    }

    @inlinable
    mutating func release(_ index: Int) {
        slots[index].generation &+= 1
        free.append(UInt32(index))
    }
}

extension SlotTable: Sendable where Element: Sendable {}

extension SlotTable.Slot: Sendable where Element: Sendable {}
