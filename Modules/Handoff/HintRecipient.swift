import Machine
import Ring

/// One owner that there is something for.
struct HintRecipient: Sendable {
    enum Phase: Sendable {
        /// Nothing is under way; a lap over the hints may be half done.
        case idle
        case scanning(HandoffTicket)
        case loading(HandoffTicket)
        case sending(HandoffTicket, deadline: Instant)
        case dropping(HandoffTicket)
        case walking(PartitionWalk, RangeMark)

        func owns(_ ticket: HandoffTicket) -> Bool {
            switch self {
            case .idle: false
            case .scanning(ticket), .loading(ticket), .sending(ticket, _), .dropping(ticket): true
            case .walking(let walk, _): walk.owns(ticket)
            default: false
            }
        }
    }

    let owner: NodeID
    var phase = Phase.idle
    /// There may be hints in the store.
    var hasHints = false
    /// A hint was kept while a lap was under way: another lap is needed.
    var hasNews = false
    /// Something was left in this lap: another lap is needed, after a while.
    var hasLeftovers = false
    /// A lap over the hints has begun and not ended.
    var isInLap = false
    /// Behind the last hint of the listing before this one: where the lap goes on after a failure.
    var listingStart: HintCursor?
    /// Behind the last hint of this listing, `nil` where it is the last.
    var nextListing: HintCursor?
    /// What is left of this listing to be loaded.
    var listing: ArraySlice<HintEntry> = []
    /// What goes when the owner, or the store, has confirmed.
    var inHand: [HintEntry] = []
    /// Sorted by partition; one for each.
    var marks: [RangeMark] = []
    var readyAt = Instant.zero
    var backoff = Backoff()

    init(owner: NodeID) {
        self.owner = owner
    }

    /// Whether it has one of the few places.
    var isActive: Bool {
        if case .idle = phase { isInLap } else { true }
    }

    var hasWork: Bool { hasHints || isInLap || !marks.isEmpty }
}
