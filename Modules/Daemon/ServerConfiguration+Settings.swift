import NodeSettings
import Server

extension ServerConfiguration {
    /// What the settings say, in the server's words.
    init(_ settings: NodeConfiguration) {
        self.init()
        cluster = settings.cluster
        name = settings.name
        host = settings.host
        advertisedHost = settings.advertisedHost
        port = Int(settings.port)
        httpPort = settings.httpPort.map(Int.init) ?? 0
        seeds = settings.seeds.map { RPCSeed(host: $0.host, port: Int($0.port)) }
        dataDirectory = settings.dataDirectory
        engine = settings.engine == .memory ? .memory : .log
        durability =
            switch settings.durability {
            case .sync: .sync
            case .interval: .interval
            case .none: .none
            }
        zone = settings.zone
        weight = settings.weight
        partitions = settings.partitions
        replicas = settings.replicas
        read = settings.read
        write = settings.write
        isHedging = settings.hedging == .on
        timeout = settings.timeout
        valueByteLimit = settings.maxValueSize
        hintLimit = settings.hintLimit
    }
}
