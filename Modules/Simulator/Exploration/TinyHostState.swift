/// A state of one host of a ``TinyWorld``, and one of the ways to it.
struct TinyHostState: Sendable {
    /// Where its node started.
    let start: TinyHost.Start
    /// The number of the state before the last event; `nil` for a node that has just started.
    let before: Int?
    /// The last event.
    let event: TinyEvent?
    /// Time, in milliseconds.
    let milliseconds: Int
    /// The hosts that it does not reach, one bit each.
    let cut: UInt8
    /// The number of its disk as a power cut would leave it.
    let disk: Int
    /// Whether a commit would do anything.
    let hasUncommitted: Bool
}

/// What comes of an event at a host.
struct TinyStep: Sendable {
    /// The number of the state after it.
    let state: Int
    /// The frames that it sends, by their numbers.
    var sent: [(peer: Int, frame: Int)] = []
    /// The clients that have an answer, and its number.
    var replies: [(client: Int, response: Int)] = []
}
