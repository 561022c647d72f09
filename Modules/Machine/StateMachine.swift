/// A protocol of the store as a pure machine: it is told what happened, and says what it wants.
///
/// The contract between a machine and its shell:
/// - everything that happens is an `Event`, everything the machine wants is an `Effect`;
/// - `receive` never throws, never suspends, and never looks at a clock, a file or a global source of randomness;
/// - the shell carries out the effects in order before it hands over the next event;
/// - the shell keeps one timer for each machine, at ``nextDeadline``, and calls ``expire(at:into:)`` when it is due;
/// - `now` never goes back between two calls.
///
/// The same events at the same instants give the same effects, in the same order, in every process: this is what lets a
/// simulator replay a run from its seed.
public protocol StateMachine: ~Copyable {
    /// A fact that the shell reports.
    associatedtype Event
    /// A wish that the shell carries out.
    associatedtype Effect

    /// Takes one event.
    mutating func receive(_ event: consuming Event, at now: Instant, into effects: inout Effects<Effect>)

    /// Acts on everything that was due at `now` or before.
    mutating func expire(at now: Instant, into effects: inout Effects<Effect>)

    /// When the machine next wants ``expire(at:into:)``, or `nil` while it waits for events only.
    var nextDeadline: Instant? { get }
}
