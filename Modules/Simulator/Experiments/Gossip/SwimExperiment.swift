public import Gossip
import Machine

/// What the SWIM paper claims (Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
/// Protocol", DSN 2002), measured: the time to the first probe of a failed member, the load, and the longest gap between probes.
public struct SwimExperiment: Sendable {
    /// The first probe of a member after some moment, in periods, begun ones counted whole.
    public struct Detection: Sendable {
        /// The members of the group.
        public let members: Int
        /// How many first probes were seen.
        public let samples: Int
        /// Their mean.
        public let mean: Double
        /// The standard error of the mean.
        public let standardError: Double
        /// The longest that one member took to probe the same other again, in periods; `nil` where laps are too long to wait.
        public let longestGap: Double?
    }

    /// What a member sends in a second.
    public struct Load: Sendable {
        /// The members of the group.
        public let members: Int
        /// Datagrams for each member and second, and their bytes without the headers of UDP and IP.
        public let datagrams, bytes: Double
    }

    /// Seconds from a crash to the suspicion, to the first verdict, and to everyone's.
    public struct Crash: Sendable {
        /// The members of the group.
        public let members: Int
        /// The means over some crashes.
        public let suspicion, firstVerdict, lastVerdict: Double
    }

    /// In larger groups laps take too long to wait for.
    private static let gapLimit = 200

    private let seed: UInt64

    /// An experiment; all follows from the seed.
    public init(seed: UInt64 = 1) {
        self.seed = seed
    }

    private func world(_ count: Int, _ configuration: GossipConfiguration) -> GossipWorld {
        var world = GossipWorld(count, configuration: configuration, seed: seed &* 1_000_003 &+ UInt64(count))
        world.run(for: .seconds(20))
        world.forgetFigures()
        return world
    }

    /// Watches when the first probe falls on each member after each of some moments, which is when it would first be missed if
    /// it failed then; and for four laps how long any member goes without probing any other.
    public func detection(members count: Int, samples: Int) -> Detection {
        var world = world(count, .swim)
        world.isRecordingProbes = true
        var periods: [Double] = []
        var latest = [Int64](repeating: -1, count: count <= Self.gapLimit ? count * count : 0)
        var longestGap: Int64 = 0
        // So long that a moment tells nothing of the next.
        let pause = 12
        var first = [Int64?](repeating: nil, count: count)
        let enough = (samples + count - 1) / count
        let rounds = count <= Self.gapLimit ? max(enough, 4 * count / pause + 1) : enough
        for _ in 0..<rounds {
            let start = world.now
            world.run(for: .seconds(pause))
            for index in first.indices {
                first[index] = nil
            }
            for probe in world.probes {
                first[probe.target] = first[probe.target] ?? probe.time - start
                let pair = probe.prober * count + probe.target
                guard pair < latest.count else { continue }
                if latest[pair] >= 0 {
                    longestGap = max(longestGap, probe.time - latest[pair])
                }
                latest[pair] = probe.time
            }
            world.forgetFigures()
            periods += first.map { ((Double($0 ?? Int64(pause) * 1_000_000_000)) / 1e9).rounded(.up) }
        }
        return Detection(
            members: count, samples: periods.count, mean: periods.mean, standardError: periods.standardError,
            longestGap: latest.isEmpty ? nil : Double(longestGap) / 1e9)
    }

    /// Counts what members send in a minute, in peace or while one of them is dead since a moment ago.
    public func load(members count: Int, _ configuration: GossipConfiguration, isOneDead: Bool = false) -> Load {
        var world = world(count, configuration)
        world.isCountingBytes = true
        if isOneDead {
            world.crash(count / 2)
        }
        world.run(for: .seconds(60))
        let scale = Double(60 * (isOneDead ? count - 1 : count))
        return Load(
            members: count, datagrams: Double(world.datagramCount) / scale, bytes: Double(world.byteCount) / scale)
    }

    /// Lets one member after another crash.
    public func crashes(members count: Int, _ configuration: GossipConfiguration, crashes: Int) -> Crash {
        var world = world(count, configuration)
        var times: [[Double]] = [[], [], []]
        for victim in 0..<crashes {
            let start = world.now
            world.forgetFigures()
            world.crash(victim)
            world.run(for: .milliseconds(60_000 + 137 * victim))
            let verdicts = world.verdicts.filter { $0.subject == victim }
            let moments = [
                world.suspicions.first { $0.subject == victim }?.time, verdicts.first?.time, verdicts.last?.time,
            ]
            for (index, moment) in moments.enumerated() {
                times[index].append(moment.map { Double($0 - start) / 1e9 } ?? .infinity)
            }
        }
        return Crash(
            members: count, suspicion: times[0].mean, firstVerdict: times[1].mean, lastVerdict: times[2].mean)
    }
}
