public import Machine
import Ring

/// A hint in the store: which key an owner has missed a write of.
public struct HintEntry: Hashable, Sendable {
    /// The key.
    public var key: ByteBuffer
    /// Its token.
    public var token: UInt64
    /// The number under which the store wrote the hint: a newer hint for the same key has a greater one.
    public var sequence: UInt64

    /// A hint.
    public init(key: ByteBuffer, token: UInt64, sequence: UInt64) {
        self.key = key
        self.token = token
        self.sequence = sequence
    }
}

/// A place among the hints for one owner, which are in the order of (token, key).
public struct HintCursor: Hashable, Sendable {
    /// The token of the last hint before this place.
    public var token: UInt64
    /// The key of the last hint before this place.
    public var key: ByteBuffer

    /// The place right behind the hint for this key.
    public init(token: UInt64, key: ByteBuffer) {
        self.token = token
        self.key = key
    }
}

/// Brings the writes that an owner has missed to it when it is back, and then forgets that it missed them.
///
/// ```
///  each owner that there are hints or marks for:
///
///   idle ──free place, reachable──► scanning ─► loading ─► sending ─► dropping ─┐
///    ▲ ▲                               ▲          ▲                             │
///    │ │                               │          └── more of this listing ─────┤
///    │ │                               └───────────── more hints ───────────────┤
///    │ └─ backoff ─ failed, busy, silent, wrongEpoch (from any of them)          │
///    └── forgotten ◄── no mark left ◄── walking each marked partition ◄── no hint left
/// ```
/// A hint names a key; what is delivered is this node's copy at that time, which covers what the owner missed. The hint
/// goes, if it is still the same, when the owner has confirmed that it has merged that copy and has it on disk, or when
/// there is nobody to deliver it to: its owner is no longer in the ring, or neither owns nor holds the key any more. Our
/// own copy stays in either case, and is looked after by repair where this node is an owner and by ``Homecoming`` where
/// it is not.
///
/// One batch is under way for each owner, and few owners have their turn at a time.
public struct HintDelivery: StateMachine, Sendable {
    /// A fact for the machine.
    public enum Event: Sendable {
        /// The ring, or who can be reached, has changed.
        case viewChanged(HandoffView)
        /// There are hints for these owners, and these marks: at the start.
        case inventory(owners: [NodeID], marks: [RangeMark])
        /// A hint was kept.
        case hintAdded(NodeID)
        /// A range was marked in place of a hint.
        case rangeMarked(RangeMark)
        /// The next hints for an owner; the cursor is the place behind them, `nil` where there are no more.
        case hints(HandoffTicket, [HintEntry], next: HintCursor?)
        /// The drop has been carried out, for what was unchanged.
        case dropped(HandoffTicket)
        /// The shell's report about a load, a message, or a step of a walk. `failed` is also the answer to a scan or a
        /// drop of hints that failed.
        case transfer(TransferEvent)
        /// Begin nothing new: foreground work comes first.
        case pause
        /// Go on.
        case resume
    }

    /// A wish of the machine.
    public enum Effect: Equatable, Sendable {
        /// List the hints for an owner behind a place, from the first where it is `nil`, and report `hints` or `failed`.
        case scanHints(NodeID, after: HintCursor?, limit: Int, HandoffTicket)
        /// Read this node's copies of these keys, as many from the first as fit into the bytes but at least one, and
        /// report `loaded` or `failed`.
        case load([HintEntry], byteLimit: Int, HandoffTicket)
        /// Drop those hints for an owner whose sequence is still this one, and report `dropped` or `failed`.
        case dropHints(NodeID, [HintEntry], HandoffTicket)
        /// Take a mark away, unless the range has been marked again since, under a later generation.
        case unmark(RangeMark)
        /// A message, or a step of a walk.
        case transfer(TransferEffect)
    }

    let configuration: TransferConfiguration
    var generator: SeededGenerator
    var tickets = TicketSource()
    var view: HandoffView?
    var isPaused = false
    /// Whom there is anything for; sorted by identity.
    var recipients: [HintRecipient] = []
    var throttle: Throttle

    /// A machine that waits for its first view.
    public init(configuration: TransferConfiguration = TransferConfiguration(concurrency: 2), seed: UInt64) {
        self.configuration = configuration
        generator = SeededGenerator(seed: seed)
        throttle = Throttle(bytesPerSecond: configuration.bytesPerSecond)
    }

    /// The owners that there are hints or marks for, as far as the machine knows.
    public var pending: [NodeID] { recipients.map(\.owner) }

    /// The owners that have their turn.
    public var delivering: [NodeID] { recipients.filter(\.isActive).map(\.owner) }

    /// Takes one event; O(recipients).
    public mutating func receive(_ event: consuming Event, at now: Instant, into effects: inout Effects<Effect>) {
        switch consume event {
        case .viewChanged(let view):
            change(to: view, into: &effects)
        case .inventory(let owners, let marks):
            for owner in owners {
                recipients[index(of: owner)].hasHints = true
            }
            for mark in marks {
                add(mark)
            }
        case .hintAdded(let owner):
            let index = index(of: owner)
            if recipients[index].isInLap || recipients[index].listingStart != nil {
                // It may lie behind the lap's place.
                recipients[index].hasNews = true
            }
            recipients[index].hasHints = true
        case .rangeMarked(let mark):
            add(mark)
        case .hints(let ticket, let entries, let next):
            guard let index = recipients.firstIndex(where: { $0.phase.owns(ticket) }) else { return }
            takeListing(entries, next: next, for: index, at: now, into: &effects)
        case .dropped(let ticket):
            guard let index = recipients.firstIndex(where: { $0.phase.owns(ticket) }) else { return }
            finishDrop(index)
        case .transfer(let event):
            take(event, at: now, into: &effects)
        case .pause:
            isPaused = true
        case .resume:
            isPaused = false
        }
        proceed(at: now, into: &effects)
    }

    /// Gives up on owners that are silent, and begins what has become due.
    public mutating func expire(at now: Instant, into effects: inout Effects<Effect>) {
        for index in recipients.indices {
            switch recipients[index].phase {
            case .sending(_, let deadline) where deadline <= now:
                fail(index, at: now)
            case .walking(var walk, let mark):
                walk.expire(at: now)
                recipients[index].phase = .walking(walk, mark)
            default:
                break
            }
        }
        proceed(at: now, into: &effects)
    }

    /// The next silence to give up on, or piece of work to begin; O(recipients).
    public var nextDeadline: Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            earliest = earliest.map { min($0, instant) } ?? instant
        }
        let hasFreePlace = activeCount < configuration.concurrency
        // By index: a recipient refers to much, and is not to be copied to be looked at.
        for index in recipients.indices {
            switch recipients[index].phase {
            case .sending(_, let deadline):
                consider(deadline)
            case .walking(let walk, _):
                consider(walk.nextDeadline)
                if walk.phase == .ready, !isPaused {
                    consider(throttle.readyAt)
                }
            case .idle:
                if recipients[index].isInLap || hasFreePlace, canProceed(recipients[index]) {
                    consider(max(recipients[index].readyAt, throttle.readyAt))
                }
            case .scanning, .loading, .dropping:
                break
            }
        }
        return earliest
    }
}
