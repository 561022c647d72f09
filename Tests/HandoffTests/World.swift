import Causality
import Handoff
import Machine
import Ring

/// What a node says of itself in the world of these tests.
struct Record: Equatable {
    var version: UInt64 = 1
    var isPlaced = true
    var isRemoved = false
    var holdings: Set<UInt32> = []
}

/// One node: its machines, and what would be on its disk.
struct SimulatedNode {
    let id: NodeID
    var records: [NodeID: Record] = [:]
    var objects: [UInt64: Object] = [:]
    var hints: [NodeID: [UInt64: UInt64]] = [:]
    var ledger = HintLedger(capacity: HintCapacity(count: 3, bytes: 1 << 20))
    var acquisition: Acquisition
    var homecoming: Homecoming
    var delivery: HintDelivery
    /// Counts its starts: what was answered to an earlier one is not heard.
    var start = 1

    init(id: NodeID, seed: UInt64) {
        self.id = id
        let pace = TransferConfiguration(
            concurrency: 2, scanLimit: 3, batchBytes: 100, requestTimeout: .milliseconds(80))
        acquisition = Acquisition(
            partitionCount: World.partitionCount,
            configuration: AcquisitionConfiguration(
                streams: 2, batchBytes: 100, requestTimeout: .milliseconds(80), claimInterval: .milliseconds(50),
                claimTimeout: .milliseconds(400)), seed: seed)
        homecoming = Homecoming(partitionCount: World.partitionCount, configuration: pace, seed: seed + 1)
        delivery = HintDelivery(configuration: pace, seed: seed + 2)
    }
}

/// Several nodes with the production machines of this module, maps for disks, and a network that loses.
///
/// Placement and membership are the plainest that will do, so that the machines are all that is tested. Keys are their own
/// tokens.
struct World {
    static let partitionCount = 8
    static let replicas = 3

    enum Occurrence {
        case transfer(NodeID, start: Int, Owner, TransferEvent)
        case acquisition(NodeID, start: Int, Acquisition.Event)
        case dropped(NodeID, start: Int, Owner, HandoffTicket)
        case hints(NodeID, start: Int, HandoffTicket, [HintEntry], HintCursor?)
        case request(HandoffRequest, from: NodeID, to: NodeID, start: Int, Owner, HandoffTicket)
        case gossip(NodeID, NodeID)
    }

    enum Owner { case acquisition, homecoming, delivery }

    var generator: SeededGenerator
    var now = Instant.zero
    var nodes: [NodeID: SimulatedNode] = [:]
    var order: [NodeID] = []
    var down: Set<NodeID> = []
    var lossPercent: UInt64 = 0
    private var queue: [(at: Instant, number: Int, Occurrence)] = []
    private var occurrences = 0
    private var nextDot: UInt64 = 0
    private var nextSequence: UInt64 = 0
    private(set) var acknowledged: [(key: UInt64, dot: Dot)] = []
    private(set) var violations: [String] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    // MARK: Membership

    static func partition(_ key: UInt64) -> UInt32 { UInt32(key >> 61) }

    static func owners(_ partition: UInt32, _ records: [NodeID: Record]) -> [NodeID] {
        func score(_ id: NodeID) -> UInt64 {
            var generator = SeededGenerator(seed: id.low &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(partition))
            return generator.next()
        }
        return records.filter { $0.value.isPlaced && !$0.value.isRemoved }.map { (score($0.key), $0.key) }
            .sorted { $0 > $1 }.prefix(replicas).map(\.1)
    }

    static func holders(_ partition: UInt32, _ records: [NodeID: Record]) -> [NodeID] {
        records.filter { !$0.value.isRemoved && $0.value.holdings.contains(partition) }.map(\.key).sorted()
    }

    static func members(_ records: [NodeID: Record]) -> [NodeID] {
        records.filter { !$0.value.isRemoved && ($0.value.isPlaced || !$0.value.holdings.isEmpty) }.map(\.key).sorted()
    }

