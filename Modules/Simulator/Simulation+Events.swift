import Coordinator
import Machine
import Ring
import Wire

/// What happens next, and to whom.
extension Simulation {
    /// Lets things happen for so long, or until a condition holds; whether it did.
    @discardableResult
    func run(
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
            if firstLoss == .max, injector.disksLost > 0 {
                firstLoss = world.now
            }
            if firstLapse == .max, injector.hasForgotten {
                firstLapse = world.now
            }
            if !world.ended.isEmpty {
                for (host, life) in world.ended {
                    world.after(FaultInjector.millisecond, .clientsLost(host: Int32(host), life: life))
                    injector.hasEnded(world.hosts[host], in: world)
                }
                world.ended.removeAll(keepingCapacity: true)
            }
            if world.hasRingChanged {
                world.hasRingChanged = false
                violation = violation ?? checkMoved()
            }
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
            world.hand(event, to: world.hosts[Int(host)], life: life)
        case .replay(let event, let host):
            world.replay(event, at: Int(host))
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
            if injector.hasLongPartition || injector.hasLongPause {
                workload.slowdown = 32
            }
        case .remedy(let remedy):
            injector.remedy(remedy, in: world)
        case .sample:
            violation = violation ?? look()
            world.compactAll()
            world.after(FaultInjector.second, .sample)
        }
    }

    /// Notes who was to have an acknowledged write, and how many of them had it, by its coordinator's ring.
    private func noteReplicas(of write: Int, at operation: Operation, in known: Ring?, or merged: Ring?) {
        let token = workload.history.keys[operation.key].token
        if let known {
            workload.history.keys[operation.key].writes[write].replicas =
                known.replicas(of: known.partition(of: token)).map { known.members[Int($0)].id }
        }
        if let ring = known ?? merged {
            // There may be fewer owners than N.
            let owners = ring.replicas(of: ring.partition(of: token)).ownerCount
            let copies = (operation.options.write ?? .quorum).resolved(owners: owners)
            workload.history.keys[operation.key].writes[write].copies = min(
                copies, workload.history.keys[operation.key].writes[write].copies)
        }
    }

    private func reply(_ number: Int, _ response: Response) {
        let operation = workload.history.operations[number]
        guard workload.replied(number, response, in: world) else { return }
        answers.isRegular = firstLoss == .max
        answers.keepsSessions = firstLapse == .max
        violation = violation ?? answers.check(response, to: number, in: &workload.history)
        if case .written(let dot, _) = response, case .write(let write) = operation.kind {
            let ring = world.mergedRing
            noteReplicas(of: write, at: operation, in: world.ring(ofMakerOf: dot), or: ring)
            let copies = copies(of: workload.history.keys[operation.key])
            violation =
                violation ?? copies.check(write) ?? copies.checkHolders(of: write, in: ring)
                ?? (hasNewcomers ? copies.checkNewcomers(of: write, in: ring) : nil)
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
}
