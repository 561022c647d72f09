public import Causality
public import Machine

/// A write that the object store can be asked for.
public enum StoreOperation: Sendable {
    /// A client's write, coordinated here: it gets its dot from this store.
    case coordinate(CoordinatedWrite)
    /// A copy from elsewhere, to be merged into the local one.
    case merge(token: UInt64, key: ByteBuffer, object: Object)
    /// A note that this owner has not got the local copy of the key.
    case hint(owner: NodeID, token: UInt64, key: ByteBuffer)
    /// The hint was delivered in the state that it had at this sequence; a newer one stays.
    case dropHint(owner: NodeID, token: UInt64, key: ByteBuffer, sequence: UInt64)
    /// The local copy may go, if it is still the one with this hash.
    case dropIfUnchanged(token: UInt64, hash: UInt64)
    /// The range was sent to its owner.
    case unmark(MarkedRange)
}

/// A client's write at its coordinator.
public struct CoordinatedWrite: Sendable {
    /// The key's token.
    public var token: UInt64
    /// The key.
    public var key: ByteBuffer
    /// The value, or a tombstone.
    public var content: Sibling.Content
    /// What the writer has seen.
    public var seeing: WriteContext
    /// What must hold of the local copy.
    public var precondition: Precondition
    /// When the value ends, in wall milliseconds since 1970; 0 for never.
    public var expiry: UInt64

    /// A write of these parts.
    public init(
        token: UInt64, key: ByteBuffer, content: Sibling.Content, seeing: WriteContext,
        precondition: Precondition = .none, expiry: UInt64 = 0
    ) {
        self.token = token
        self.key = key
        self.content = content
        self.seeing = seeing
        self.precondition = precondition
        self.expiry = expiry
    }
}

/// What became of an operation when it joined the batch; it is stored when the batch is.
public enum PreparedOperation: Equatable, Sendable {
    /// The coordinated write's dot, and the whole object to send to the other replicas.
    case coordinated(object: Object, dot: Dot)
    /// Part of the batch, or nothing to do since what is stored covers it already.
    case accepted
    /// There are too many hints: the whole range was marked instead.
    case marked(MarkedRange)
    /// Not done, and not going to be.
    case refused(StoreRefusal)
}

/// Why the store does not do an operation. Nothing of it was written.
public enum StoreRefusal: Error, Hashable, Sendable {
    /// The precondition does not hold.
    case preconditionFailed
    /// The write would bring the object over a limit.
    case overLimit(SiblingLimits.Refusal)
    /// Not now: no epoch is reserved, which the next batch tries again; or the node has not heard yet whether it has gone
    /// back in time; or more waits to be stored than may wait.
    case notNow
    /// The local copy could not be read, or what the write needs could not be made durable.
    case storage(StorageFailure)
}
