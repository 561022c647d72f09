public import Machine
public import Ring

/// What a machine that sends data home asks of its shell.
public enum TransferEffect: Equatable, Sendable {
    /// List what the store has of a partition, from a token on, and report `scanned` or `failed`.
    case scan(PartitionID, from: UInt64, limit: Int, HandoffTicket)
    /// Read these from the store, as many from the first as fit into the bytes but at least one, and report `loaded` or
    /// `failed`.
    case load([OfferRequest.Entry], byteLimit: Int, HandoffTicket)
    /// Ask an owner, and report `answered` or `failed`.
    case send(HandoffRequest, to: NodeID, HandoffTicket)
    /// Compare memberships with a node that knows another ring.
    case synchronise(with: NodeID)
}

/// What the shell reports about a ``TransferEffect``.
public enum TransferEvent: Equatable, Sendable {
    /// What the store has, in the order of the tokens: all entries of a token or none. The next scan begins at `next`;
    /// `nil` where this was the end of the partition.
    case scanned(HandoffTicket, [OfferRequest.Entry], next: UInt64?)
    /// The first of what was to be loaded, in that order, and about how many bytes they are.
    case loaded(HandoffTicket, [LoadedEntry], byteCount: Int)
    /// An owner has answered.
    case answered(HandoffTicket, HandoffResponse)
    /// An owner could not be asked or the connection broke, or the store failed.
    case failed(HandoffTicket)
}

/// What the store has where an entry was to be loaded.
public enum LoadedEntry: Equatable, Sendable {
    /// The key and its object.
    case found(TransferEntry)
    /// Nothing: it has been dropped; or it was asked for by hash, has been written to, and shares its token with others.
    case gone
    /// Something that cannot be read.
    case unreadable
}

/// How a machine that sends data home paces itself.
public struct TransferConfiguration: Sendable {
    /// The most partitions, or hinted owners, to work on at a time.
    public var concurrency: Int
    /// The most keys to list and to offer at a time; at most ``HandoffLimits/offerEntries``.
    public var scanLimit: Int
    /// About how many bytes of entries to send at a time.
    public var batchBytes: Int
    /// How long to wait for an owner's answer.
    public var requestTimeout: Duration
    /// How long to leave alone what has failed.
    public var backoff: BackoffConfiguration
    /// The most bytes to send in each second; `nil` for no limit.
    public var bytesPerSecond: UInt64?

    /// The usual paces.
    public init(
        concurrency: Int = 4, scanLimit: Int = 1024, batchBytes: Int = HandoffLimits.batchBytes,
        requestTimeout: Duration = .seconds(10), backoff: BackoffConfiguration = BackoffConfiguration(),
        bytesPerSecond: UInt64? = nil
    ) {
        self.concurrency = max(1, concurrency)
        self.scanLimit = min(max(1, scanLimit), HandoffLimits.offerEntries)
        self.batchBytes = max(1, batchBytes)
        self.requestTimeout = requestTimeout
        self.backoff = backoff
        self.bytesPerSecond = bytesPerSecond
    }
}
