import Causality
import Coordinator
import Machine
import Node
import Ring
import Storage
import Wire

/// What is looked for while a run goes on.
extension Simulation {
    func copies(of key: KeyHistory) -> CopyChecker { CopyChecker(of: key, in: world, disksLost: injector.disksLost) }

    /// Looks at everything that holds at every moment, and costs too much to look at with every event.
    func look() -> Violation? {
        let checker = ClusterChecker(world: world, keyLimit: workload.history.keys.count)
        return checker.checkBounds() ?? (injector.disksLost == 0 ? checker.checkIncarnations() : nil)
            ?? checkAnyCopies() ?? checkHints()
    }

    private func checkHints() -> Violation? {
        defer { world.hintNotes.removeAll(keepingCapacity: true) }
        return injector.disksLost == 0 ? hints.check(world, ring: world.mergedRing) : nil
    }

    /// Whether every owner was told of what was acknowledged, before anybody reads it there.
    func checkReach() -> Violation? {
        guard injector.disksLost == 0, let ring = world.mergedRing else { return nil }
        for key in workload.history.keys {
            if let violation = check(key, in: ring) {
                return violation
            }
        }
        guard !injector.options.kinds.contains(where: { $0 == .join || $0 == .weight }) else { return nil }
        for key in workload.history.keys {
            let checker = ReachChecker(of: key, in: world, ring)
            if let violation = checker.check() {
                return violation
            }
        }
        return nil
    }

    /// Whether every register with one writer was linearizable: a rule where it is read and written by majorities, until a node
    /// forgets. Else it is counted: fewer than a majority have what they answer on no node that the next must meet.
    func checkLinearity() -> Violation? {
        let replicas = workload.replicas
        let single = RequestOptions(
            read: workload.options.singleRead, write: workload.options.singleWrite,
            sloppy: workload.options.isSingleSloppy)
        let isRule = single.isAtomicRead(of: replicas) && single.isMajorityWrite(of: replicas)
        if isRule {
            world.marks.count(.linearizableRun)
        }
        for key in workload.history.keys where key.model == .single {
            guard LinearityChecker.check(key, workload.history.operations, workload.options) != nil else { continue }
            world.marks.count(.notLinearizable)
            if isRule,
                let anomaly = LinearityChecker.check(
                    key, workload.history.operations, workload.options, until: firstLapse)
            {
                return Violation(.linearizable, "\(anomaly)", key: key.name)
            }
        }
        return nil
    }

    /// Looks for all copies of one key.
    func checkAnyCopies() -> Violation? {
        check(workload.history.keys[Int(sampler.below(UInt64(workload.history.keys.count)))], in: world.mergedRing)
    }

    /// A node goes by another ring: looks at what every node knows of the members, and for the copies of keys whose partitions
    /// have changed hands.
    func checkMoved() -> Violation? {
        guard let ring = world.mergedRing else { return nil }
        if let violation = ClusterChecker(world: world).checkMembership() {
            return violation
        }
        let keys = workload.history.keys
        let before = fingerprints
        fingerprints = keys.map { ring.replicas(of: ring.partition(of: $0.token)).fingerprint }
        guard before.count == keys.count else { return nil }
        for index in keys.indices where fingerprints[index] != before[index] {
            if let violation = check(keys[index], last: 16, in: ring) {
                return violation
            }
        }
        return nil
    }

    /// Whether who comes to hold a partition has to have what was acknowledged without it. With changes of weights a member loses a
    /// partition and has it back, and a claim may cross that (page of Handoff).
    var hasNewcomers: Bool { injector.options[.weight] == 0 }

    /// Looks for the copies of the last so many acknowledged writes of a key.
    private func check(_ key: KeyHistory, last count: Int = .max, in ring: Ring?) -> Violation? {
        let copies = copies(of: key)
        for number in key.writes.indices.suffix(count) where key.writes[number].outcome == .done {
            if let violation = copies.check(number) ?? copies.checkHolders(of: number, in: ring)
                ?? (hasNewcomers ? copies.checkNewcomers(of: number, in: ring) : nil)
            {
                return violation
            }
        }
        return nil
    }

    func isWhole(_: Simulation) -> Bool { ClusterChecker(world: world).isWhole }
    func isAtRest(_: Simulation) -> Bool { ClusterChecker(world: world).isAtRest }

    /// How many of the requests of the second ten seconds after the faults succeed.
    func goodput() -> Violation? {
        var (all, done) = (0, 0)
        for operation in workload.history.operations {
            let since = operation.began - healed
            guard since >= 10 * FaultInjector.second, since < Self.calm else { continue }
            // An answer too: that the client is to read first, which is its own affair.
            if case .tooManySiblings = operation.failure { continue }
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
    var summary: [String] {
        world.hosts.map { host in
            guard let node = host.node else {
                return "host \(host.index) is down" + (host.failure.map { ": \($0)" } ?? "")
            }
            let membership = node.exchange.membership
            let members = membership.records.map { record in
                "\(record.name) \(record.effectiveState) holding \(record.holdings.count)"
                    + (node.view.isReachable(record.id) ? "" : ", unreachable")
            }
            let strays = node.strayPartitions.map { partition in
                let owners = node.view.ring.ownerIDs(of: partition).map { "\($0.description.prefix(8))" }
                return "\(partition.index) of \(owners)"
            }
            return
                "host \(host.index) (\(host.id.description.prefix(8))): members \(members), work \(node.workCount), strays "
                + "\(strays), hints for \(node.hintedOwners.map { $0.description.prefix(8) }), hints \(node.reader.hintCount), epoch \(membership.epoch.measure)"
                + (host.failure.map { ", failed: \($0)" } ?? "")
        }
    }
}
