import Causality
import Coordinator
import Machine
import Node
import Ring
import Storage
import Wire

/// One run: a cluster comes up, clients use it while things go wrong, everything heals, and what is left is judged.
///
/// ```
///   birth ──► faults and load ──► load alone, 20 s ──► rest ──► every key read from all owners ──► rest ──► verdict
/// ```
/// Deterministic: the same options give the same outcome, trace hash included, in every build and process.
public final class Simulation {
    let options: RunOptions
    let world: World
    var workload: Workload
    var injector: FaultInjector
    var answers = AnswerChecker()
    var violation: Violation?
    /// Which key's copies are looked for next.
    var sampler: SeededGenerator
    var hints = HintChecker()
    /// How each key's partition was placed and held when somebody looked last.
    var fingerprints: [UInt64] = []
    /// When a disk first lost, or may have lost, what it had acknowledged, in nanoseconds.
    var firstLoss = Int64.max
    /// Likewise of a node that goes on answering.
    var firstLapse = Int64.max
    /// When the faults stopped, in nanoseconds.
    var healed = Int64.max
    /// What was read of each key in the end.
    var audited: [Object?] = []
    var auditedKeys: [Bool] = []

    /// The longest that birth, and coming to rest, may take.
    private static let birthLimit: Int64 = 300 * FaultInjector.second
    private static let restLimit: Int64 = 600 * FaultInjector.second
    static let calm: Int64 = 20 * FaultInjector.second

    /// A run that has not begun.
    public convenience init(_ options: RunOptions) {
        self.init(options) { _ in }
    }

    /// A run whose clients are not as they were drawn.
    init(_ options: RunOptions, adjust: (inout WorkloadOptions) -> Void) {
        self.options = options
        var generator = SeededGenerator(seed: options.seed)
        let ring = RingConfiguration(partitions: 16 << Int(generator.below(3)), replicas: 3) ?? .standard
        var worldOptions = WorldOptions(ring: ring)
        worldOptions.isHedging = options.seed % 4 != 0
        worldOptions.zones = generator.chance(1, in: 2) ? 3 : 0
        worldOptions.shards = 1 + Int(generator.below(3))
        worldOptions.packetDelay.spread = generator.chance(1, in: 4) ? 20_000_000 : 400_000
        worldOptions.commitDelay.spread = generator.chance(1, in: 4) ? 30_000_000 : 900_000
        var transfers = SeededGenerator(seed: options.seed ^ 0x7e5_f1ee)
        if transfers.chance(1, in: 2) {
            worldOptions.transfer = (64 << Int(transfers.below(8)), 1 << Int(transfers.below(6)))
        }
        var limits = SeededGenerator(seed: options.seed ^ 0x51b_1195)
        if limits.chance(1, in: 4) {
            worldOptions.siblingLimit = 8 << Int(limits.below(3))
        }
        var load = WorkloadOptions()
        load.clients = 4 + Int(generator.below(9))
        load.keysOfEachKind = 2 + Int(generator.below(8))
        load.sloppy = generator.chance(3, in: 4)
        switch generator.below(8) {
        case 0: (load.read, load.write) = (.one, .one)
        case 1: (load.read, load.write) = (.one, .all)
        case 2: (load.read, load.write) = (.all, .one)
        default: break
        }
        load.pause = 400_000_000 << Int64(generator.below(6))
        load.largeValueRarity = generator.chance(1, in: 4) ? 8 : 0
        load.expiryRarity = generator.chance(1, in: 2) ? 6 : 0
        load.hotness = generator.chance(1, in: 4) ? 4 : 1
        let faults = FaultOptions(drawing: options.faults, isEach: options.isEachFault, seed: generator.next())
        world = World(options: worldOptions, seed: generator.next())
        // In one of four runs strict reads ask all owners, in another strict writes do.
        var strict = SeededGenerator(seed: options.seed ^ 0x51f1_5eed)
        switch strict.below(4) {
        case 0: load.singleRead = .all
        case 1: (load.singleRead, load.singleWrite) = (.one, .all)
        default: break
        }
        // In one of three runs there are walkers.
        var walkers = SeededGenerator(seed: options.seed ^ 0x7a1c_e55e)
        if walkers.chance(1, in: 3) {
            load.walkers = 2 + Int(walkers.below(3))
            load.walkedKeys = 2 + Int(walkers.below(4))
        }
        adjust(&load)
        workload = Workload(
            load, replicas: ring.replicas, omissions: options.omissions, seed: generator.next())
        let nodes = min(max(options.nodes, 1), 12)
        injector = FaultInjector(
            faults, length: Int64(options.seconds) * FaultInjector.second, hosts: nodes,
            omissions: options.omissions, seed: generator.next())
        // Hosts that hear of nobody each take as many; two may join. Of many they never do.
        answers.siblingLimit = min(answers.siblingLimit, worldOptions.siblingLimit * (nodes + 2))
        sampler = generator.split()
        world.tracer = options.tracer
    }

