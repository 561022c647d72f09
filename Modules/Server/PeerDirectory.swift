import Machine
import Node
import RPC
import Ring

/// Where the other members are, as a set of connections was last told.
struct PeerDirectory {
    private var endpoints: [NodeID: RPCEndpoint] = [:]

    /// Tells the connections what is new in a view, and to forget who is no member any more.
    mutating func follow(_ view: ClusterView, _ peers: PeerConnections?) {
        var current: [NodeID: RPCEndpoint] = [:]
        for member in view.ring.members where member.id != view.own {
            let endpoint = RPCEndpoint(host: member.host, port: Int(member.port))
            current[member.id] = endpoint
            if endpoints[member.id] != endpoint {
                peers?.setEndpoint(endpoint, of: member.id)
            }
        }
        for (node, _) in endpoints where current[node] == nil {
            peers?.remove(node)
        }
        endpoints = current
    }
}
