/// A set of events, one bit each.
package typealias EventSet = UInt64

/// What a run means, told without dots or vectors: a write is an event, which replaces the events that its writer had
/// seen, and a copy is the set of the events that have reached it.
package struct CausalHistory: Equatable, Sendable {
    /// The most events of a history.
    package static let capacity = 64

    /// For each event those that it replaces.
    package private(set) var replaced: [EventSet] = []

    /// A history in which nothing has happened.
    package init() {}

    /// The number of events.
    package var count: Int { replaced.count }

    /// Adds an event that replaces others, and returns the set of it alone.
    package mutating func append(replacing events: EventSet) -> EventSet {
        replaced.append(events)
        return 1 << (replaced.count - 1)
    }

    /// All events that are replaced by one of `known`.
    package func dead(_ known: EventSet) -> EventSet {
        var dead: EventSet = 0
        var rest = known
        while rest != 0 {
            dead |= replaced[rest.trailingZeroBitCount]
            rest &= rest - 1
        }
        return dead
    }

    /// What there is to read in a copy.
    package func live(_ known: EventSet) -> EventSet { known & ~dead(known) }

    /// What a client has seen that reads a copy: also what it was only told to be replaced.
    package func seen(_ known: EventSet) -> EventSet { known | dead(known) }
}
