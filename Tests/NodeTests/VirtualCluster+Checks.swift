import Gossip
import Hashing
import Machine
import Node
import Ring
import Storage
import Testing
import Wire

/// What must be true of a cluster that has come to rest.
extension VirtualCluster {
    /// So many nodes, each joined through the first, at rest.
    static func resting(_ count: Int, seed: UInt64 = 1) throws -> VirtualCluster {
        var options = Options()
        options.seed = seed
        let cluster = VirtualCluster(options)
        try cluster.add()
        for _ in 1..<max(count, 1) {
            try cluster.add(joining: 0)
        }
        cluster.rest()
        return cluster
    }

    /// Sends a node a membership, as any other node does.
    func announce(_ exchange: MembershipExchange, to index: Int) {
        var payload = ByteBuffer()
        exchange.encode(into: &payload)
        let frame = Frame(header: FrameHeader(kind: .exchange, requestID: 1), payload: payload)
        ask(frame, from: (index + 1) % hosts.count, to: index, lane: options.shards)
    }

    /// The hosts on which a node runs.
    var running: [Int] { hosts.indices.filter { hosts[$0].node != nil } }

    /// Whether every running node is up, sees every other as reachable, and has the same membership.
    var isWhole: Bool {
        let nodes = running.compactMap { hosts[$0].node }
        guard let first = nodes.first else { return false }
        return nodes.allSatisfy { node in
            node.exchange.membership.epoch == first.exchange.membership.epoch
                && node.exchange.membership[node.id]?.state == .up
                && nodes.allSatisfy { node.view.isReachable($0.id) }
        }
    }

    /// Whether beyond that every owner holds what it should, nobody else does, and nothing is left to do.
    var isAtRest: Bool {
        guard isWhole else { return false }
        return running.allSatisfy { index in
            guard let node = hosts[index].node else { return false }
            let ring = node.view.ring
            return node.workCount == 0 && node.reader.hintCount == 0
                && ring.partitions.allSatisfy { partition in
                    let replicas = ring.replicas(of: partition)
                    return replicas.count == replicas.ownerCount && replicas.holderCount == replicas.ownerCount
                }
        }
    }

    /// Lets the cluster come to rest, and checks that it does.
    func rest(within limit: Duration = .seconds(120), sourceLocation: SourceLocation = #_sourceLocation) {
        // What is on its way between two nodes, a repair say, is in nobody's work.
        run(.seconds(1))
        let isReached = run(within: limit) { isAtRest }
        #expect(isReached, "no rest after \(limit): \(summary); seed \(options.seed)", sourceLocation: sourceLocation)
    }

    /// Checks that the copies of every partition are the same at all its owners, and that nobody else has any.
    func expectOwnersAlike(sourceLocation: SourceLocation = #_sourceLocation) {
        var copies: [[UInt64: [IndexEntry]]] = []
        guard let ring = running.first.flatMap({ hosts[$0].node?.view.ring }) else { return }
        for index in running {
            var byPartition: [UInt64: [IndexEntry]] = [:]
            var from: UInt64? = 0
            while let first = from, let node = hosts[index].node {
                let page = node.reader.page(tokens: first...UInt64.max, limit: 1024)
                for entry in page.entries {
                    byPartition[UInt64(ring.partition(of: Token(value: entry.token)).index), default: []].append(entry)
                }
                from = page.next
            }
            copies.append(byPartition)
        }
        for partition in ring.partitions {
            let owners = ring.ownerIDs(of: partition)
            var expected: [[UInt64]]?
            for (place, index) in running.enumerated() {
                let found = (copies[place][UInt64(partition.index)] ?? []).map { [$0.token, $0.hash] }.sorted {
                    $0.lexicographicallyPrecedes($1)
                }
                guard owners.contains(hosts[index].id) else {
                    #expect(
                        found.isEmpty, "\(found.count) strays of \(partition) at host \(index); seed \(options.seed)",
                        sourceLocation: sourceLocation)
                    continue
                }
                if let expected {
                    #expect(
                        found == expected, "\(partition) differs at host \(index); seed \(options.seed)",
                        sourceLocation: sourceLocation)
                } else {
                    expected = found
                }
            }
        }
    }

    /// What each node is at, for a test that fails.
    var summary: String {
        running.map { index in
            guard let node = hosts[index].node else { return "" }
            let members = node.exchange.membership.records.map { record in
                let letter = String("\(record.effectiveState)".prefix(2))
                return "\(letter)\(record.holdings.count)" + (node.view.isReachable(record.id) ? "" : "!")
            }
            return "host \(index): members \(members), work \(node.workCount), hints \(node.reader.hintCount), "
                + "epoch \(node.exchange.membership.epoch.measure)"
        }.joined(separator: "; ")
    }
}
