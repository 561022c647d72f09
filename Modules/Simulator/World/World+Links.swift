import Gossip
import Machine
import Node
import Ring
import Wire

/// Questions and answers over connections.
extension World {
    /// How long a connection may be silent before its ends give it up: three intervals of two seconds, as the real ones do.
    static let keepaliveTime: Int64 = 6_000_000_000
    private static let backoffBase: Int64 = 50_000_000
    private static let backoffLimit: Int64 = 5_000_000_000

    func ask(_ frame: Frame, of node: NodeID, lane: Int, from host: SimulatedHost) {
        guard let to = self.host(of: node, asking: host), to != host.index else {
            refuse(frame, node, lane, host)
            return
        }
        let link = Self.pair(host.index, to)
        if links[link].state == .idle {
            open(link)
            if hosts[to].node == nil || hosts[to].id != node {
                breakLink(link, noticedAfter: 2 * packetDelay())
            } else if blocked[link] > 0 || blocked[Self.pair(to, host.index)] > 0 {
                after(Self.keepaliveTime / 2, .notice(link: Int32(link), incarnation: links[link].incarnation))
            }
        }
        switch links[link].state {
        case .closed:
            refuse(frame, node, lane, host)
        case .dead:
            // Into the void.
            break
        case .idle, .open:
            // Whoever answers must have the identity that was asked for.
            guard hosts[to].id == node else {
                refuse(frame, node, lane, host)
                return
            }
            let connection = links[link].connections[lane]
            transmit(.asked(frame, by: host.id, connection: connection), link: link, lane: lane, isAnswer: false)
        }
    }

    /// Where a host finds an identity: at the one host that has it, or where its own membership says if there are two.
    private func host(of node: NodeID, asking host: SimulatedHost) -> Int? {
        guard hasClones, let home = hostOfNode[node], hosts.contains(where: { $0.isClone && $0.id == node }) else {
            return hostOfNode[node]
        }
        guard let port = host.node?.exchange.membership[node]?.port, hosts.indices.contains(Int(port) - 1) else {
            return home
        }
        return Int(port) - 1
    }

    private func refuse(_ frame: Frame, _ node: NodeID, _ lane: Int, _ host: SimulatedHost) {
        after(
            0,
            .host(.node(.notSent(frame, to: node, lane: lane)), host: Int32(host.index), life: host.life))
    }

    func pushPull(_ frame: Frame, from host: SimulatedHost, to index: Int) {
        guard hosts.indices.contains(index), index != host.index, hosts[index].node != nil else { return }
        let pair = Self.pair(host.index, index)
        guard blocked[pair] == 0, blocked[Self.pair(index, host.index)] == 0 else { return }
        let connection = UInt32(connections.count)
        connections.append(Connection(link: Int32(pair), incarnation: 0, lane: nil, life: host.life))
        let event = NodeEvent.asked(frame, by: host.id, connection: connection)
        schedule.insert(
            .host(.node(event), host: Int32(index), life: hosts[index].life),
            at: max(now, cloggedUntil[pair]) + packetDelay())
    }

    func answer(_ frame: Frame, over number: Int, from host: SimulatedHost) {
        let connection = connections[number]
        guard connection.link >= 0 else { return }
        let link = Int(connection.link)
        let asker = link / Self.hostLimit
        guard hosts[asker].life == connection.life else { return }
        guard let lane = connection.lane else {
            let back = Self.pair(host.index, asker)
            guard blocked[back] == 0 else { return }
            schedule.insert(
                .host(.node(.pushPullAnswered(frame)), host: Int32(asker), life: connection.life),
                at: max(now, cloggedUntil[back]) + packetDelay())
            return
        }
        guard links[link].incarnation == connection.incarnation, links[link].state == .open else { return }
        transmit(.answered(frame, by: host.id, lane: lane), link: link, lane: lane, isAnswer: true)
    }

    // MARK: - The life of a link

