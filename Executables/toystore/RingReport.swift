import Node

/// How evenly the partitions are spread, as people read it.
struct RingReport {
    private struct Row {
        let name: String
        let weight: Int
        var owned = 0
        var first = 0
    }

    private let ring: RingStatus
    private let rows: [Row]

    init(_ ring: RingStatus, members: [MemberStatus]) {
        self.ring = ring
        var rows: [String: Row] = [:]
        for member in members {
            rows[member.id] = Row(name: member.name, weight: member.weight)
        }
        for owners in ring.owners {
            for (place, id) in owners.enumerated() {
                rows[id, default: Row(name: id, weight: 100)].owned += 1
                if place == 0 {
                    rows[id]?.first += 1
                }
            }
        }
        self.rows = rows.values.filter { $0.owned > 0 }.sorted { ($0.name, $0.owned) < ($1.name, $1.owned) }
    }

    var text: String {
        let count = rows.count == 1 ? "1 owner" : "\(rows.count) owners"
        var text = "\(ring.partitions) partitions, \(ring.replicas) replicas, \(count), epoch \(ring.epoch)\n\n"
        guard !rows.isEmpty else { return text }
        let copies = rows.reduce(0) { $0 + $1.owned }
        let weights = max(1, rows.reduce(0) { $0 + $1.weight })
        var table = Table(columns: [.left, .right, .right, .right, .right, .right])
        table.add(["NAME", "WEIGHT", "FIRST", "OWNED", "SHARE", "OF FAIR"])
        var largest = 0.0
        for row in rows {
            let ratio = Double(row.owned) * Double(weights) / (Double(copies) * Double(max(1, row.weight)))
            largest = max(largest, ratio)
            table.add([
                row.name, "\(row.weight)", Quantity.count(UInt64(row.first)), Quantity.count(UInt64(row.owned)),
                Quantity.decimal(100 * Double(row.owned) / Double(copies), digits: 1) + " %",
                Quantity.decimal(ratio, digits: 3),
            ])
        }
        text += table.text()
        text += "\nbalance: the fullest member has \(Quantity.decimal(largest, digits: 3)) of its fair share\n"
        let short = ring.owners.count { $0.count < ring.replicas }
        if short > 0 {
            let partitions = short == 1 ? "1 partition has" : "\(Quantity.count(UInt64(short))) partitions have"
            text += "\(partitions) fewer than \(ring.replicas) owners: there are not enough members\n"
        }
        return text
    }
}
