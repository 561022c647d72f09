import Node

/// Where a key lives, as people read it: a small tree.
struct LocationReport {
    private let location: KeyLocation
    private let key: Key

    init(_ location: KeyLocation, of key: Key) {
        self.key = key
        self.location = location
    }

    var text: String {
        var text = "\(key.quoted): token \(location.token), partition \(location.partition)\n"
        text += branch("owners", location.owners, isLast: location.fallbacks.isEmpty)
        if !location.fallbacks.isEmpty {
            text += branch("fallbacks", location.fallbacks, isLast: true)
        }
        return text
    }

    private func branch(_ title: String, _ replicas: [KeyLocation.Replica], isLast: Bool) -> String {
        var text = (isLast ? "└─ " : "├─ ") + title + "\n"
        var table = Table(columns: [.left, .left, .left])
        for (index, replica) in replicas.enumerated() {
            let trunk = (isLast ? "   " : "│  ") + (index == replicas.count - 1 ? "└─ " : "├─ ")
            table.add([
                trunk + "\(index + 1) \(replica.name)", replica.reachable ? "reachable" : "UNREACHABLE",
                replica.holds ? "holds the partition" : "",
            ])
        }
        text += table.text()
        return text
    }
}
