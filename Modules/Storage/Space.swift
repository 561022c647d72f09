/// One of the engine's key spaces, each with an index of its own: equal keys in two spaces are two records.
public enum Space: UInt8, CaseIterable, Sendable {
    /// What clients store.
    case objects = 0
    /// Writes kept for owners that could not be reached.
    case hints = 1
    /// The node's own few records.
    case meta = 2
}
