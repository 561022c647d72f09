import Machine

/// What the one deadline of the machine may stand for, and its name in the queue of deadlines.
enum GossipTimer: Equatable {
    case period
    case news
    case pushPull
    case departure
    /// A question on its way, by its place in the table of flights.
    case flight(Int)
    /// A suspicion, by its member's place in the table of members.
    case suspicion(Int)

    private static let firstFlight = 4

    init(name: UInt32, flightCapacity: Int) {
        switch Int(name) {
        case 0: self = .period
        case 1: self = .news
        case 2: self = .pushPull
        case 3: self = .departure
        case let name where name < Self.firstFlight + flightCapacity: self = .flight(name - Self.firstFlight)
        case let name: self = .suspicion(name - Self.firstFlight - flightCapacity)
        }
    }

    func name(flightCapacity: Int) -> UInt32 {
        switch self {
        case .period: 0
        case .news: 1
        case .pushPull: 2
        case .departure: 3
        case .flight(let place): UInt32(Self.firstFlight + place)
        case .suspicion(let index): UInt32(Self.firstFlight + flightCapacity + index)
        }
    }
}

/// The configuration's times in nanoseconds, worked out once.
struct GossipTiming {
    let probeInterval: Int64
    let probeTimeout: Int64
    /// When a helper says that it has no answer so far: 80 % of the probe timeout (Lifeguard, section IV-A).
    let nackDelay: Int64
    let newsInterval: Int64?
    let pushPullInterval: Int64
    let tombstoneRetention: Int64
    let leaveTimeout: Int64
    let pauseTolerance: Int64?

    init(_ configuration: GossipConfiguration) {
        probeInterval = configuration.probeInterval.nanoseconds
        probeTimeout = configuration.probeTimeout.nanoseconds
        nackDelay = configuration.probeTimeout.nanoseconds / 5 * 4
        newsInterval = configuration.newsInterval?.nanoseconds
        pushPullInterval = configuration.pushPullInterval.nanoseconds
        tombstoneRetention = configuration.tombstoneRetention.nanoseconds
        leaveTimeout = configuration.leaveTimeout.nanoseconds
        pauseTolerance = configuration.pauseTolerance?.nanoseconds
    }
}