    static func epoch(_ records: [NodeID: Record]) -> RingEpoch {
        RingEpoch(measure: records.values.reduce(0) { $0 + $1.version + ($1.isRemoved ? 1000 : 0) }, digest: 0)
    }

    func view(of node: SimulatedNode) -> HandoffView {
        let (records, down) = (node.records, down)
        return HandoffView(
            own: node.id, epoch: Self.epoch(records), partitionCount: Self.partitionCount,
            members: Self.members(records), isReachable: { !down.contains($0) }
        ) { (Self.owners($0.index, records), Self.holders($0.index, records)) }
    }

    /// What everyone together knows.
    var truth: [NodeID: Record] {
        var all: [NodeID: Record] = [:]
        for id in order {
            all = Self.merge(all, nodes[id]?.records ?? [:])
        }
        return all
    }

    static func merge(_ left: [NodeID: Record], _ right: [NodeID: Record]) -> [NodeID: Record] {
        left.merging(right) { a, b in
            var newer = a.version >= b.version ? a : b
            newer.isRemoved = a.isRemoved || b.isRemoved
            return newer
        }
    }

    mutating func add(_ index: UInt64, knowing seed: NodeID?) {
        let id = NodeID(high: 0, low: index)
        var node = SimulatedNode(id: id, seed: generator.next())
        node.records = seed.flatMap { nodes[$0]?.records } ?? [:]
        node.records[id] = Record()
        nodes[id] = node
        order.append(id)
        startNode(id)
        if let seed { post(.gossip(id, seed), after: 1) }
    }

    mutating func startNode(_ id: NodeID) {
        guard let node = nodes[id] else { return }
        var found = PartitionSet.none(of: Self.partitionCount)
        for key in node.objects.keys {
            found.insert(PartitionID(index: Self.partition(key)))
        }
        refresh(id)
        homecoming(id, .inventory(found))
        delivery(id, .inventory(owners: node.hints.keys.sorted(), marks: node.ledger.rangeMarks))
    }

    /// Loses everything that is not on disk.
    mutating func restart(_ id: NodeID) {
        guard let old = nodes[id] else { return }
        var node = SimulatedNode(id: id, seed: generator.next())
        (node.records, node.objects, node.hints, node.ledger) = (old.records, old.objects, old.hints, old.ledger)
        node.start = old.start + 1
        nodes[id] = node
        startNode(id)
    }

    mutating func amend(_ id: NodeID, _ change: (inout Record) -> Void) {
        guard var record = nodes[id]?.records[id] else { return }
        let before = record
        change(&record)
        guard record != before else { return }
        record.version += 1
        nodes[id]?.records[id] = record
        refresh(id)
    }

    mutating func remove(_ id: NodeID, toldTo witness: NodeID) {
        var record = nodes[id]?.records[id] ?? Record()
        record.isRemoved = true
        nodes[id] = nil
        order.removeAll { $0 == id }
        nodes[witness]?.records[id] = record
        refresh(witness)
    }

    mutating func gossip(_ left: NodeID, _ right: NodeID) {
        guard let a = nodes[left], let b = nodes[right], !down.contains(left), !down.contains(right) else { return }
        let merged = Self.merge(a.records, b.records)
        for (id, records) in [(left, a.records), (right, b.records)] where records != merged {
            nodes[id]?.records = merged
            refresh(id)
        }
    }

    mutating func refresh(_ id: NodeID) {
        guard let node = nodes[id] else { return }
        let view = view(of: node)
        acquisition(id, .viewChanged(view))
        homecoming(id, .viewChanged(view))
        delivery(id, .viewChanged(view))
    }

    mutating func refreshAll() {
        for id in order { refresh(id) }
    }

    // MARK: Time

    mutating func post(_ occurrence: Occurrence, after milliseconds: Int64) {
        occurrences += 1
        queue.append((now.advanced(by: .milliseconds(milliseconds)), occurrences, occurrence))
    }

