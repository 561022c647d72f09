import Machine

/// The experiment of the Lifeguard paper (Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for More Accurate Failure
/// Detection", 2017): 128 members, of which C at once get no processor for D, again and again with I between.
///
/// A *false verdict* is a healthy member called unreachable by anyone; those at healthy members count apart. How long true
/// failures take is measured in runs where C members are blocked once, for longer than that takes.
public struct LifeguardExperiment: Sendable {
    /// One run.
    public struct Cell: Sendable {
        /// How many members are blocked at once.
        public let concurrency: Int
        /// For how long, in milliseconds.
        public let duration: Int
        /// With how much between, in milliseconds; `nil`: once, to see how long detection takes.
        public let interval: Int?
        /// Which run of its kind.
        public let repetition: Int
    }

    /// What the runs of a variant have shown so far.
    public struct Tally: Sendable, Equatable {
        /// Runs with intervals.
        public private(set) var runs = 0
        /// Runs that were blocked once.
        public private(set) var detectionRuns = 0
        /// Healthy members called unreachable, once for each who did so.
        public internal(set) var falseVerdicts = 0
        /// Those of them at members that were never blocked.
        public internal(set) var falseVerdictsAtHealthy = 0
        /// Seconds from the block to the first verdict at a healthy member.
        public internal(set) var detections: [Double] = []
        /// Seconds from the block to the last healthy member's verdict.
        public internal(set) var disseminations: [Double] = []

        /// Nothing so far.
        public init() {}

        mutating func count(_ cell: Cell) {
            if cell.interval == nil {
                detectionRuns += 1
            } else {
                runs += 1
            }
        }

        /// Adds other runs.
        public mutating func merge(_ other: Tally) {
            runs += other.runs
            detectionRuns += other.detectionRuns
            falseVerdicts += other.falseVerdicts
            falseVerdictsAtHealthy += other.falseVerdictsAtHealthy
            detections += other.detections
            disseminations += other.disseminations
        }
    }

    static let concurrencies = [1, 4, 8, 12, 16, 20, 24, 28, 32]
    static let durations = (7...15).map { 1 << $0 }
    static let intervals = (0...7).map { 1 << (2 * $0) }
    /// Longer than nearly every detection.
    static let longDurations = [16_384, 32_768]
    private static let memberCount = 128
    private static let settling = Duration.seconds(15)
    private static let length = 120_000

    /// The runs, in order.
    public let cells: [Cell]
    private let seed: UInt64
    private let readingTime: Int64

    /// All 6,480 runs of the paper with their 180 of detection, or every third of each kind once.
    ///
    /// - Parameter readingTime: how long a member that goes on takes to read each message that came meanwhile; without it, it
    ///   reads all of them at once.
    public init(isFull: Bool, seed: UInt64 = 1, readingTime: Duration = .zero) {
        self.seed = seed
        self.readingTime = readingTime.nanoseconds
        var cells: [Cell] = []
        for repetition in 0..<(isFull ? 10 : 1) {
            for (c, concurrency) in Self.concurrencies.enumerated() {
                for (d, duration) in Self.durations.enumerated() {
                    for (i, interval) in Self.intervals.enumerated() where isFull || (c + d + i) % 3 == 0 {
                        cells.append(
                            Cell(
                                concurrency: concurrency, duration: duration, interval: interval,
                                repetition: repetition))
                    }
                }
            }
        }
        for repetition in 0..<(isFull ? 10 : 2) {
            for concurrency in Self.concurrencies {
                for duration in Self.longDurations {
                    cells.append(
                        Cell(concurrency: concurrency, duration: duration, interval: nil, repetition: repetition))
                }
            }
        }
        self.cells = cells
    }

    /// Every cell under every variant, by its place in `LifeguardVariant.allCases`, shuffled: some take twenty times as long as
    /// others, and so the time that is left can be told from the time that has passed.
    public var runs: [(cell: Cell, row: Int)] {
        let rows = LifeguardVariant.allCases.indices
        var generator = SeededGenerator(seed: seed)
        return cells.flatMap { cell in rows.map { (cell, $0) } }.shuffled(using: &generator)
    }

    /// Runs one cell under one variant. The same members are blocked at the same times under every variant.
    public func run(_ cell: Cell, _ variant: LifeguardVariant) -> Tally {
        var generator = SeededGenerator(
            seed: seed &* 1_000_003 &+ UInt64(cell.repetition) &* 10_007 &+ UInt64(cell.concurrency)
                &+ UInt64(cell.duration) << 20 &+ UInt64(cell.interval ?? 0) << 40)
        var world = GossipWorld(Self.memberCount, configuration: variant.configuration, seed: generator.next())
        world.readingTime = readingTime
        world.run(for: Self.settling + .nanoseconds(Int64(generator.below(1_000_000_000))))
        world.forgetFigures()
        let anomalous = Array((0..<Self.memberCount).shuffled(using: &generator).prefix(cell.concurrency))
        var isAnomalous = [Bool](repeating: false, count: Self.memberCount)
        for index in anomalous {
            isAnomalous[index] = true
        }
        var tally = Tally()
        tally.count(cell)
        if let interval = cell.interval {
            Self.repeatBlocks(of: anomalous, cell, interval, in: &world)
        } else {
            Self.blockOnce(anomalous, cell, isAnomalous, in: &world, into: &tally)
        }
        for verdict in world.verdicts where cell.interval != nil && !isAnomalous[verdict.subject] {
            tally.falseVerdicts += 1
            tally.falseVerdictsAtHealthy += isAnomalous[verdict.observer] ? 0 : 1
        }
        return tally
    }

    private static func repeatBlocks(
        of anomalous: [Int], _ cell: Cell, _ interval: Int, in world: inout GossipWorld
    ) {
        var elapsed = 0
        while elapsed < length {
            for index in anomalous {
                world.block(index)
            }
            world.run(for: .milliseconds(cell.duration))
            for index in anomalous {
                world.release(index)
            }
            world.run(for: .milliseconds(interval))
            elapsed += cell.duration + interval
        }
    }

    private static func blockOnce(
        _ anomalous: [Int], _ cell: Cell, _ isAnomalous: [Bool], in world: inout GossipWorld, into tally: inout Tally
    ) {
        let start = world.now
        for index in anomalous {
            world.block(index)
        }
        world.run(for: .milliseconds(cell.duration))
        let healthyCount = memberCount - anomalous.count
        var first = [Int64?](repeating: nil, count: memberCount)
        var last = [Int64](repeating: 0, count: memberCount)
        var counts = [Int](repeating: 0, count: memberCount)
        for verdict in world.verdicts where isAnomalous[verdict.subject] && !isAnomalous[verdict.observer] {
            first[verdict.subject] = first[verdict.subject] ?? verdict.time
            last[verdict.subject] = verdict.time
            counts[verdict.subject] += 1
        }
        for index in anomalous {
            guard let first = first[index] else { continue }
            tally.detections.append(Double(first - start) / 1e9)
            if counts[index] == healthyCount {
                tally.disseminations.append(Double(last[index] - start) / 1e9)
            }
        }
    }
}
