import Machine

/// A question on its way.
enum Flight {
    /// The probe of a period.
    struct Probe {
        let target: NodeID
        /// How many helpers were asked, and how many said that they are there.
        var helpers = 0
        var nacks = 0
        var isAcknowledged = false
    }

    /// A question asked for another member.
    struct Relay {
        let target: NodeID
        let asker: NodeID
        let askerAddress: GossipAddress
        let askerSequence: UInt64
        var isNacked = false
    }

    case probe(Probe)
    /// A rare probe of an unreachable member.
    case reconnection(NodeID)
    case relay(Relay)
}

/// The questions on their way, bounded; their sequence numbers differ from one start of a process to the next, so that
/// an answer to a former run is no answer.
struct FlightTable {
    /// Places that relays leave to one's own questions: a probe, and the reconnections of some periods.
    private static let ownPlaces = 8

    private var slots: SlotTable<Flight>
    private var names: [SlotID] = []
    private let salt: UInt64
    private let relayLimit: Int

    init(relayLimit: Int, salt: UInt64) {
        self.relayLimit = relayLimit
        self.salt = salt
        slots = SlotTable(capacity: relayLimit + Self.ownPlaces)
    }

    var capacity: Int { slots.capacity }
    var hasRoomForRelay: Bool { slots.count < relayLimit }
    /// The places in use, in order.
    var places: [Int] { slots.ids.map { Int($0.index) } }

    mutating func insert(_ flight: Flight) -> SlotID? {
        guard let id = slots.insert(flight) else { return nil }
        if Int(id.index) == names.count {
            names.append(id)
        } else {
            names[Int(id.index)] = id
        }
        return id
    }

    subscript(id: SlotID) -> Flight? {
        get { slots[id] }
        set { slots[id] = newValue }
    }

    mutating func removeAll() {
        for id in slots.ids {
            slots.remove(id)
        }
    }

    /// The flight in a place, in its present use.
    func id(at place: Int) -> SlotID? {
        guard place < names.count, slots.contains(names[place]) else { return nil }
        return names[place]
    }

    func sequence(of id: SlotID) -> UInt64 { id.rawValue ^ salt }
    func id(of sequence: UInt64) -> SlotID { SlotID(rawValue: sequence ^ salt) }
}
