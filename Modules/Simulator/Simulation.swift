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
    /// When the faults stopped, in nanoseconds.
    var healed = Int64.max
    /// What was read of each key in the end.
    var audited: [Object?] = []
    var auditedKeys: [Bool] = []

    /// The longest that birth, and coming to rest, may take.
    private static let birthLimit: Int64 = 300 * FaultInjector.second
    private static let restLimit: Int64 = 600 * FaultInjector.second
    private static let calm: Int64 = 20 * FaultInjector.second

    /// A run that has not begun.
    public init(_ options: RunOptions) {
        self.options = options
        var generator = SeededGenerator(seed: options.seed)
        let ring = RingConfiguration(partitions: 16 << Int(generator.below(3)), replicas: 3) ?? .standard
        var worldOptions = WorldOptions(ring: ring)
        worldOptions.isHedging = options.seed % 4 != 0
        worldOptions.shards = 1 + Int(generator.below(3))
        worldOptions.packetDelay.spread = generator.chance(1, in: 4) ? 20_000_000 : 400_000
        worldOptions.commitDelay.spread = generator.chance(1, in: 4) ? 30_000_000 : 900_000
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
        let faults = FaultOptions(drawing: options.faults, isEach: options.isEachFault, seed: generator.next())
        world = World(options: worldOptions, seed: generator.next())
        workload = Workload(load, replicas: ring.replicas, seed: generator.next())
        let nodes = min(max(options.nodes, 1), 12)
        injector = FaultInjector(
            faults, length: Int64(options.seconds) * FaultInjector.second, hosts: nodes, seed: generator.next())
        world.tracer = options.tracer
        answers.isRegular = !faults.kinds.contains { $0.losesData }
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
                violation?.story = Story.tell(key, workload.history, world)
            } else {
                violation?.story += summary
            }
        }
        return RunOutcome(
            options: options, faults: injector.options, violation: violation, seconds: Double(world.now) / 1e9,
            events: world.eventCount, traceHash: world.trace.value, operations: workload.history.operations.count,
            marks: world.marks)
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
        for client in 0..<workload.options.clients {
            workload.pause(client, in: world)
        }
        world.after(FaultInjector.second, .sample)
        injector.begin(in: world)
        try run(for: injector.length)
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
        if let violation = ClusterChecker(world: world).checkCopies() {
            throw violation
        }
    }

    // MARK: - Events

    /// Lets things happen for so long, or until a condition holds; whether it did.
    @discardableResult
    private func run(
        for duration: Int64, until isReached: (Simulation) -> Bool = { _ in false }
    ) throws(Violation) -> Bool {
        let end = world.now + duration
        // Conditions are looked at now and then: they cost more than events.
        var nextLook = world.now
        while true {
            if world.now >= nextLook {
                if isReached(self) {
                    return true
                }
                nextLook = world.now + 50 * FaultInjector.millisecond
            }
            guard let next = world.schedule.popFirst(until: end) else {
                world.now = end
                return isReached(self)
            }
            world.now = max(world.now, next.time)
            handle(next.event)
            for (host, life) in world.ended {
                world.after(FaultInjector.millisecond, .clientsLost(host: Int32(host), life: life))
                injector.hasEnded(world.hosts[host], in: world)
            }
            world.ended.removeAll(keepingCapacity: true)
            if let violation {
                throw violation
            }
        }
    }

    private func handle(_ event: consuming WorldEvent) {
        switch consume event {
        case .host(let event, let host, let life):
            world.hand(event, to: world.hosts[Int(host)], life: life)
        case .frame(let event, let host, let life, let link, let incarnation):
            guard world.links[Int(link)].incarnation == incarnation else { return }
            world.hand(.node(event), to: world.hosts[Int(host)], life: life)
        case .wake(let host):
            world.wake(index: Int(host))
        case .notice(let link, let incarnation):
            world.notice(link: Int(link), incarnation: incarnation)
        case .connect(let link, let incarnation):
            world.connect(link: Int(link), incarnation: incarnation)
        case .reply(let operation, let response):
            reply(operation, response)
        case .clientsLost(let host, let life):
            workload.hostLost(Int(host), life: life, in: world)
        case .giveUp(let operation):
            giveUp(operation)
        case .turn(let client):
            workload.turn(client, in: world)
        case .fault(let kind):
            injector.inject(kind, in: world)
        case .remedy(let remedy):
            injector.remedy(remedy, in: world)
        case .sample:
            violation = violation ?? ClusterChecker(world: world).checkBounds() ?? checkAnyCopies()
            world.compactAll()
            world.after(FaultInjector.second, .sample)
        }
    }

    private func reply(_ number: Int, _ response: Response) {
        let operation = workload.history.operations[number]
        guard workload.replied(number, response, in: world) else { return }
        violation = violation ?? answers.check(response, to: number, in: &workload.history)
        if case .written = response, case .write(let write) = operation.kind {
            let key = workload.history.keys[operation.key]
            violation = violation ?? copies.check(write, of: key) ?? copies.checkHolders(of: write, key)
        }
        guard operation.client == workload.options.clients else { return }
        switch response {
        case .found(let object):
            audited[operation.key] = object
            auditedKeys[operation.key] = true
        case .absent:
            auditedKeys[operation.key] = true
        case .written, .failed:
            break
        }
    }

    private func giveUp(_ number: Int) {
        let operation = workload.history.operations[number]
        guard operation.outcome == .pending else { return }
        let host = world.hosts[operation.host]
        if host.life == operation.life, host.node != nil, host.lastBusy < operation.began, host.eventCost == 0 {
            violation =
                violation
                ?? Violation(
                    .answeredInTime, "host \(host.index) has not answered a request that it was not kept from",
                    key: workload.history.keys[operation.key].name)
        }
        workload.giveUp(number, in: world)
    }

    // MARK: - What is looked for

    private var copies: CopyChecker { CopyChecker(world: world, disksLost: injector.disksLost) }

    /// Looks for all copies of one key.
    private func checkAnyCopies() -> Violation? {
        let key = workload.history.keys[Int(injector.generator.below(UInt64(workload.history.keys.count)))]
        for (number, write) in key.writes.enumerated() where write.outcome == .done {
            if let violation = copies.check(number, of: key) ?? copies.checkHolders(of: number, key) {
                return violation
            }
        }
        return nil
    }

    private func isWhole(_: Simulation) -> Bool { ClusterChecker(world: world).isWhole }
    private func isAtRest(_: Simulation) -> Bool { ClusterChecker(world: world).isAtRest }

    /// How many of the requests of the second ten seconds after the faults succeed.
    private func goodput() -> Violation? {
        var (all, done) = (0, 0)
        for operation in workload.history.operations {
            let since = operation.began - healed
            guard since >= 10 * FaultInjector.second, since < Self.calm else { continue }
            all += 1
            done += operation.outcome == .done ? 1 : 0
        }
        guard all >= 20, done * 100 < all * 95 else { return nil }
        var violation = Violation(
            .goodput, "\(done) of \(all) requests succeeded from ten seconds after the faults on")
        violation.story = ["the faults stopped at \(Instant(nanoseconds: healed))"]
        for operation in workload.history.operations
        where operation.began - healed >= 10 * FaultInjector.second && operation.outcome != .done {
            violation.story.append(Story.line(of: operation, workload.history.keys[operation.key]))
        }
        return violation
    }

    /// What each node is at.
    private var summary: [String] {
        world.hosts.map { host in
            guard let node = host.node else {
                return "host \(host.index) is down" + (host.failure.map { ": \($0)" } ?? "")
            }
            let membership = node.exchange.membership
            let members = membership.records.map { record in
                "\(record.name) \(record.effectiveState) holding \(record.holdings.count)"
                    + (node.view.isReachable(record.id) ? "" : ", unreachable")
            }
            return "host \(host.index) (\(host.id.description.prefix(8))): members \(members), work \(node.workCount), "
                + "hints \(node.reader.hintCount), epoch \(membership.epoch.measure)"
        }
    }
}
