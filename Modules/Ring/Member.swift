public import Machine

/// What is known about one member: two registers, each with its own writer.
///
/// The member's *own word* is everything but the directive; only the member writes it, and the greatest version wins.
/// The *directive* is the operators', and the greatest epoch wins. So a member that comes back with an old view can
/// neither undo an operator's word, nor be undone by somebody who repeats an old word of its own.
public struct Member: Hashable, Sendable, Identifiable {
    /// Who it is; made with its data directory.
    public let id: NodeID
    /// Which of its words this is, from 1; raised by ``amend(_:)``, at most ``versionLimit``.
    public private(set) var version: UInt64
    /// Which start of the node says this: drawn at random at each. Two nodes on copies of one disk say the same under the
    /// same version but for this.
    public let run: UInt64
    /// The starts that have said a word of this version, in order, this one among them; the ``runLimit`` least where there
    /// are more. One, but where starts came to nothing before anybody heard of them. Where it is one that the node does not
    /// remember, the node has gone back in time, or runs twice.
    public internal(set) var runs: [UInt64]
    /// The state that it gives itself; never `removed`, which is an operator's.
    public var state: MemberState
    /// The name that people call it by, at most 64 bytes of UTF-8. Not an identity.
    public var name: String
    /// The host name or address that others reach it at, at most 255 bytes.
    public var host: String
    /// The port for peers, clients and gossip.
    public var port: UInt16
    /// The port of the HTTP door; 0 where it is closed.
    public var httpPort: UInt16
    /// The port of the Redis door; 0 where it is closed.
    public var respPort: UInt16
    /// What fails together with it (a rack, a zone), at most 64 bytes. Members of one zone avoid each other's partitions.
    public var zone: String
    /// Its share of the data relative to the others', within ``weightLimits``.
    public var weight: UInt32
    /// The release that it runs, at most 64 bytes.
    public var softwareVersion: String
    /// The partitions of which it holds a complete copy.
    public var holdings: PartitionSet
    /// The operators' word.
    public internal(set) var directive: Directive

    /// The weights that are possible; 100 unless told.
    public static let weightLimits: ClosedRange<UInt32> = 1...10_000
    /// The most bytes of a name, a zone or a software version.
    public static let nameByteLimit = 64
    /// The most bytes of a host.
    public static let hostByteLimit = 255
    /// The most ``runs`` that are kept.
    public static let runLimit = 8
    /// The greatest version, 2^48 − 1: so that the measure of a whole membership fits 64 bits.
    public static let versionLimit: UInt64 = (1 << 48) - 1

    /// A member's first word. Texts and weights from outside belong through ``check()``.
    public init(
        id: NodeID, name: String, host: String, port: UInt16, httpPort: UInt16 = 0, respPort: UInt16 = 0,
        zone: String = "", weight: UInt32 = 100, state: MemberState = .joining, holdings: PartitionSet,
        softwareVersion: String = "", version: UInt64 = 1, run: UInt64 = 0, directive: Directive = .initial
    ) {
        self.id = id
        self.version = version
        self.run = run
        runs = [run]
        self.state = state
        self.name = name
        self.host = host
        self.port = port
        self.httpPort = httpPort
        self.respPort = respPort
        self.zone = zone
        self.weight = weight
        self.softwareVersion = softwareVersion
        self.holdings = holdings
        self.directive = directive
    }

    /// The state that counts: the operators' word over the member's own.
    public var effectiveState: MemberState {
        switch directive.kind {
        case .remove: .removed
        case .leave: state.isPlaced ? .leaving : state
        case .none: state
        }
    }

    /// The weight that counts: the operators' over the member's own, moved into ``weightLimits``.
    public var effectiveWeight: UInt32 {
        min(max(directive.weight ?? weight, Self.weightLimits.lowerBound), Self.weightLimits.upperBound)
    }

    /// Changes the member's own word, and gives it the next version. For the member itself only: two writers of one
    /// version contest each other.
    public mutating func amend(_ change: (inout Member) -> Void) {
        let (version, directive) = (version, directive)
        change(&self)
        self.version = min(version + 1, Self.versionLimit)
        self.directive = directive
        runs = [run]
    }

    /// The member's own word at another start: under the next version, but where nobody is known to have heard the last one.
    mutating func restart(run: UInt64, wasTold: Bool, _ change: (inout Member) -> Void) {
        var next = Member(
            id: id, name: name, host: host, port: port, httpPort: httpPort, respPort: respPort, zone: zone,
            weight: weight, state: state, holdings: holdings, softwareVersion: softwareVersion, version: version,
            run: run, directive: directive)
        let before = self
        change(&next)
        self = next
        version = wasTold ? min(before.version + 1, Self.versionLimit) : before.version
        directive = before.directive
        runs = wasTold ? [run] : Self.least(before.runs + [run])
    }

    /// The ``runLimit`` least of some runs, in order.
    static func least(_ runs: [UInt64]) -> [UInt64] {
        var result: [UInt64] = []
        for run in runs.sorted() where run != result.last && result.count < runLimit {
            result.append(run)
        }
        return result
    }

    /// Refuses what the encoding cannot carry: a text or a number over its limit, or a state that is not the member's.
    public func check() throws(DecodingFailure) {
        guard (1...Self.versionLimit).contains(version) else { throw .invalid("a member's version") }
        guard state != .removed else { throw .invalid("a member's own state") }
        guard Self.weightLimits.contains(weight) else { throw .invalid("a member's weight") }
        for (text, field, limit) in [
            (name, "a member's name", Self.nameByteLimit), (zone, "a member's zone", Self.nameByteLimit),
            (softwareVersion, "a member's software version", Self.nameByteLimit),
            (host, "a member's host", Self.hostByteLimit),
        ] {
            guard text.utf8.count <= limit else { throw .tooLarge(field, limit: limit) }
        }
    }
}
