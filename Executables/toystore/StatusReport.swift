import Node

/// The cluster as people read it.
struct StatusReport {
    private let status: ClusterStatus

    init(_ status: ClusterStatus) {
        self.status = status
    }

    var text: String {
        header + "\n" + members + transfers
    }

    private var header: String {
        let unreachable = present.count { !$0.reachable }
        let count = present.count == 1 ? "1 member" : "\(present.count) members"
        return "cluster \(status.cluster): \(count)" + (unreachable > 0 ? ", \(unreachable) unreachable" : "")
            + ", \(status.partitions) partitions, \(status.replicas) replicas, epoch \(status.epoch)\n"
    }

    /// Who belongs to the cluster, and not only did so.
    private var present: [MemberStatus] {
        status.members.filter { $0.state != "left" && $0.state != "removed" }
    }

    private var members: String {
        var table = Table(
            columns: [.left, .left, .left, .left, .right, .right, .right, .right, .right, .left])
        table.add([
            "NAME", "ADDRESS", "STATE", "REACHABLE", "OWNED", "HELD", "KEYS", "BYTES", "HINTS", "VERSION",
        ])
        for member in status.members {
            table.add([
                member.name + (member.id == status.`self` ? " *" : ""), member.address, member.state,
                member.reachable ? "yes" : "NO", count(member.partitionsOwned), count(member.partitionsHeld),
                member.answered ? count(member.keys) : "-",
                member.answered ? Quantity.bytes(UInt64(clamping: member.bytes)) : "-",
                member.answered ? count(member.hintsPending) : "-",
                member.version,
            ])
        }
        return table.text() + (status.members.contains { $0.id == status.`self` } ? "* has answered\n" : "")
    }

    private var transfers: String {
        guard !status.transfers.isEmpty else { return "" }
        var table = Table(columns: [.right, .left, .left, .right, .right, .right])
        table.add(["PARTITION", "FROM", "TO", "BYTES", "PERCENT", "LEFT"])
        for transfer in status.transfers {
            table.add([
                "\(transfer.partition)", name(transfer.from), name(transfer.to),
                Quantity.bytes(UInt64(clamping: transfer.bytes)) + " of "
                    + Quantity.bytes(UInt64(clamping: transfer.bytesTotal)),
                Quantity.decimal(transfer.percent, digits: 1) + " %",
                transfer.etaSeconds.map(Quantity.seconds) ?? "-",
            ])
        }
        return "\ntransfers:\n" + table.text()
    }

    private func count(_ number: Int) -> String { Quantity.count(UInt64(clamping: number)) }

    private func name(_ id: String) -> String {
        status.members.first { $0.id == id }?.name ?? id
    }
}
