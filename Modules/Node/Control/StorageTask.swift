public import Handoff
public import Machine
public import Ring
import Storage

/// Work on the store for whole partitions: done off the request path, each in one go.
public enum StorageTask: Sendable {
    /// The next batch of a pull; the partitions have been checked.
    case pull(PullRequest, refused: PartitionSet)
    /// Which of these entries are not here in exactly that state.
    case compare(OfferRequest)
    /// Merge these, and answer when they are on disk.
    case merge([TransferEntry])
    /// Tokens and hashes of a partition from a token on.
    case scan(PartitionID, from: UInt64, limit: Int)
    /// The objects of these entries.
    case loadEntries([OfferRequest.Entry], byteLimit: Int)
    /// The hints for an owner.
    case scanHints(NodeID, after: HintCursor?, limit: Int)
    /// The objects that these hints are about.
    case loadHinted([HintEntry], byteLimit: Int)
    /// Take hints away that are unchanged.
    case dropHints(NodeID, [HintEntry])
    /// Drop copies that are unchanged.
    case dropEntries(PartitionID, [OfferRequest.Entry])
    /// A marked range has been sent.
    case unmark(RangeMark)
}

/// What a ``StorageTask`` came to.
public enum StorageAnswer: Equatable, Sendable {
    /// The next batch of a pull.
    case pulled(PulledBatch)
    /// The places in the offer of what is not here.
    case missing([Int])
    /// Done, and on disk.
    case done
    /// Tokens and hashes, and where to go on.
    case scanned([OfferRequest.Entry], next: UInt64?)
    /// What was loaded, as far as it fitted, and its bytes.
    case loaded([LoadedEntry], byteCount: Int)
    /// Hints, and where to go on.
    case hints([HintEntry], next: HintCursor?)
    /// The store failed.
    case failed
}

/// What the store has when a node starts.
public struct StoreInventory: Sendable {
    /// The partitions of which there is anything.
    public var partitions: PartitionSet
    /// Whom there are hints for.
    public var hintedOwners: [NodeID]
    /// Ranges that are marked.
    public var marks: [RangeMark]

    /// An inventory of these parts.
    public init(partitions: PartitionSet, hintedOwners: [NodeID], marks: [RangeMark]) {
        self.partitions = partitions
        self.hintedOwners = hintedOwners
        self.marks = marks
    }
}
