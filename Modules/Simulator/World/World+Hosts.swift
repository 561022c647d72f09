import Causality
import Gossip
import Handoff
import Machine
import Node
import Ring
import Storage
import Wire

extension World {
    /// How a process ends.
    enum End {
        /// All files are closed; what was written stays, synced or not.
        case kill
        /// What was not synced is lost, in whole or in part.
        case powerCut
    }

    /// Makes a host with a new identity and starts its node: the first of the cluster, or one that joins through a host.
    func add(joining seed: Int?) throws(StorageFailure) {
        let index = hosts.count
        guard index < Self.hostLimit, let address = GossipAddress(host: "sim", port: UInt16(index + 1)) else { return }
        let host = SimulatedHost(
            index: index, id: NodeID(from: &generator), address: address, seed: generator.next())
        hosts.append(host)
        try settle(host, joining: seed)
    }

    /// Makes a host with a copy of a host's disk: what is durable there, and the identity.
    func addClone(of host: SimulatedHost, seed: UInt64) {
        let index = hosts.count
        guard index < Self.hostLimit, let address = GossipAddress(host: "sim", port: UInt16(index + 1)) else { return }
        let clone = SimulatedHost(index: index, id: host.id, address: address, seed: seed)
        clone.replaceDisk(with: host.fileSystem.image())
        clone.isClone = true
        hasClones = true
        clone.isDamaged = host.isDamaged
        hosts.append(clone)
    }

    /// Lets a host with an empty disk be a new member.
    func settle(_ host: SimulatedHost, joining seed: Int?) throws(StorageFailure) {
        hostOfNode[host.id] = host.index
        let known = seed.flatMap { hosts[$0].node?.exchange.membership } ?? Membership()
        let record = Member(
            id: host.id, name: "host-\(host.index)", host: host.address.host, port: host.address.port,
            zone: options.zones > 0 ? "zone-\(host.index % options.zones)" : "", state: seed == nil ? .up : .joining,
            holdings: seed == nil ? .all(of: ring.partitions) : .none(of: ring.partitions))
        _ = try NodeHome.create(
            record, joining: known, cluster: Self.cluster, ring: ring, in: SimulatedHost.directory,
            on: host.fileSystem)
        try start(host, seeds: seed.map { [hosts[$0].address] } ?? [])
    }

    /// Starts the node that is at home on a host's disk.
    func start(_ host: SimulatedHost, seeds: [GossipAddress] = []) throws(StorageFailure) {
        guard host.node == nil else { return }
        let home = try NodeHome.open(in: SimulatedHost.directory, on: host.fileSystem, run: generator.next()) {
            record in
            record.host = host.address.host
            record.port = host.address.port
        }
        guard let home else {
            throw .notFound("an identity on host \(host.index)")
        }
        var log = LogEngine.Configuration()
        log.segmentByteCount = 1 << 16
        log.preallocationByteCount = 4 << 10
        log.reservedByteCount = 0
        let engine = try LogEngine(
            host.fileSystem, directory: SimulatedHost.directory + "/store", configuration: log)
        var configuration = NodeConfiguration(control: ControlConfiguration(cluster: Self.cluster, ring: ring))
        configuration.control.acquisition.batchBytes = options.transfer.batchBytes
        configuration.control.hints.batchBytes = options.transfer.batchBytes
        configuration.control.hints.scanLimit = options.transfer.listing
        configuration.control.homecoming.batchBytes = options.transfer.batchBytes
        configuration.control.homecoming.scanLimit = options.transfer.listing
        configuration.shards = options.shards
        configuration.limits.siblings = options.siblingLimit
        configuration.shard.isHedging = options.isHedging
        host.node = try Node(home: home, engine: engine, configuration: configuration, seed: generator.next())
        host.failure = nil
        host.started = now
        report("host \(host.index) starts as \(host.id.description.prefix(8))")
        for other in hosts where other.index != host.index {
            let link = Self.pair(host.index, other.index)
            links[link].state = .idle
            links[link].incarnation &+= 1
            links[link].attempts = 0
            // Whatever is still sent to the life before is answered by a reset.
            let back = Self.pair(other.index, host.index)
            if links[back].state == .dead {
                after(packetDelay(), .notice(link: Int32(back), incarnation: links[back].incarnation))
            }
        }
        hand(.node(.start(seeds: seeds)), to: host, life: host.life)
    }

    /// Ends a host's process, and with it its connections.
    func end(_ host: SimulatedHost, by end: End) {
        guard host.node != nil else { return }
        report("host \(host.index) ends by \(end)")
        marks.count(end == .kill ? .kill : .powerCut)
        ended.append((host.index, host.life))
        host.endLife()
        note(12, host)
        switch end {
        case .kill:
            host.fileSystem.endProcess()
        case .powerCut:
            host.fileSystem.crash(using: &generator)
            // The power is back.
            host.diskFaults.change { $0.callsUntilPowerCut = nil }
        }
        for other in hosts where other.index != host.index {
            let mine = Self.pair(host.index, other.index)
            links[mine].held.removeAll()
            links[mine].incarnation &+= 1
            links[mine].state = .idle
            let theirs = Self.pair(other.index, host.index)
            guard links[theirs].state == .open else { continue }
            // The system of a killed process says so; a machine without power is silent.
            let isTold = end == .kill && blocked[mine] == 0
            breakLink(theirs, noticedAfter: isTold ? packetDelay() : Self.keepaliveTime)
        }
    }

    /// Every node gives back some of what its log does not need any more, as the production shell does between commits.
    func compactAll() {
        for host in hosts where host.busyUntil <= now {
            guard let node = host.node else { continue }
            do throws(StorageFailure) {
                let progress = try node.compact(budget: 1 << 16)
                if progress.bytesCopied > 0 || progress.bytesFreed > 0 {
                    marks.count(.compacted)
                    note(13, host)
                }
            } catch {
                host.failure = error
            }
            if host.diskFaults.hasLostPower {
                end(host, by: .powerCut)
            }
        }
    }

    /// Whether a node knows that a member is removed.
    func knowsRemoval(of member: NodeID, at index: Int) -> Bool {
        hosts[index].node?.exchange.membership[member]?.effectiveState == .removed
    }

    /// Says an operator's word about a member to a node that runs.
    func direct(_ member: NodeID, _ kind: Directive.Kind, weight: UInt32? = nil) {
        for index in running {
            guard let node = hosts[index].node, node.id != member else { continue }
            var membership = node.exchange.membership
            guard membership[node.id]?.effectiveState == .up, membership.direct(member, kind, weight: weight)
            else { continue }
            var payload = ByteBuffer()
            MembershipExchange(configuration: ring, membership: membership).encode(into: &payload)
            let frame = Frame(header: FrameHeader(kind: .exchange, requestID: 1), payload: payload)
            let connection = UInt32(connections.count)
            // An operator's own connection: nobody waits for the answer.
            connections.append(Connection(link: -1, incarnation: 0, lane: nil, life: 0))
            hand(
                .node(.asked(frame, by: node.id, connection: connection)), to: hosts[index], life: hosts[index].life)
            return
        }
    }
}