    private func open(_ link: Int) {
        let life = hosts[link / Self.hostLimit].life
        links[link].state = .open
        links[link].incarnation &+= 1
        links[link].attempts = 0
        links[link].connections.removeAll(keepingCapacity: true)
        for lane in 0..<links[link].lastArrival.count / 2 {
            links[link].connections.append(UInt32(connections.count))
            connections.append(
                Connection(link: Int32(link), incarnation: links[link].incarnation, lane: lane, life: life))
        }
    }

    /// Breaks a link's connections: what is on its way is lost in both directions, and the asker learns it later.
    func breakLink(_ link: Int, noticedAfter delay: Int64) {
        guard links[link].state == .open else { return }
        marks.count(.brokenConnection)
        links[link].state = .dead
        links[link].incarnation &+= 1
        links[link].held.removeAll()
        after(delay, .notice(link: Int32(link), incarnation: links[link].incarnation))
    }

    /// The asker looks whether its connections still live.
    func notice(link: Int, incarnation: UInt32) {
        let (asker, asked) = (link / Self.hostLimit, link % Self.hostLimit)
        guard links[link].incarnation == incarnation else { return }
        switch links[link].state {
        case .idle, .closed:
            return
        case .open:
            let isSilent =
                blocked[link] > 0 || blocked[Self.pair(asked, asker)] > 0
                || hosts[asked].busyUntil > now + Self.keepaliveTime / 3
            guard isSilent else { return }
            marks.count(.silentConnection)
            links[link].incarnation &+= 1
            links[link].held.removeAll()
        case .dead:
            break
        }
        links[link].state = .closed
        let host = hosts[asker]
        hand(.node(.lost(hosts[asked].id)), to: host, life: host.life)
        retry(link)
    }

    private func retry(_ link: Int) {
        let wait = min(Self.backoffBase << Int64(min(links[link].attempts, 10)), Self.backoffLimit)
        links[link].attempts += 1
        after(
            wait / 2 + Int64(generator.below(UInt64(wait / 2))),
            .connect(link: Int32(link), incarnation: links[link].incarnation))
    }

    func connect(link: Int, incarnation: UInt32) {
        let (asker, asked) = (link / Self.hostLimit, link % Self.hostLimit)
        guard links[link].incarnation == incarnation, links[link].state == .closed, hosts[asker].node != nil else {
            return
        }
        if let home = host(of: hosts[asked].id, asking: hosts[asker]), home != asked {
            // The identity has another address by now, and so have the connections to it.
            links[link].state = .idle
            move(to: Self.pair(asker, home))
            return
        }
        guard blocked[link] == 0, blocked[Self.pair(asked, asker)] == 0, hosts[asked].node != nil,
            hosts[asked].busyUntil <= now + 1_000_000_000
        else {
            retry(link)
            return
        }
        open(link)
        hand(.node(.reached(hosts[asked].id)), to: hosts[asker], life: hosts[asker].life)
    }

    /// A host connects to where an identity is now, in place of where it was.
    private func move(to link: Int) {
        let (asker, asked) = (link / Self.hostLimit, link % Self.hostLimit)
        switch links[link].state {
        case .open:
            hand(.node(.reached(hosts[asked].id)), to: hosts[asker], life: hosts[asker].life)
        case .idle:
            links[link].state = .closed
            links[link].attempts = 0
            retry(link)
        case .dead, .closed:
            // It tries already, or will when it notices.
            break
        }
    }
}

extension SeededGenerator {
    /// A number in a range, each order of magnitude as likely as another.
    mutating func logUniform(_ range: ClosedRange<Int64>) -> Int64 {
        let low = max(range.lowerBound, 1)
        guard range.upperBound > low else { return low }
        // A random number of doublings, then a random place in between: exact in every build, unlike a power of e.
        let ratio = UInt64(range.upperBound / low)
        let doublings = below(UInt64(64 - ratio.leadingZeroBitCount))
        let start = low << Int64(doublings)
        return min(start + Int64(below(UInt64(start))), range.upperBound)
    }
}
