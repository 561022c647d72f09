import Machine

/// Pieces of work of one kind with a time for each at which it wants to be looked at again.
struct WorkTable<Work> {
    private var slots: SlotTable<Work>
    private var alarms = DeadlineQueue()

    init(capacity: Int) {
        slots = SlotTable(capacity: min(capacity, CallID.slotLimit))
    }

    var count: Int { slots.count }
    var nextAlarm: Instant? { alarms.earliest }
    var ids: [SlotID] { slots.ids }

    mutating func insert(_ work: consuming Work, alarm: Instant?) -> SlotID? {
        guard let slot = slots.insert(work) else { return nil }
        if let alarm {
            alarms.set(alarm, for: slot.index)
        }
        return slot
    }

    subscript(slot: SlotID) -> Work? { slots[slot] }

    /// Changes a piece of work, or returns `nil` where it has gone.
    @discardableResult
    mutating func change<Result>(_ slot: SlotID, _ body: (inout Work) -> Result) -> Result? {
        slots.change(slot, body)
    }

    mutating func setAlarm(_ alarm: Instant, of slot: SlotID) {
        alarms.set(alarm, for: slot.index)
    }

    @discardableResult
    mutating func remove(_ slot: SlotID) -> Work? {
        guard let work = slots.remove(slot) else { return nil }
        alarms.remove(slot.index)
        return work
    }

    /// The next piece of work whose time has come.
    mutating func popAlarm(at now: Instant) -> SlotID? {
        guard let index = alarms.popExpired(at: now) else { return nil }
        return slots.id(at: index)
    }
}
