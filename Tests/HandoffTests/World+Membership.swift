import Causality
import Handoff
import Machine
import Ring

extension World {
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
        homecoming(id, .viewAdopted(view.epoch))
        delivery(id, .viewChanged(view))
    }

    mutating func refreshAll() {
        for id in order { refresh(id) }
    }
}
