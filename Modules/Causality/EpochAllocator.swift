public import Machine

/// Hands out a node's epochs, none of them twice in the life of its data directory.
///
/// Epochs come out of a block whose end is on disk before the first of it is used. A restart goes on behind that end, so
/// it skips whatever the run before may have used, whether it stopped cleanly or not. The allocator itself touches no
/// disk: it says which bound to persist, and is told when that is done.
///
/// Epochs begin at 1, so that 0 can stand for none. They are 64 bits: blocks are never worth saving.
public struct EpochAllocator: Sendable {
    /// The number of epochs in a block. Half of it is the time that the shell has to persist the next bound.
    public let blockSize: UInt64
    /// Every epoch that an earlier run may have used is below this one: the floor after an unclean stop.
    public let firstOfThisRun: UInt64
    /// The durable end of what may be handed out.
    public private(set) var bound: UInt64

    private var next: UInt64
    private var isReserving = false

    /// An allocator that goes on at the bound that was last persisted, 1 in a new data directory. It hands out nothing
    /// before its first reservation is durable.
    public init(resumingAt bound: UInt64 = 1, blockSize: UInt64 = 1 << 20) {
        precondition(blockSize > 0, "a block of no epochs")
        self.blockSize = blockSize
        firstOfThisRun = max(1, bound)
        self.bound = firstOfThisRun
        next = firstOfThisRun
    }

    /// The number of epochs that can be handed out now.
    public var available: UInt64 { bound - next }

    /// An epoch that was never used before, or `nil` while none is reserved: then the store that wants it is `busy`.
    public mutating func allocate() -> UInt64? {
        guard next < bound else { return nil }
        defer { next += 1 }
        return next
    }

    /// An epoch that was never used before, and that `incoming` does not claim to know either: a forged context may name
    /// epochs that are still to come. O(m log m) at worst in the size of `incoming`.
    public mutating func allocate(of node: NodeID, unknownTo incoming: CausalContext) -> UInt64? {
        while let epoch = allocate() {
            if incoming.highestCounter(of: ActorID(node: node, epoch: epoch)) == 0 {
                return epoch
            }
        }
        return nil
    }

    /// The bound to persist now: where half of the block is used and no reservation is under way, else `nil`.
    public mutating func reservation() -> UInt64? {
        guard !isReserving, available <= blockSize / 2 else { return nil }
        let (end, overflow) = bound.addingReportingOverflow(blockSize)
        guard !overflow else { return nil }
        isReserving = true
        return end
    }

    /// The bound of a ``reservation()`` is on disk: epochs up to it may be used.
    public mutating func reserved(upTo bound: UInt64) {
        self.bound = max(self.bound, bound)
        isReserving = false
    }

    /// The bound of a ``reservation()`` may not be on disk. The next one asks for the same again, which is harmless if it
    /// is.
    public mutating func reservationFailed() {
        isReserving = false
    }
}
