import Coordinator
import Disk
import Gossip
import Handoff
public import Logging
import Machine
import NIOCore
import NIOPosix
import Node
import RPC
import Ring
import Storage
import Wire

extension NodeServer {
    /// Starts a node: takes its data directory and ports, joins or begins its cluster.
    ///
    /// Returns when the node takes part; it serves its share when ``whenServing()`` returns. Waits for a seed for as long as
    /// none answers.
    public static func start(
        _ configuration: ServerConfiguration, logger: Logger
    ) async throws(StartFailure) -> NodeServer {
        let loopCount = configuration.eventLoops ?? System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, min(loopCount, 64)))
        do throws(StartFailure) {
            return try await start(configuration, group: group, logger: logger)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func start(
        _ configuration: ServerConfiguration, group: MultiThreadedEventLoopGroup, logger: Logger
    ) async throws(StartFailure) -> NodeServer {
        let host = try literalAddress(of: configuration.advertisedHost ?? configuration.host)
        let bindHost = try literalAddress(of: configuration.host)
        let ports = 0...65535
        guard ports.contains(configuration.port),
            ports.contains(configuration.httpPort ?? (configuration.port == 0 ? 0 : configuration.port + 1))
        else {
            throw .configuration("a port is a number from 0 to 65535, and HTTP's default is one above --port")
        }
        let seeds = try addresses(of: configuration.seeds)
        let fileSystem: any FileSystem =
            configuration.fileSystem ?? (configuration.engine == .memory ? VirtualFileSystem() : PosixFileSystem())
        let path = configuration.dataDirectory ?? "toystore-data/\(configuration.host)-\(configuration.port)"
        let directory = try DataDirectory(path: path, fileSystem: fileSystem)
        let restored = try directory.identity()
        if let restored, restored.identity.cluster != configuration.cluster {
            throw .wrongCluster(
                "the data in \(path) belongs to the cluster \"\(restored.identity.cluster)\", and --cluster says \"\(configuration.cluster)\""
            )
        }
        var system = SystemRandomNumberGenerator()
        var generator = SeededGenerator(seed: system.next())
        let node = restored?.identity.node ?? NodeID(high: system.next(), low: system.next())
        let hello = try introduction(of: node, configuration)

        // Ports first: they say where the node is, and a port in use is known before anything is written.
        let doors = Doors()
        let acceptor = RPCAcceptor(
            hello: hello, admit: { _ in doors.isOpen ? nil : .busy }, makeDelegate: { doors.delegate(of: $0) })
        let listener: RPCListener
        do throws(RPCListenFailure) {
            listener = try await RPCListener.bind(
                to: RPCEndpoint(host: bindHost, port: configuration.port), acceptor: acceptor, group: group,
                configuration: configuration.connections, logger: logger)
        } catch {
            throw .port("\(error)")
        }
        let port = listener.endpoint.port
        do throws(StartFailure) {
            let home = try await settle(
                node, host: host, port: port, directory: directory, restored: restored, configuration, hello: hello,
                group: group, logger: logger)
            return try await run(
                home, hello: hello, bindHost: bindHost, host: host, port: port, directory: directory,
                listener: listener,
                doors: doors, seeds: seeds, configuration, group: group, generator: &generator, logger: logger)
        } catch {
            await listener.close()
            throw error
        }
    }

    /// Who the node is and whom it knows, when it begins to take part.
    struct Home {
        var identity: IdentityFile
        var membership: Membership
        var ring: RingConfiguration
        var name: String
    }

    /// Goes on as the node that the directory has, or makes it a new one: the first of a cluster, or one more.
    private static func settle(
        _ node: NodeID, host: String, port: Int, directory: DataDirectory,
        restored: IdentityFile?, _ configuration: ServerConfiguration, hello: Hello, group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) async throws(StartFailure) -> Home {
        let name = configuration.name ?? "\(configuration.host)-\(port)"
        func describe(_ record: inout Member) {
            record.name = name
            record.host = host
            record.port = UInt16(port)
            record.httpPort = UInt16(clamping: configuration.httpPort ?? (port < 65535 ? port + 1 : 0))
            record.zone = configuration.zone
            record.weight = configuration.weight
            record.softwareVersion = version
        }
        if let identity = restored?.identity, let restored {
            guard
                let ring = RingConfiguration(
                    partitions: Int(identity.partitions), replicas: Int(identity.replicas), birth: identity.birth)
            else {
                throw .dataDirectory("\(directory.path) is of no cluster; move it away and join as a new node")
            }
            try check(configuration, against: ring)
            var record = Member(id: node, name: name, host: host, port: 0, holdings: .none(of: ring.partitions))
            describe(&record)
            try check(record)
            // Before anybody hears it: two words of one version would be taken for those of a cloned identity.
            let membership = try directory.restart(node, describe)
            return Home(identity: restored, membership: membership, ring: ring, name: name)
        }
        var ring: RingConfiguration
        var membership = Membership()
        var state = MemberState.up
        if configuration.seeds.isEmpty {
            guard
                let chosen = RingConfiguration(
                    partitions: configuration.partitions ?? RingConfiguration.standard.partitions,
                    replicas: configuration.replicas ?? RingConfiguration.standard.replicas,
                    birth: UInt64.random(in: 1...UInt64.max))
            else {
                throw .configuration(
                    "--partitions must be a power of two up to \(RingConfiguration.partitionLimits.upperBound), and --replicas 1 to \(RingConfiguration.replicaLimits.upperBound)"
                )
            }
            ring = chosen
        } else {
            let seeds = configuration.seeds.map { RPCEndpoint(host: $0.host, port: $0.port) }
            let contact = ClusterContact(hello: hello, seeds: seeds, eventLoop: group.next(), logger: logger)
            let exchange = try await contact.ask()
            ring = exchange.configuration
            membership = exchange.membership
            state = .joining
            try check(configuration, against: ring)
        }
        var record = Member(
            id: node, name: name, host: host, port: UInt16(port), state: state,
            holdings: state == .up ? .all(of: ring.partitions) : .none(of: ring.partitions),
            run: UInt64.random(in: 0...UInt64.max))
        describe(&record)
        try check(record)
        guard membership.merge(record) else {
            throw .configuration("the cluster has as many members as it takes (\(Membership.limit))")
        }
        let identity = try directory.create(
            NodeIdentity(
                node: node, cluster: configuration.cluster, partitions: UInt32(ring.partitions),
                replicas: UInt32(ring.replicas), birth: ring.birth), membership)
        return Home(identity: identity, membership: membership, ring: ring, name: name)
    }

    private static func check(_ record: Member) throws(StartFailure) {
        do throws(DecodingFailure) {
            try record.check()
        } catch {
            throw .configuration("the node's own description: \(error)")
        }
    }

    private static func check(
        _ configuration: ServerConfiguration, against ring: RingConfiguration
    ) throws(StartFailure) {
        if let partitions = configuration.partitions, partitions != ring.partitions {
            throw .wrongCluster(
                "the cluster has \(ring.partitions) partitions, fixed at its birth, and --partitions says \(partitions); leave the flag out"
            )
        }
        if let replicas = configuration.replicas, replicas != ring.replicas {
            throw .wrongCluster(
                "the cluster keeps \(ring.replicas) replicas, fixed at its birth, and --replicas says \(replicas); leave the flag out"
            )
        }
    }

    /// Opens storage and puts the machines on their loops.
    private static func run(
        _ home: Home, hello: Hello, bindHost: String, host: String, port: Int, directory: DataDirectory,
        listener: RPCListener, doors: Doors, seeds: [GossipAddress], _ configuration: ServerConfiguration,
        group: MultiThreadedEventLoopGroup,
        generator: inout SeededGenerator, logger: Logger
    ) async throws(StartFailure) -> NodeServer {
        let node = home.identity.identity.node
        let incarnation = home.identity.identity.incarnation
        let (storage, inventory) = try openStorage(
            home, directory, configuration, seededBy: &generator, logger: logger)

        let loops = Array(group.makeIterator())
        var controlConfiguration = ControlConfiguration(cluster: configuration.cluster, ring: home.ring)
        controlConfiguration.gossip = GossipConfiguration()
        let machine = ControlPlane(
            own: node, membership: home.membership, restoredIncarnation: incarnation,
            configuration: controlConfiguration, seed: generator.next())
        let view = machine.view
        let control = ControlRunner(
            machine: machine, eventLoop: loops[0], storage: storage, logger: logger)

        var shardConfiguration = ShardConfiguration()
        shardConfiguration.read = configuration.read
        shardConfiguration.write = configuration.write
        shardConfiguration.isHedging = configuration.isHedging
        shardConfiguration.timeout = configuration.timeout.nanoseconds
        shardConfiguration.isDurable = configuration.engine == .log && configuration.durability == .sync
        let shards = loops.enumerated().map { index, loop in
            ShardRunner(
                index: index, machine: RequestShard(configuration: shardConfiguration, view: view), eventLoop: loop,
                storage: storage, control: { control.receive($0) }, logger: logger)
        }
        let service = ServerService(
            clusterName: configuration.cluster, valueByteLimit: configuration.valueByteLimit, shards: shards,
            control: control)

        let datagrams: GossipSocket
        do {
            datagrams = try await GossipSocket.bind(
                host: bindHost, port: port, eventLoop: loops[0], logger: logger
            ) { datagram, address in control.receive(.datagram(datagram, from: address)) }
        } catch {
            await storage.close()
            throw .port("UDP \(bindHost):\(port) for the gossip cannot be used: \(error); choose another with --port")
        }
        for shard in shards {
            shard.start(
                seeing: view, hello: hello, configuration: configuration.connections, seed: generator.next())
        }
        control.start(
            hello: hello, shards: shards, datagrams: datagrams, seeds: seeds, inventory: inventory,
            configuration: configuration.connections, seed: generator.next())
        if configuration.durability == .interval {
            loops[0].scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in storage.sync() }
        }
        loops[0].scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in storage.tick() }
        doors.open(shards: shards, control: control, service: service, logger: logger)
        return NodeServer(
            service: service, name: home.name, endpoint: RPCEndpointText(host: host, port: port), group: group,
            listener: listener, datagrams: datagrams, shards: shards, control: control, storage: storage,
            directory: directory)
    }

    private static func introduction(
        of node: NodeID, _ configuration: ServerConfiguration
    ) throws(StartFailure) -> Hello {
        do throws(DecodingFailure) {
            return try Hello(role: .peer, nodeID: node, clusterName: configuration.cluster)
        } catch {
            throw .configuration("the cluster's name must have 1 to 64 bytes: \(error)")
        }
    }

    /// Where the gossip finds the seeds.
    private static func addresses(of seeds: [RPCSeed]) throws(StartFailure) -> [GossipAddress] {
        var addresses: [GossipAddress] = []
        for seed in seeds {
            guard (1...65535).contains(seed.port),
                let address = GossipAddress(host: try literalAddress(of: seed.host), port: UInt16(seed.port))
            else { throw .configuration("the seed \(seed.host):\(seed.port) is no address to reach a node at") }
            addresses.append(address)
        }
        return addresses
    }

    /// The address of a host: the gossip speaks addresses only.
    private static func literalAddress(of host: String) throws(StartFailure) -> String {
        if (try? SocketAddress(ipAddress: host, port: 0)) != nil {
            return host
        }
        guard let address = try? SocketAddress.makeAddressResolvingHost(host, port: 0), let text = address.ipAddress
        else {
            throw .configuration("the host \"\(host)\" has no address; give an address, or a name that resolves")
        }
        return text
    }
}
