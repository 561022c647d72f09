import Coordinator
import Hashing
import Machine
import Ring

/// The replicas of one request by position: the partition's replica set in one ring, then fallbacks once they are wanted.
struct ReplicaPlan {
    let view: ClusterView
    let partition: PartitionID
    let replicas: ReplicaSet
    private(set) var fallbacks: [MemberIndex] = []
    private(set) var map: ReplicaMap

    /// Everyone of the partition of `token`; fallbacks too where somebody is out of reach.
    init(view: ClusterView, token: Token, down: DownNodes) {
        self.view = view
        partition = view.ring.partition(of: token)
        replicas = view.ring.replicas(of: partition)
        var reachable = PositionSet()
        for position in replicas.indices
        where view.isReachable(replicas[position]) && !down.contains(view.id(of: replicas[position])) {
            reachable.insert(position)
        }
        map = ReplicaMap(
            owners: PositionSet(first: replicas.ownerCount), holders: PositionSet(bits: replicas.holdsMask),
            fallbacks: [], reachable: reachable)
        if reachable.count < replicas.count || replicas.isEmpty {
            addFallbacks(down: down)
        }
    }

    /// How this node sees the partition, to send along.
    var placement: PlacementView {
        PlacementView(epoch: view.ring.epoch, fingerprint: replicas.fingerprint)
    }

    /// The position of this node, if it has one among replicas and known fallbacks.
    var ownPosition: Int? { view.ownIndex.flatMap { position(of: $0) } }

    /// Finds the fallbacks, once; those that can be reached.
    @discardableResult
    mutating func addFallbacks(down: DownNodes) -> PositionSet {
        if fallbacks.isEmpty {
            fallbacks = Array(view.ring.fallbacks(of: partition).prefix(PositionSet.capacity - replicas.count))
            for (offset, member) in fallbacks.enumerated() {
                map.fallbacks.insert(replicas.count + offset)
                if view.isReachable(member), !down.contains(view.id(of: member)) {
                    map.reachable.insert(replicas.count + offset)
                }
            }
        }
        return map.fallbacks & map.reachable
    }

    func node(at position: Int) -> NodeID {
        view.id(of: position < replicas.count ? replicas[position] : fallbacks[position - replicas.count])
    }

    func position(of member: MemberIndex) -> Int? {
        if let position = replicas.firstIndex(of: member) {
            return position
        }
        return fallbacks.firstIndex(of: member).map { replicas.count + $0 }
    }

    func position(of node: NodeID) -> Int? {
        view.ring.index(of: node).flatMap { position(of: $0) }
    }

    func nodes(at positions: PositionSet) -> [NodeID] {
        positions.map { node(at: $0) }
    }
}

/// Nodes whose connection was lost just now: known a moment before the gossip knows it. Few, so a sorted array.
struct DownNodes {
    private var nodes: [NodeID] = []

    func contains(_ node: NodeID) -> Bool {
        !nodes.isEmpty && nodes.contains(node)
    }

    mutating func insert(_ node: NodeID) {
        if !nodes.contains(node) {
            nodes.append(node)
        }
    }

    mutating func remove(_ node: NodeID) {
        nodes.removeAll { $0 == node }
    }
}
