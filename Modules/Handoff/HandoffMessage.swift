public import Causality
public import Machine
public import Ring

/// A key and its whole object, on its way between two nodes.
public struct TransferEntry: Equatable, Sendable {
    /// The key.
    public var key: ByteBuffer
    /// Its object, context and tombstones included.
    public var object: Object

    /// An entry of a batch.
    public init(key: ByteBuffer, object: Object) {
        self.key = key
        self.object = object
    }
}

/// What one node asks of another about whole partitions.
public enum HandoffRequest: Equatable, Sendable {
    /// I am to own these: give me your copies, in the order of their tokens.
    case pull(PullRequest)
    /// I have these and do not own them: which of them do you, their owner, lack?
    case offer(OfferRequest)
    /// Merge these into your copies; answer when all are on disk.
    case deliver(entries: [TransferEntry], epoch: RingEpoch)
}

/// A request for the next batch of some partitions.
///
/// The cursor is a token, so a pull that breaks off goes on where it was, from this holder or at a later time.
public struct PullRequest: Hashable, Sendable {
    /// The partitions that the sender wants from this holder.
    public var partitions: PartitionSet
    /// Nothing below this token: what came before has been merged.
    public var from: UInt64
    /// About how many bytes of entries to answer with; the holder has a limit of its own.
    public var byteLimit: Int
    /// The sender's ring.
    public var epoch: RingEpoch

    /// A request for what follows `from`.
    public init(partitions: PartitionSet, from: UInt64, byteLimit: Int, epoch: RingEpoch) {
        self.partitions = partitions
        self.from = from
        self.byteLimit = byteLimit
        self.epoch = epoch
    }
}

/// What a node that does not own a partition has of it, in tokens and hashes: 16 bytes for each key.
public struct OfferRequest: Hashable, Sendable {
    /// One key, by its token and the hash of its key, context and live dots.
    public struct Entry: Hashable, Sendable {
        /// The key's token.
        public var token: UInt64
        /// The hash of key, context and live dots.
        public var hash: UInt64

        /// An entry of an offer.
        public init(token: UInt64, hash: UInt64) {
            self.token = token
            self.hash = hash
        }
    }

    /// The partition.
    public var partition: PartitionID
    /// At most ``HandoffLimits/offerEntries`` keys.
    public var entries: [Entry]
    /// The sender's ring.
    public var epoch: RingEpoch

    /// An offer.
    public init(partition: PartitionID, entries: [Entry], epoch: RingEpoch) {
        self.partition = partition
        self.entries = entries
        self.epoch = epoch
    }
}

/// The answer to a ``HandoffRequest``.
public enum HandoffResponse: Equatable, Sendable {
    /// The next batch of a pull.
    case pulled(PulledBatch)
    /// The places in the offer of what the answering owner lacks; it has all the others, in exactly that state, on disk.
    case wanted([Int])
    /// Everything delivered is on disk here, merged into copies that cover it, at an owner.
    case delivered
    /// We disagree about a partition, and this is my ring: let us compare memberships, then ask again.
    case wrongEpoch(RingEpoch)
    /// Too much work: later.
    case busy
    /// Storage failed.
    case failed
}

/// One batch of a pull.
public struct PulledBatch: Equatable, Sendable {
    /// Keys in the order of their tokens; all keys of a token, or none.
    public var entries: [TransferEntry]
    /// Where the next batch begins, or `nil` when this was the last.
    public var next: UInt64?
    /// Partitions that the sender does not hold, or of which it does not know the puller as an owner: not covered by this
    /// pull.
    public var refused: PartitionSet
    /// About how many bytes of the wanted partitions are left behind this batch, for progress and ETA.
    public var bytesLeft: UInt64

    /// A batch.
    public init(entries: [TransferEntry], next: UInt64?, refused: PartitionSet, bytesLeft: UInt64) {
        self.entries = entries
        self.next = next
        self.refused = refused
        self.bytesLeft = bytesLeft
    }
}

/// Limits of the messages between nodes about whole partitions.
public enum HandoffLimits {
    /// The most keys in one offer.
    public static let offerEntries = 4096
    /// The most keys in one batch.
    public static let batchEntries = 4096
    /// About how many bytes of entries a batch has; one entry may be larger than that and then travels alone.
    public static let batchBytes = 1 << 18
}
