import Coordinator
import Ring

extension NodeConfiguration {
    /// Hosts that stand for every interface: one can bind them, and nobody can call them.
    private static let unspecifiedHosts: [String] = ["0.0.0.0", "::", "0", "0:0:0:0:0:0:0:0"]

    /// Reads every setting, then looks whether they go together.
    init(_ given: GivenSettings) throws(ConfigurationFailure) {
        try Self.refuseUnavailable(given)

        host = try given.value(of: .host, .host) ?? Self.defaultHost
        advertisedHost = try given.value(of: .advertise, .host) ?? host
        port = UInt16(try given.value(of: .port, .integer(in: 1...65_535)) ?? Int(Self.defaultPort))
        httpPort = try Self.door(.httpPort, offset: 1, from: port, given)
        respPort = try Self.door(.respPort, offset: 2, from: port, given)
        seeds = try given.values(of: .seed, .seed)

        let nameFormat = SettingFormat.name(least: 1, limit: Self.nameByteLimit)
        name = try given.value(of: .name, nameFormat) ?? "\(advertisedHost)-\(port)"
        zone = try given.value(of: .zone, .name(least: 0, limit: Self.nameByteLimit)) ?? ""
        let weights = Int(Member.weightLimits.lowerBound)...Int(Member.weightLimits.upperBound)
        weight = try given.value(of: .weight, .integer(in: weights)).map { UInt32($0) } ?? Self.defaultWeight
        cluster = try given.value(of: .cluster, nameFormat) ?? Self.defaultCluster
        partitions = try given.value(of: .partitions, .powerOfTwo(in: RingConfiguration.partitionLimits))
        replicas = try given.value(of: .replicas, .integer(in: RingConfiguration.replicaLimits))
        evictAfter = try given.value(of: .evictAfter, .durationOrOff(in: Self.evictAfterLimits)) ?? nil

        dataDirectory = try given.value(of: .dataDirectory, .path) ?? "toystore-data/\(host)-\(port)"
        engine = try given.value(of: .engine, .choice) ?? .log
        durability = try given.value(of: .durability, .choice) ?? .sync
        hintLimit = try given.value(of: .hintLimit, .integer(in: Self.hintLimits)) ?? Self.defaultHintLimit

        read = try given.value(of: .read, .quorum) ?? .quorum
        write = try given.value(of: .write, .quorum) ?? .quorum
        hedging = try given.value(of: .hedging, .choice) ?? .on
        timeout = try given.value(of: .timeout, .duration(in: Self.timeoutLimits)) ?? Self.defaultTimeout
        maxValueSize =
            try given.value(of: .maxValueSize, .byteCount(in: Self.maxValueSizeLimits)) ?? Self.defaultMaxValueSize

        logLevel = try given.value(of: .logLevel, .choice) ?? .info
        logFormat = try given.value(of: .logFormat, .choice) ?? .text

        try checkAddresses(given)
        try checkDoors(given)
        try checkQuorum(read, .read, given)
        try checkQuorum(write, .write, given)
    }

    /// What was asked for and cannot be done must not pass in silence, wherever it stands.
    private static func refuseUnavailable(_ given: GivenSettings) throws(ConfigurationFailure) {
        for setting in Setting.allCases {
            guard let reason = setting.unavailability, let first = given.all(setting).first else { continue }
            throw ConfigurationFailure(origin: first.origin, problem: .unavailable(reason))
        }
        if let rocksDB = given.all(.engine).first(where: { $0.text == "rocksdb" }) {
            let choices = Engine.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationFailure(
                origin: rocksDB.origin, problem: .unavailable("this build has no engine rocksdb, only: \(choices)"))
        }
    }

    /// The port of a door beside the base port; 0 switches it off.
    private static func door(
        _ setting: Setting, offset: Int, from port: UInt16, _ given: GivenSettings
    ) throws(ConfigurationFailure) -> UInt16? {
        if let own = try given.value(of: setting, .integer(in: 0...65_535)) {
            return own == 0 ? nil : UInt16(own)
        }
        guard let own = UInt16(exactly: Int(port) + offset) else {
            throw ConfigurationFailure(
                origin: given.origin(of: .port) ?? .flag(.port),
                problem: .conflict(
                    "\(port) leaves no room for \(setting.key) at +\(offset): "
                        + "a number from 1 to \(65_535 - offset), or give \(setting.key) too"))
        }
        return own
    }

    // MARK: - What goes together

    private func checkAddresses(_ given: GivenSettings) throws(ConfigurationFailure) {
        if Self.unspecifiedHosts.contains(advertisedHost) {
            let origin = given.origin(of: .advertise) ?? given.origin(of: .host) ?? .flag(.host)
            throw ConfigurationFailure(
                origin: origin,
                problem: .conflict("nobody can reach \(advertisedHost): give advertise the address of this machine"))
        }
        if name.utf8.count > Self.nameByteLimit {
            let origin = given.origin(of: .advertise) ?? given.origin(of: .host) ?? .flag(.name)
            throw ConfigurationFailure(
                origin: origin,
                problem: .conflict(
                    "too long to name the node by (\(Self.nameByteLimit) bytes with the port): give name"))
        }
        if seeds.count > Self.seedLimit {
            throw ConfigurationFailure(
                origin: given.origin(of: .seed) ?? .flag(.seed),
                problem: .invalid(value: "\(seeds.count) seeds", allowed: "at most \(Self.seedLimit)"))
        }
    }

    private func checkDoors(_ given: GivenSettings) throws(ConfigurationFailure) {
        let doors: [(setting: Setting, port: UInt16?)] = [
            (.port, port), (.httpPort, httpPort), (.respPort, respPort),
        ]
        for (index, door) in doors.enumerated() {
            guard let number = door.port, let other = doors[..<index].first(where: { $0.port == number }) else {
                continue
            }
            // Of the two, the one that was written down is the one to be told about.
            let origin = given.origin(of: door.setting) ?? given.origin(of: other.setting) ?? .flag(door.setting)
            throw ConfigurationFailure(
                origin: origin,
                problem: .conflict(
                    "\(other.setting.key) and \(door.setting.key) are both \(number): each needs its own"))
        }
    }

    /// A number that the replicas asked for beside it can never meet is a mistake; where their number is left to the
    /// cluster, each request is answered with what is required and what there is.
    private func checkQuorum(
        _ size: QuorumSize, _ setting: Setting, _ given: GivenSettings
    ) throws(ConfigurationFailure) {
        guard case .count(let count) = size, let replicas, count > replicas else { return }
        throw ConfigurationFailure(
            origin: given.origin(of: setting) ?? .flag(setting),
            problem: .conflict("\(count) is more than the replicas, of which there are \(replicas)"))
    }
}