    /// Lets the next thing happen, if it is before `end`.
    mutating func step(until end: Instant) -> Bool {
        let event = queue.indices.min { (queue[$0].at, queue[$0].number) < (queue[$1].at, queue[$1].number) }
        var expiring: (Instant, NodeID, Owner)?
        for id in order {
            guard let node = nodes[id] else { continue }
            for (deadline, owner) in [
                (node.acquisition.nextDeadline, Owner.acquisition), (node.homecoming.nextDeadline, .homecoming),
                (node.delivery.nextDeadline, .delivery),
            ] {
                if let deadline, expiring.map({ deadline < $0.0 }) ?? true { expiring = (deadline, id, owner) }
            }
        }
        if let expiring, event.map({ expiring.0 <= queue[$0].at }) ?? true {
            guard expiring.0 <= end else { return false }
            now = max(now, expiring.0)
            expire(expiring.1, expiring.2)
        } else if let event {
            guard queue[event].at <= end else { return false }
            now = max(now, queue[event].at)
            perform(queue.remove(at: event).2)
        } else {
            return false
        }
        return true
    }

    mutating func run(for milliseconds: Int64, limit: Int = 200_000) {
        let end = now.advanced(by: .milliseconds(milliseconds))
        var steps = 0
        while step(until: end) {
            steps += 1
            if steps > limit {
                violations.append("no rest after \(limit) steps")
                break
            }
        }
        now = max(now, end)
    }

    private mutating func perform(_ occurrence: Occurrence) {
        switch occurrence {
        case .transfer(let id, let start, let owner, let event):
            guard nodes[id]?.start == start else { return }
            if owner == .homecoming {
                homecoming(id, .transfer(event))
            } else {
                delivery(id, .transfer(event))
            }
        case .acquisition(let id, let start, let event):
            guard nodes[id]?.start == start else { return }
            acquisition(id, event)
        case .dropped(let id, let start, let owner, let ticket):
            guard nodes[id]?.start == start else { return }
            if owner == .homecoming {
                homecoming(id, .dropped(ticket))
            } else {
                delivery(id, .dropped(ticket))
            }
        case .hints(let id, let start, let ticket, let entries, let next):
            guard nodes[id]?.start == start else { return }
            delivery(id, .hints(ticket, entries, next: next))
        case .request(let request, let from, let to, let start, let owner, let ticket):
            guard nodes[to] != nil, !down.contains(to), !down.contains(from) else { return }
            let response = answer(request, at: to, from: from)
            guard !generator.chance(lossPercent, in: 100) else { return }
            let delay = Int64(generator.below(8)) + 1
            if owner == .acquisition {
                post(.acquisition(from, start: start, .answered(ticket, response, byteCount: 100)), after: delay)
            } else {
                post(.transfer(from, start: start, owner, .answered(ticket, response)), after: delay)
            }
        case .gossip(let left, let right):
            gossip(left, right)
        }
    }

    private mutating func expire(_ id: NodeID, _ owner: Owner) {
        switch owner {
        case .acquisition:
            var effects = Effects<Acquisition.Effect>()
            nodes[id]?.acquisition.expire(at: now, into: &effects)
            carryOut(effects.takeAll(), id)
        case .homecoming:
            var effects = Effects<Homecoming.Effect>()
            nodes[id]?.homecoming.expire(at: now, into: &effects)
            carryOut(effects.takeAll(), id)
        case .delivery:
            var effects = Effects<HintDelivery.Effect>()
            nodes[id]?.delivery.expire(at: now, into: &effects)
            carryOut(effects.takeAll(), id)
        }
    }

    // MARK: The machines' events and effects

