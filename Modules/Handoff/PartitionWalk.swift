import Machine
import Ring

/// One walk over what the store has of a partition: every entry is offered to every target, and what a target lacks is
/// delivered to it.
///
/// ```
///   ready ─► scanning ─► offering ─► ready ─► loading ─► delivering ─┐
///     ▲          │            │        ▲                             │ more is wanted
///     │          │ end        │        └─────────────────────────────┤
///     │          ▼            └─────────────► batchDone ◄────────────┘
///     │        ended                             │
///     └──────────────────────────────────────────┘ resume
/// ```
/// It pauses before each read of the store, so that its machine can hold it to a rate, and after each batch, so that its
/// machine can drop what every target has confirmed. A target that fails is left out of the rest of the walk, and nothing
/// more counts as confirmed by all. Memory: one listing of at most the scan limit, and one load.
struct PartitionWalk: Sendable {
    enum Phase: Equatable, Sendable {
        /// The next read, of the listing or of wanted entries, may begin.
        case ready
        case scanning(HandoffTicket)
        case offering
        case loading(HandoffTicket)
        case delivering
        /// Every target has answered about every entry of the listing.
        case batchDone
        /// The partition has been walked to its end, or every target or the store has failed.
        case ended
    }

    struct Target: Sendable {
        let node: NodeID
        var hasFailed = false
        var request: (ticket: HandoffTicket, deadline: Instant)?
        /// The places in the listing of what it lacks and has not been sent, ascending.
        var wanted: ArraySlice<Int> = []
        /// What it is being sent.
        var inFlight: [Int] = []
    }

    /// What a step may ask for, and what it needs for that.
    struct Surroundings {
        let now: Instant
        let epoch: RingEpoch
        let configuration: TransferConfiguration
    }

    let partition: PartitionID
    private(set) var phase = Phase.ready
    private(set) var targets: [Target]
    /// Something was not confirmed by every target: another walk is needed.
    private(set) var hasLeftovers = false
    /// A target or the store failed, so that another walk had better wait.
    private(set) var hasFailed = false
    /// Something that a target wants is there and cannot be read: until it is mended, another walk finds the same.
    private(set) var hasUnreadable = false
    /// Something that a target wants has been written to, or dropped, since it was listed.
    private(set) var hasChanged = false
    /// Bytes of the last load, to be paid for.
    private(set) var bytesToCharge = 0

    private var listing: [OfferRequest.Entry] = []
    /// How many targets have confirmed each entry of the listing.
    private var confirmations: [Int] = []
    /// What some target wants and has not been loaded: places in the listing, ascending.
    private var toLoad: ArraySlice<Int> = []
    private var nextToken: UInt64?

    init(partition: PartitionID, targets: [NodeID], from first: UInt64) {
        self.partition = partition
        self.targets = targets.map { Target(node: $0) }
        nextToken = first
    }

    /// Whether every entry of the walk was confirmed by every target.
    var isComplete: Bool { phase == .ended && !hasLeftovers && !hasFailed }

    /// The entries of the listing that every target has confirmed; after a batch.
    var confirmed: [OfferRequest.Entry] {
        listing.indices.filter { confirmations[$0] == targets.count }.map { listing[$0] }
    }

    var nextDeadline: Instant? {
        var earliest: Instant?
        for index in targets.indices {
            guard let deadline = targets[index].request?.deadline else { continue }
            earliest = earliest.map { min($0, deadline) } ?? deadline
        }
        return earliest
    }

    func owns(_ ticket: HandoffTicket) -> Bool {
        switch phase {
        case .scanning(ticket), .loading(ticket): true
        case .offering, .delivering: targets.contains { $0.request?.ticket == ticket }
        default: false
        }
    }

    /// The bytes that have been loaded since this was last asked.
    mutating func takeCharge() -> Int {
        defer { bytesToCharge = 0 }
        return bytesToCharge
    }

    /// Begins the next read of the store; in phase `ready`.
    mutating func proceed(
        _ surroundings: Surroundings, _ tickets: inout TicketSource, into effects: inout [TransferEffect]
    ) {
        guard phase == .ready else { return }
        let ticket = tickets.next()
        if !toLoad.isEmpty {
            phase = .loading(ticket)
            effects.append(
                .load(toLoad.map { listing[$0] }, byteLimit: surroundings.configuration.batchBytes, ticket))
        } else if let nextToken {
            phase = .scanning(ticket)
            effects.append(
                .scan(partition, from: nextToken, limit: surroundings.configuration.scanLimit, ticket))
        } else {
            phase = .ended
        }
    }

    /// Goes on after a batch.
    mutating func resume() {
        guard phase == .batchDone else { return }
        listing = []
        confirmations = []
        phase = nextToken == nil || targets.allSatisfy(\.hasFailed) ? .ended : .ready
    }

    /// Ends the walk, since the store has failed: nothing can be said about the rest.
    mutating func abandon() {
        hasFailed = true
        phase = .ended
    }

