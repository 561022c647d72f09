/// What must be true of every run; numbers are those of the house's list.
public enum Invariant: String, CaseIterable, Sendable {
    /// 1. Every acknowledged write is present in the end, or replaced by a write that had seen it.
    case acknowledgedIsPresent
    /// 2. Nothing deleted or overwritten comes back.
    case overwrittenStaysGone
    /// 3 and 13. No byte is served that nobody wrote.
    case nothingInvented
    /// 4. In the end the copies of every partition are identical at all owners, and nobody else has any.
    case ownersAlike
    /// 4. In a cluster at rest every owner has each write whose coordinator lives on, though nobody has read it there.
    case ownersAreTold
    /// 5. Siblings are pairwise concurrent.
    case siblingsConcurrent
    /// 5. No dot is issued twice, and no write has two.
    case dotsUnique
    /// A write that was refused as not applied is never seen.
    case refusedIsNotWritten
    /// 7. A strict read shows, or knows of, every strict write that was acknowledged before it began; where no disk is lost.
    case readsRegular
    /// 7. A register with one writer is linearizable where it is read and written strictly, by majorities; until a node forgets.
    case linearizable
    /// 6. A strict read of a majority knows what its client's earlier ones of the key knew; until a node forgets what it had
    /// synced and goes on answering: its disk lied, was damaged or put back, or is there twice.
    case monotonicReads
    /// 6. A strict read of a majority knows its client's strict writes that were acknowledged; likewise.
    case readYourWrites
    /// 6. Likewise, what those had read, of any key, whose writes its client has read, before they wrote.
    case writesFollowReads
    /// 6. Likewise, what the same had written before.
    case monotonicWrites
    /// 6. Whoever is shown a write knows of all that its client had seen.
    case causesAreKnown
    /// 8. What is acknowledged survives the loss of W−1 disks.
    case survivesLoss
    /// 11. At every moment an acknowledged write is on W disks, but for those that were lost.
    case enoughCopies
    /// 11. Any R of those that hold a partition meet every strict write to it that was acknowledged.
    case holdersMeet
    /// 11. Who comes to hold a partition has every strict write to it that was acknowledged without it; where no member that
    /// has lost it comes to own it again.
    case newcomersHaveAll
    /// A request is answered by its deadline wherever the node lives.
    case answeredInTime
    /// 9. In the end every member sees every other.
    case membershipConverges
    /// 9. What a node knows of the members only grows in its life.
    case membershipGrows
    /// 9. Nobody has heard of an incarnation beyond its owner's, and that never falls; where no disk is lost.
    case incarnationsGrow
    /// 12. A hint goes only after its owner has what it was kept for.
    case hintsAreConfirmed
    /// 10. One membership gives one placement.
    case samePlacement
    /// 10. The owners of a partition are in different zones where there are enough.
    case zonesDistinct
    /// 12 and 14. In the end no hint, no stray and no work is left.
    case comesToRest
    /// 14. Work, hints and siblings are bounded.
    case bounded
    /// 15. Ten seconds after the faults have stopped at least 95 % of the requests succeed.
    case goodput
    /// A node starts on a disk that works.
    case starts

    /// The rule as a sentence.
    public var sentence: String {
        switch self {
        case .acknowledgedIsPresent:
            "every acknowledged write is present in the end, or replaced by a write that had seen it"
        case .overwrittenStaysGone: "nothing deleted or overwritten comes back"
        case .nothingInvented: "no byte is served that nobody wrote"
        case .ownersAlike:
            "in the end the copies of every partition are identical at all owners, and nobody else has any"
        case .ownersAreTold:
            "in a cluster at rest every owner has each write whose coordinator lives on, though nobody has read it there"
        case .siblingsConcurrent: "siblings are pairwise concurrent"
        case .dotsUnique: "no dot is issued twice, and no write has two"
        case .refusedIsNotWritten: "a write that was refused as not applied is never seen"
        case .readsRegular: "a strict read knows of every strict write that was acknowledged before it began"
        case .linearizable:
            "a register with one writer is linearizable where it is read and written strictly, by majorities"
        case .monotonicReads: "a strict read knows what its client's strict reads before it knew"
        case .readYourWrites: "a strict read knows its client's strict writes"
        case .writesFollowReads:
            "who has read a write reads all that its writer had read before it, of any key"
        case .monotonicWrites:
            "who has read a write reads all that its writer had written before it, to any key"
        case .causesAreKnown: "whoever is shown a write knows of all that its client had seen"
        case .survivesLoss: "what is acknowledged survives the loss of W−1 disks"
        case .enoughCopies: "at every moment an acknowledged write is on W disks, but for those that were lost"
        case .holdersMeet: "any R of those that hold a partition meet every strict write to it that was acknowledged"
        case .newcomersHaveAll:
            "who comes to hold a partition has every strict write that was acknowledged without it"
        case .answeredInTime: "a request is answered by its deadline wherever the node lives"
        case .membershipConverges: "in the end every member sees every other"
        case .membershipGrows: "what a node knows of the members only grows in its life"
        case .incarnationsGrow: "nobody has heard of an incarnation beyond its owner's, and that never falls"
        case .hintsAreConfirmed: "a hint goes only after its owner has what it was kept for"
        case .samePlacement: "one membership gives one placement"
        case .zonesDistinct: "the owners of a partition are in different zones where there are enough"
        case .comesToRest: "in the end no hint, no stray and no work is left"
        case .bounded: "work, hints and siblings are bounded"
        case .goodput: "ten seconds after the faults have stopped at least 95 % of the requests succeed"
        case .starts: "a node starts on a disk that works"
        }
    }
}

/// A rule that was broken, and what a person needs to see why.
public struct Violation: Error, Sendable {
    /// The rule.
    public let invariant: Invariant
    /// What is wrong, in a sentence.
    public let what: String
    /// The key that it is about, if it is about one.
    public let key: String?
    /// Who did what when, in order, and who has what now.
    public internal(set) var story: [String] = []
    /// The client whose session it is about, if it is about one.
    var client: Int?

    init(_ invariant: Invariant, _ what: String, key: String? = nil, client: Int? = nil) {
        self.client = client
        self.invariant = invariant
        self.what = what
        self.key = key
    }
}