    mutating func acquisition(_ id: NodeID, _ event: Acquisition.Event) {
        var effects = Effects<Acquisition.Effect>()
        nodes[id]?.acquisition.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), id)
    }

    mutating func homecoming(_ id: NodeID, _ event: Homecoming.Event) {
        var effects = Effects<Homecoming.Effect>()
        nodes[id]?.homecoming.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), id)
    }

    mutating func delivery(_ id: NodeID, _ event: HintDelivery.Event) {
        var effects = Effects<HintDelivery.Effect>()
        nodes[id]?.delivery.receive(event, at: now, into: &effects)
        carryOut(effects.takeAll(), id)
    }

    private mutating func carryOut(_ effects: [Acquisition.Effect], _ id: NodeID) {
        guard let start = nodes[id]?.start else { return }
        for effect in effects {
            switch effect {
            case .pull(let request, let from, let ticket):
                send(.pull(request), from: id, to: from, start, .acquisition, ticket)
            case .merge(let entries, let ticket):
                store(entries, at: id)
                post(.acquisition(id, start: start, .merged(ticket)), after: 1)
            case .claim(let partitions):
                amend(id) { $0.holdings.formUnion(partitions.map(\.index)) }
            case .synchronise(let other):
                post(.gossip(id, other), after: 2)
            }
        }
    }

    private mutating func carryOut(_ effects: [Homecoming.Effect], _ id: NodeID) {
        guard let start = nodes[id]?.start else { return }
        for effect in effects {
            switch effect {
            case .transfer(let effect):
                carryOut(effect, id, start, .homecoming)
            case .relinquish(let partitions):
                amend(id) { $0.holdings.subtract(partitions.map(\.index)) }
            case .dropIfUnchanged(_, let entries, let ticket):
                for entry in entries where nodes[id]?.objects[entry.token].map({ hash(entry.token, $0) }) == entry.hash
                {
                    nodes[id]?.objects[entry.token] = nil
                }
                post(.dropped(id, start: start, .homecoming, ticket), after: 1)
            }
        }
    }

    private mutating func carryOut(_ effects: [HintDelivery.Effect], _ id: NodeID) {
        guard let start = nodes[id]?.start else { return }
        for effect in effects {
            switch effect {
            case .scanHints(let owner, let after, let limit, let ticket):
                let rest = (nodes[id]?.hints[owner] ?? [:]).sorted { $0.key < $1.key }
                    .filter { entry in after.map { entry.key > $0.token } ?? true }
                let page = rest.prefix(limit).map {
                    HintEntry(key: key($0.key), token: $0.key, sequence: $0.value)
                }
                let next = rest.count > limit ? page.last.map { HintCursor(token: $0.token, key: $0.key) } : nil
                post(.hints(id, start: start, ticket, page, next), after: 1)
            case .load(let entries, _, let ticket):
                let loaded = entries.prefix(2).map { entry in
                    nodes[id]?.objects[entry.token].map {
                        LoadedEntry.found(TransferEntry(key: key(entry.token), object: $0))
                    } ?? .gone
                }
                post(.transfer(id, start: start, .delivery, .loaded(ticket, loaded, byteCount: 50)), after: 1)
            case .dropHints(let owner, let entries, let ticket):
                for entry in entries where nodes[id]?.hints[owner]?[entry.token] == entry.sequence {
                    nodes[id]?.hints[owner]?[entry.token] = nil
                    nodes[id]?.ledger.dropped(owner: owner, count: 1, bytes: 10)
                }
                if nodes[id]?.hints[owner]?.isEmpty ?? false { nodes[id]?.hints[owner] = nil }
                post(.dropped(id, start: start, .delivery, ticket), after: 1)
            case .unmark(let mark):
                _ = nodes[id]?.ledger.unmark(mark)
            case .transfer(let effect):
                carryOut(effect, id, start, .delivery)
            }
        }
    }

    private mutating func carryOut(_ effect: TransferEffect, _ id: NodeID, _ start: Int, _ owner: Owner) {
        switch effect {
        case .scan(let partition, let from, let limit, let ticket):
            let all = (nodes[id]?.objects ?? [:]).filter { Self.partition($0.key) == partition.index && $0.key >= from }
                .sorted { $0.key < $1.key }
            let entries = all.prefix(limit).map { OfferRequest.Entry(token: $0.key, hash: hash($0.key, $0.value)) }
            let next = all.count > limit ? all[limit].key : nil
            post(.transfer(id, start: start, owner, .scanned(ticket, entries, next: next)), after: 1)
        case .load(let entries, _, let ticket):
            let loaded = entries.prefix(2).map { entry -> LoadedEntry in
                guard let object = nodes[id]?.objects[entry.token], hash(entry.token, object) == entry.hash else {
                    return .gone
                }
                return .found(TransferEntry(key: key(entry.token), object: object))
            }
            post(.transfer(id, start: start, owner, .loaded(ticket, loaded, byteCount: 50)), after: 1)
        case .send(let request, let to, let ticket):
            send(request, from: id, to: to, start, owner, ticket)
        case .synchronise(let other):
            post(.gossip(id, other), after: 2)
        }
    }

    private mutating func send(
        _ request: HandoffRequest, from: NodeID, to: NodeID, _ start: Int, _ owner: Owner, _ ticket: HandoffTicket
    ) {
        guard !generator.chance(lossPercent, in: 100) else { return }
        post(
            .request(request, from: from, to: to, start: start, owner, ticket), after: Int64(generator.below(8)) + 1)
    }

    private mutating func answer(_ request: HandoffRequest, at id: NodeID, from: NodeID) -> HandoffResponse {
        guard let node = nodes[id] else { return .failed }
        let view = view(of: node)
        switch request {
        case .pull(let pull):
            let refused = view.refusals(of: pull, by: from)
            let all = node.objects.filter { entry in
                let partition = PartitionID(index: Self.partition(entry.key))
                return pull.partitions.contains(partition) && !refused.contains(partition) && entry.key >= pull.from
            }.sorted { $0.key < $1.key }
            let page = all.prefix(2).map { TransferEntry(key: key($0.key), object: $0.value) }
            return .pulled(
                PulledBatch(
                    entries: page, next: all.count > 2 ? all[2].key : nil, refused: refused,
                    bytesLeft: UInt64(all.count - page.count)))
        case .offer(let offer):
            guard view.canConfirm(offer.partition, at: offer.epoch) else { return .wrongEpoch(view.epoch) }
            return .wanted(
                offer.entries.indices.filter { index in
                    let entry = offer.entries[index]
                    return node.objects[entry.token].map { hash(entry.token, $0) } != entry.hash
                })
        case .deliver(let entries, let epoch):
            for entry in entries {
                let partition = PartitionID(index: Self.partition(token(entry.key)))
                guard view.canConfirm(partition, at: epoch) else { return .wrongEpoch(view.epoch) }
            }
            store(entries, at: id)
            return .delivered
        }
    }

    // MARK: The store

    func key(_ token: UInt64) -> ByteBuffer { ByteBuffer(integer: token) }

    func token(_ key: ByteBuffer) -> UInt64 { key.getInteger(at: key.readerIndex) ?? 0 }

    func hash(_ token: UInt64, _ object: Object) -> UInt64 { object.hash(key: key(token)) }

    private mutating func store(_ entries: [TransferEntry], at id: NodeID) {
        for entry in entries {
            store(entry.object, token(entry.key), at: id)
        }
    }

    private mutating func store(_ object: Object, _ token: UInt64, at id: NodeID) {
        nodes[id]?.objects[token, default: Object()].merge(object)
        let partition = PartitionID(index: Self.partition(token))
        homecoming(id, .strayStored(partition))
    }

    // MARK: Clients

    /// One write as a coordinator does it, with the joint quorum of owners and holders.
    mutating func write(_ token: UInt64, at id: NodeID) {
        guard let node = nodes[id], !down.contains(id) else { return }
        let partition = Self.partition(token)
        let owners = Self.owners(partition, node.records)
        let holders = Self.holders(partition, node.records)
        guard owners.contains(id) else { return }
        nextDot += 1
        var object = node.objects[token] ?? Object()
        let dot = object.write(
            .value(ByteBuffer(integer: nextDot), contentType: ""), timestamp: HybridTimestamp(rawValue: nextDot),
            seeing: .everythingHere, as: ActorID(node: id, epoch: nextDot))
        var acknowledgements: Set<NodeID> = []
        for replica in Set(owners + holders).sorted() {
            guard let other = nodes[replica], !down.contains(replica) else { continue }
            guard replica == id || !generator.chance(lossPercent, in: 100) else { continue }
            guard Self.owners(partition, other.records) == owners, Self.holders(partition, other.records) == holders
            else { continue }
            store(object, token, at: replica)
            if replica == id || !generator.chance(lossPercent, in: 100) { acknowledgements.insert(replica) }
        }
        for owner in owners where !acknowledgements.contains(owner) {
            hint(owner, token, at: id)
        }
        if generator.chance(1, in: 10) {
            // A fallback has it too, and sends it home.
            let fallback = order[Int(generator.below(UInt64(order.count)))]
            if !down.contains(fallback) { store(object, token, at: fallback) }
        }
        let write = owners.count / 2 + 1
        let extra = holders.count - owners.count
        let amongHolders = extra >= 0 ? write + extra : min(write, max(holders.count, 1))
        if acknowledgements.count(where: { owners.contains($0) }) >= write,
            acknowledgements.count(where: { holders.contains($0) }) >= min(amongHolders, holders.count)
        {
            acknowledged.append((token, dot))
        }
    }

    private mutating func hint(_ owner: NodeID, _ token: UInt64, at id: NodeID) {
        let old = nodes[id]?.hints[owner]?[token]
        nextSequence += 1
        switch nodes[id]?.ledger.admit(
            owner: owner, partition: PartitionID(index: Self.partition(token)), bytes: 10,
            replacing: old == nil ? nil : 10)
        {
        case .keep:
            nodes[id]?.hints[owner, default: [:]][token] = nextSequence
            delivery(id, .hintAdded(owner))
        case .markRange(let mark):
            delivery(id, .rangeMarked(mark))
        case nil:
            break
        }
    }

    // MARK: What must hold

    /// Any read quorum of the holders meets each acknowledged write.
    mutating func checkQuorums() {
        let truth = truth
        for (key, dot) in acknowledged {
            let partition = Self.partition(key)
            let owners = Self.owners(partition, truth)
            let holders = Self.holders(partition, truth)
            let without = holders.filter { !(nodes[$0]?.objects[key]?.context.contains(dot) ?? false) }
            let extra = holders.count - owners.count
            let read = owners.count / 2 + 1
            let needed = extra >= 0 ? read + extra : min(read, holders.count)
            if without.count >= needed, !holders.isEmpty {
                violations.append("at \(now): \(without.count) of \(holders.count) holders lack \(dot) of \(key)")
            }
        }
    }

    /// After the faults: everything is where it belongs, and nowhere else.
    mutating func checkRest() {
        let truth = truth
        for id in order {
            guard let node = nodes[id] else { continue }
            if node.records != truth { violations.append("\(id.low) knows another membership") }
            if !node.hints.isEmpty { violations.append("\(id.low) has hints: \(node.hints)") }
            if !node.ledger.rangeMarks.isEmpty { violations.append("\(id.low) has marks: \(node.ledger.rangeMarks)") }
            if !node.delivery.pending.isEmpty { violations.append("\(id.low) has deliveries") }
            if !node.homecoming.pending.isEmpty {
                violations.append("\(id.low) has strays: \(Array(node.homecoming.pending))")
            }
            for key in node.objects.keys where !Self.owners(Self.partition(key), truth).contains(id) {
                violations.append("\(id.low) still has \(key)")
            }
        }
        for partition in 0..<UInt32(Self.partitionCount)
        where Self.owners(partition, truth).sorted() != Self.holders(partition, truth) {
            violations.append("partition \(partition): the owners are not the holders")
        }
        checkQuorums()
        // The hints of a removed node have gone with it; what they were for is left to repair.
        guard !truth.values.contains(where: \.isRemoved) else { return }
        for (key, dot) in acknowledged {
            for owner in Self.owners(Self.partition(key), truth)
            where !(nodes[owner]?.objects[key]?.context.contains(dot) ?? false) {
                violations.append("owner \(owner.low) lacks \(dot) of \(key)")
            }
        }
    }
}