    /// Runs to the end, or to the first rule that is broken.
    public func run() -> RunOutcome {
        do throws(Violation) {
            try bringUp()
            try torment()
            try comeToRest()
            try judge()
        } catch {
            violation = error
            if let key = error.key.flatMap({ name in workload.history.keys.firstIndex { $0.name == name } }) {
                violation?.story =
                    (error.client.map { Story.tell(ofClient: $0, workload.history) } ?? [])
                    + Story.tell(key, workload.history, world)
            } else {
                violation?.story += summary
            }
        }
        return RunOutcome(
            options: options, faults: injector.options, violation: violation, seconds: Double(world.now) / 1e9,
            events: world.eventCount, traceHash: world.trace.value, operations: workload.history.operations.count,
            parts: injector.parts + workload.parts, marks: world.marks)
    }

    // MARK: - The parts of a run

    private func bringUp() throws(Violation) {
        do throws(StorageFailure) {
            try world.add(joining: nil)
            for _ in 1..<max(options.nodes, 1) {
                try world.add(joining: 0)
            }
        } catch {
            throw Violation(.starts, "a node does not start on an empty disk: \(error)")
        }
        guard try run(for: Self.birthLimit, until: isWhole) else {
            throw Violation(.membershipConverges, "a cluster without faults has not come up in \(Self.birthLimit)")
        }
    }

    private func torment() throws(Violation) {
        for client in workload.actors {
            workload.pause(client, in: world)
        }
        world.after(FaultInjector.second, .sample)
        injector.begin(in: world)
        let began = world.now
        // A long partition makes it longer.
        while world.now < began + injector.length {
            try run(for: began + injector.length - world.now)
        }
        injector.end(in: world)
        healed = world.now
        try run(for: Self.calm)
        workload.isStopped = true
        try run(for: workload.options.timeout + FaultInjector.second)
    }

    private func comeToRest() throws(Violation) {
        if let violation = goodput() {
            throw violation
        }
        guard try run(for: Self.restLimit, until: isWhole) else {
            throw Violation(.membershipConverges, "the members have not found each other after the faults")
        }
        guard try run(for: Self.restLimit, until: isAtRest) else {
            throw Violation(.comesToRest, "the cluster has not come to rest after the faults")
        }
        if let violation = checkReach() {
            throw violation
        }
        try audit()
        // A repair is on its way in nobody's work.
        try run(for: FaultInjector.second)
        guard try run(for: Self.restLimit, until: isAtRest) else {
            throw Violation(.comesToRest, "the cluster has not come to rest after all was read")
        }
    }

    /// Reads every key from all of its owners.
    private func audit() throws(Violation) {
        audited = Array(repeating: nil, count: workload.history.keys.count)
        auditedKeys = Array(repeating: false, count: workload.history.keys.count)
        for key in workload.history.keys.indices {
            for attempt in 0..<5 where !auditedKeys[key] {
                let running = world.running
                workload.audit(key, at: running[(key + attempt) % running.count], in: world)
                _ = try run(for: workload.options.timeout + FaultInjector.second) { $0.workload.isIdle }
            }
            guard auditedKeys[key] else {
                throw Violation(
                    .goodput, "a key cannot be read from all owners of a healthy cluster",
                    key: workload.history.keys[key].name)
            }
        }
    }

    private func judge() throws(Violation) {
        let checker = FinalChecker(disksLost: injector.disksLost)
        for key in workload.history.keys.indices {
            if let violation = checker.check(audited[key], of: workload.history.keys[key]) {
                throw violation
            }
        }
        if let violation = ClusterChecker(world: world).checkCopies() ?? checkLinearity() {
            throw violation
        }
    }
}
