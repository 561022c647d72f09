import Machine

extension FaultInjector {
    mutating func injectOnPair(_ kind: FaultKind, in world: World) {
        let count = UInt64(world.hosts.count)
        let from = Int(generator.below(count))
        let to = Int(generator.below(count))
        guard from != to else { return }
        let pair = World.pair(from, to)
        switch kind {
        case .clogging:
            world.marks.count(.clogging)
            let time = draw(Self.millisecond...5 * Self.second)
            world.report("packets \(from)→\(to) are kept for \(Duration.nanoseconds(time))")
            world.cloggedUntil[pair] = max(world.cloggedUntil[pair], world.now + time)
        case .disconnection:
            world.report("the connections \(from)→\(to) break")
            world.breakLink(pair, noticedAfter: world.packetDelay())
        default:
            world.marks.count(.halfOpen)
            world.report("the connections \(from)→\(to) are half open")
            world.breakLink(pair, noticedAfter: World.keepaliveTime)
        }
    }

    /// A host's connections for members and whole partitions creep: what is sent over them waits.
    mutating func stallControl(_ world: World) {
        guard let host = anyRunning(world) else { return }
        world.marks.count(.stalledControl)
        let time = draw(Self.second...30 * Self.second)
        let others = (0..<World.hostLimit).filter { $0 != host.index }
        let links = others.flatMap { [World.pair(host.index, $0), World.pair($0, host.index)] }
        world.report("the control connections of host \(host.index) creep for \(Duration.nanoseconds(time))")
        world.stallControl(of: links)
        world.after(time, .remedy(.resumeControl(links)))
    }

    /// Cuts hosts off from each other for longer than the gossip remembers members that are gone; once in a run.
    mutating func cutForLong(_ world: World) {
        guard !hasLongPartition else { return }
        hasLongPartition = true
        world.marks.count(.longPartition)
        let time = draw(60 * Self.second...7200 * Self.second)
        length += time
        cut(world, for: time)
    }

    /// Cuts hosts off from each other.
    mutating func cut(_ world: World, for time: Int64) {
        let count = world.hosts.count
        guard count > 1 else { return }
        var side = [Int](repeating: 0, count: count)
        var bridge: Int?
        switch generator.below(4) {
        case 0:
            side[Int(generator.below(UInt64(count)))] = 1
        case 1:
            // Half of them, drawn one by one.
            for _ in 0..<count / 2 {
                side[Int(generator.below(UInt64(count)))] = 1
            }
        case 2:
            for index in 0..<count {
                side[index] = Int(generator.below(3))
            }
        default:
            world.marks.count(.bridge)
            bridge = Int(generator.below(UInt64(count)))
            for index in 0..<count {
                side[index] = index % 2
            }
        }
        let isOneWay = generator.chance(1, in: 3)
        world.marks.count(isOneWay ? .oneWayPartition : .partition)
        var pairs: [Int] = []
        for from in 0..<count where from != bridge {
            for to in 0..<count where to != bridge && side[from] != side[to] {
                if !isOneWay || side[from] < side[to] {
                    pairs.append(World.pair(from, to))
                }
            }
        }
        world.block(pairs)
        let names = pairs.map { "\($0 / World.hostLimit)→\($0 % World.hostLimit)" }.joined(separator: " ")
        world.report("a partition of \(Duration.nanoseconds(time)) cuts \(names)")
        world.after(time, .remedy(.unblock(pairs)))
    }
}
