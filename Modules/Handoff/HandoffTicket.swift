/// Names one wish of a machine, so that the answer finds its place; an answer that comes late finds none.
public struct HandoffTicket: Hashable, Sendable {
    /// The number; each is given once by a machine.
    public let rawValue: UInt64

    /// The ticket with this number.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// Where a machine's tickets come from.
struct TicketSource: Sendable {
    private var last: UInt64 = 0

    mutating func next() -> HandoffTicket {
        last += 1
        return HandoffTicket(rawValue: last)
    }
}