    /// Takes an event that names one of the walk's tickets.
    mutating func receive(
        _ event: TransferEvent, _ surroundings: Surroundings, _ tickets: inout TicketSource,
        into effects: inout [TransferEffect]
    ) {
        guard owns(event.ticket) else { return }
        switch (event, phase) {
        case (.scanned(_, let entries, let next), .scanning):
            takeListing(entries, next: next, surroundings, &tickets, into: &effects)
        case (.loaded(_, let entries, let byteCount), .loading):
            deliver(entries, byteCount: byteCount, surroundings, &tickets, into: &effects)
        case (.failed, .scanning), (.failed, .loading):
            abandon()
        case (.answered(let ticket, let response), .offering), (.answered(let ticket, let response), .delivering):
            guard let index = targets.firstIndex(where: { $0.request?.ticket == ticket }) else { return }
            targets[index].request = nil
            answer(response, from: index, into: &effects)
            finishRound()
        case (.failed(let ticket), .offering), (.failed(let ticket), .delivering):
            guard let index = targets.firstIndex(where: { $0.request?.ticket == ticket }) else { return }
            fail(index)
            finishRound()
        default:
            break
        }
    }

    /// Gives up on targets that have been silent too long.
    mutating func expire(at now: Instant) {
        for index in targets.indices {
            if let request = targets[index].request, request.deadline <= now {
                fail(index)
            }
        }
        finishRound()
    }

    private mutating func takeListing(
        _ entries: [OfferRequest.Entry], next: UInt64?, _ surroundings: Surroundings, _ tickets: inout TicketSource,
        into effects: inout [TransferEffect]
    ) {
        let advances = next.map { next in nextToken.map { $0 < next } ?? false } ?? true
        guard advances, entries.count <= HandoffLimits.offerEntries else {
            abandon()
            return
        }
        nextToken = next
        listing = entries
        confirmations = [Int](repeating: 0, count: entries.count)
        guard !entries.isEmpty else {
            phase = next == nil ? .ended : .ready
            return
        }
        phase = .offering
        let offer = HandoffRequest.offer(
            OfferRequest(partition: partition, entries: entries, epoch: surroundings.epoch))
        for index in targets.indices where !targets[index].hasFailed {
            send(offer, to: index, surroundings, &tickets, into: &effects)
        }
        finishRound()
    }

    private mutating func deliver(
        _ loaded: [LoadedEntry], byteCount: Int, _ surroundings: Surroundings, _ tickets: inout TicketSource,
        into effects: inout [TransferEffect]
    ) {
        guard !loaded.isEmpty, loaded.count <= toLoad.count else {
            abandon()
            return
        }
        bytesToCharge += byteCount
        let places = toLoad.prefix(loaded.count)
        toLoad = toLoad.dropFirst(loaded.count)
        phase = .delivering
        hasUnreadable = hasUnreadable || loaded.contains(.unreadable)
        hasChanged = hasChanged || loaded.contains(.gone)
        for index in targets.indices {
            var batch: [TransferEntry] = []
            var inFlight: [Int] = []
            for (place, entry) in zip(places, loaded) where targets[index].wanted.first == place {
                targets[index].wanted.removeFirst()
                if case .found(let entry) = entry {
                    batch.append(entry)
                    inFlight.append(place)
                }
            }
            guard !batch.isEmpty, !targets[index].hasFailed else { continue }
            targets[index].inFlight = inFlight
            send(
                .deliver(entries: batch, epoch: surroundings.epoch), to: index, surroundings, &tickets, into: &effects)
        }
        finishRound()
    }

    private mutating func send(
        _ request: HandoffRequest, to index: Int, _ surroundings: Surroundings, _ tickets: inout TicketSource,
        into effects: inout [TransferEffect]
    ) {
        let ticket = tickets.next()
        let deadline = surroundings.now.advanced(by: surroundings.configuration.requestTimeout)
        targets[index].request = (ticket, deadline)
        effects.append(.send(request, to: targets[index].node, ticket))
    }

    private mutating func answer(
        _ response: HandoffResponse, from index: Int, into effects: inout [TransferEffect]
    ) {
        switch (response, phase) {
        case (.wanted(let places), .offering):
            let wanted = Set(places)
            guard wanted.count == places.count, places.allSatisfy({ listing.indices.contains($0) }) else {
                fail(index)
                return
            }
            targets[index].wanted = places.sorted()[...]
            for place in listing.indices where !wanted.contains(place) {
                confirmations[place] += 1
            }
        case (.delivered, .delivering):
            for place in targets[index].inFlight {
                confirmations[place] += 1
            }
            targets[index].inFlight = []
        case (.wrongEpoch, _):
            effects.append(.synchronise(with: targets[index].node))
            fail(index)
        default:
            fail(index)
        }
    }

    private mutating func fail(_ index: Int) {
        targets[index].request = nil
        targets[index].hasFailed = true
        targets[index].wanted = []
        targets[index].inFlight = []
        hasFailed = true
    }

    /// When every target has answered: loads what is wanted next, or ends the batch.
    private mutating func finishRound() {
        guard phase == .offering || phase == .delivering, targets.allSatisfy({ $0.request == nil }) else { return }
        if phase == .offering {
            toLoad = Set(targets.flatMap(\.wanted)).sorted()[...]
        } else {
            // What only a target wanted that has failed since need not be loaded.
            let wanted = Set(targets.flatMap(\.wanted))
            toLoad = toLoad.filter { wanted.contains($0) }[...]
        }
        if toLoad.isEmpty {
            hasLeftovers = hasLeftovers || confirmations.contains { $0 < targets.count }
            phase = .batchDone
        } else {
            phase = .ready
        }
    }
}
