import Causality
import Handoff
import Machine
import Ring

extension World {
    // MARK: The store

    func key(_ token: UInt64) -> ByteBuffer { ByteBuffer(integer: token) }

    func token(_ key: ByteBuffer) -> UInt64 { key.getInteger(at: key.readerIndex) ?? 0 }

    func hash(_ token: UInt64, _ object: Object) -> UInt64 { object.hash(key: key(token)) }

    mutating func store(_ entries: [TransferEntry], at id: NodeID) {
        for entry in entries {
            store(entry.object, token(entry.key), at: id)
        }
    }

    mutating func store(_ object: Object, _ token: UInt64, at id: NodeID) {
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
            acknowledgements.count(where: { holders.contains($0) }) >= amongHolders
        {
            acknowledged.append((token, dot, acknowledgements))
        }
    }

    mutating func hint(_ owner: NodeID, _ token: UInt64, at id: NodeID) {
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

    /// Any read quorum of the holders meets each acknowledged write; one of which a removed node took its copy along is met
    /// by a read of all, until its hints have arrived.
    mutating func checkQuorums() {
        let truth = truth
        for (key, dot, replicas) in acknowledged {
            let partition = Self.partition(key)
            let owners = Self.owners(partition, truth)
            let holders = Self.holders(partition, truth)
            let without = holders.filter { !(nodes[$0]?.objects[key]?.context.contains(dot) ?? false) }
            let extra = holders.count - owners.count
            let read = owners.count / 2 + 1
            let isRobbed = replicas.contains { truth[$0]?.isRemoved ?? false }
            let needed = isRobbed ? holders.count : extra >= 0 ? read + extra : min(read, holders.count)
            if without.count >= needed, !holders.isEmpty {
                violations.append(
                    "at \(now): holders \(without.map(\.low)) of \(holders.map(\.low)), owners \(owners.map(\.low)), lack \(dot)"
                )
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
        for (key, dot, _) in acknowledged {
            for owner in Self.owners(Self.partition(key), truth)
            where !(nodes[owner]?.objects[key]?.context.contains(dot) ?? false) {
                violations.append("owner \(owner.low) lacks \(dot) of \(key)")
            }
        }
    }
}
