import Machine

/// The incarnations that may be used: what is on disk is some steps ahead of what is in use, so that no incarnation is
/// ever used twice, and few of them wait for the disk.
struct IncarnationReserve {
    /// How far ahead a reservation goes.
    static let step: UInt64 = 16

    /// Up to here is on disk.
    private(set) var ceiling: UInt64
    /// Up to here is on disk or on its way there.
    private var asked: UInt64
    /// The incarnation that waits for the disk.
    private(set) var wanted: UInt64?

    init(restored: UInt64) {
        ceiling = restored
        asked = restored
    }

    /// Wants an incarnation above `floor`; says what must be written first, if anything.
    ///
    /// Nothing is wanted where the floor leaves no room: a peer may claim any number.
    mutating func want(above floor: UInt64) -> UInt64? {
        let value = max(floor + 1, wanted ?? 0)
        guard value <= GossipMember.incarnationLimit else { return nil }
        wanted = value
        guard value > asked else { return nil }
        asked = min(GossipMember.incarnationLimit, value + Self.step - 1)
        return asked
    }

    mutating func persisted(_ value: UInt64) {
        ceiling = max(ceiling, min(value, asked))
    }

    /// The wanted incarnation, once it may be used.
    mutating func takeReady() -> UInt64? {
        guard let value = wanted, value <= ceiling else { return nil }
        wanted = nil
        return value
    }
}
