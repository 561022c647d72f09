extension Object {
    /// Whether there is no value to read at a wall time in milliseconds since 1970.
    ///
    /// An object whose siblings are all tombstones or expired is itself a tombstone. Expiry is a function of the object
    /// and the time alone: the context and the hash do not change by it.
    public func isDeleted(at wall: UInt64) -> Bool {
        !siblings.contains { $0.isLive(at: wall) }
    }

    /// The values to read at a wall time in milliseconds since 1970, sorted by dot. A tombstone does not hide the values
    /// that were written concurrently with it.
    public func liveSiblings(at wall: UInt64) -> [Sibling] {
        siblings.allSatisfy { $0.isLive(at: wall) } ? siblings : siblings.filter { $0.isLive(at: wall) }
    }

    /// The value of the last write, for who wants one value, or `nil` where that write is a tombstone or has expired at
    /// a wall time in milliseconds since 1970.
    ///
    /// The last is the one with the greatest timestamp, and of equal ones with the greatest dot. Unlike in
    /// ``liveSiblings(at:)`` a later delete beats an earlier value, and so does a later value that has expired since:
    /// what a write ended does not come back when the write itself ends.
    public func latest(at wall: UInt64) -> Sibling? {
        guard var last = siblings.indices.first else { return nil }
        for index in siblings.indices.dropFirst() where siblings[last].timestamp <= siblings[index].timestamp {
            last = index
        }
        return siblings[last].isLive(at: wall) ? siblings[last] : nil
    }
}
