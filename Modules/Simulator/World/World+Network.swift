import Gossip
import Machine
import Node
import Wire

/// Datagrams, delays, and pairs of hosts that cannot talk.
extension World {
    /// The longest delay of the heavy tail.
    private static let delayLimit: Double = 10e9

    /// Nanoseconds that a packet takes.
    func packetDelay() -> Int64 {
        var delay = options.packetDelay.least + Int64(generator.below(options.packetDelay.spread))
        if conditions.delay > 0, generator.next() < conditions.delay {
            // Pareto with α = 1 from one millisecond on: one in a thousand takes more than a second.
            let unit = max(generator.unit(), 1e-9)
            delay += Int64(min(1e6 / unit, Self.delayLimit))
            marks.count(.longDelay)
        }
        return delay
    }

    /// When a packet arrives that leaves now.
    private func arrival(_ pair: Int) -> Int64 {
        max(now, cloggedUntil[pair]) + packetDelay()
    }

    func send(_ bytes: ByteBuffer, from host: SimulatedHost, to index: Int) {
        guard hosts.indices.contains(index), index != host.index else { return }
        let pair = Self.pair(host.index, index)
        guard blocked[pair] == 0 else { return }
        if conditions.loss > 0, generator.next() < conditions.loss {
            marks.count(.lostDatagram)
            return
        }
        var bytes = bytes
        if conditions.corruption > 0, generator.next() < conditions.corruption {
            // A checksum below finds flipped bits; what is cut short is for the decoder to refuse.
            bytes.moveWriterIndex(to: Int(generator.below(UInt64(bytes.writerIndex))))
            marks.count(.corruptDatagram)
        }
        deliver(bytes, from: host, to: index, pair)
        if conditions.duplication > 0, generator.next() < conditions.duplication {
            marks.count(.duplicateDatagram)
            deliver(bytes, from: host, to: index, pair)
        }
        if conditions.replay > 0, generator.next() < conditions.replay {
            let event = NodeEvent.datagram(bytes, from: host.address)
            after(generator.logUniform(1_000_000_000...60_000_000_000), .replay(event, host: Int32(index)))
        }
    }

    /// What was on its way long ago arrives once more, at whoever is there now.
    func replay(_ event: consuming NodeEvent, at index: Int) {
        guard conditions.replay > 0 else { return }
        marks.count(.replayedDatagram)
        hand(.node(event), to: hosts[index], life: hosts[index].life)
    }

    private func deliver(_ bytes: ByteBuffer, from host: SimulatedHost, to index: Int, _ pair: Int) {
        var time = arrival(pair)
        if conditions.reordering > 0, generator.next() < conditions.reordering {
            time += Int64(generator.below(100_000_000))
        }
        let event = NodeEvent.datagram(bytes, from: host.address)
        schedule.insert(.host(.node(event), host: Int32(index), life: hosts[index].life), at: time)
    }

    // MARK: - Pairs

    /// Nothing passes on these directed pairs until they are unblocked as often.
    func block(_ pairs: [Int]) {
        for pair in pairs {
            blocked[pair] += 1
            let (from, to) = (pair / Self.hostLimit, pair % Self.hostLimit)
            // A connection with one silent direction is noticed at both ends.
            for link in [pair, Self.pair(to, from)] where links[link].state == .open {
                after(Self.keepaliveTime, .notice(link: Int32(link), incarnation: links[link].incarnation))
            }
        }
    }

    func unblock(_ pairs: [Int]) {
        for pair in pairs where blocked[pair] > 0 {
            blocked[pair] -= 1
            guard blocked[pair] == 0 else { continue }
            release(pair)
        }
    }

    /// Everyone can talk to everyone.
    func unblockAll() {
        for from in hosts.indices {
            for to in hosts.indices where blocked[Self.pair(from, to)] > 0 {
                blocked[Self.pair(from, to)] = 1
                unblock([Self.pair(from, to)])
            }
        }
        cloggedUntil = cloggedUntil.map { min($0, now) }
    }

    /// Frames of the lane for members and whole partitions wait on these links until they are resumed as often.
    func stallControl(of links: [Int]) {
        for link in links {
            stalledControl[link] += 1
        }
    }

    /// Frames of that lane get on again, those that have waited first.
    func resumeControl(of links: [Int]) {
        for link in links where stalledControl[link] > 0 {
            stalledControl[link] -= 1
            guard stalledControl[link] == 0 else { continue }
            release(link)
            release(Self.pair(link % Self.hostLimit, link / Self.hostLimit))
        }
    }

    /// Frames of that lane get on everywhere.
    func resumeAllControl() {
        for link in links.indices where stalledControl[link] > 0 {
            stalledControl[link] = 1
            resumeControl(of: [link])
        }
    }

    /// Lets a frame arrive behind those before it on its lane.
    func transmit(_ event: consuming NodeEvent, link: Int, lane: Int, isAnswer: Bool) {
        let (asker, asked) = (link / Self.hostLimit, link % Self.hostLimit)
        let to = isAnswer ? asker : asked
        let pair = isAnswer ? Self.pair(asked, asker) : link
        guard blocked[pair] == 0, lane < options.shards || stalledControl[link] == 0 else {
            links[link].held.append(Link.Held(event: event, lane: lane, isAnswer: isAnswer))
            return
        }
        if conditions.corruption > 0, generator.next() < conditions.corruption / 16 {
            marks.count(.corruptFrame)
            breakLink(link, noticedAfter: packetDelay())
            return
        }
        let earliest = arrival(pair)
        var lateness: Int64 = 0
        if lane == options.shards, conditions.lateControl > 0, generator.next() < conditions.lateControl {
            marks.count(.lateControl)
            lateness = Int64(generator.below(5_000_000_000))
        }
        let (time, incarnation) = links[link].arrive(
            lane: lane, isAnswer: isAnswer, earliest: earliest, lateness: lateness)
        schedule.insert(
            .frame(.node(event), host: Int32(to), life: hosts[to].life, link: Int32(link), incarnation: incarnation),
            at: time)
    }

    /// What the systems' buffers kept for a directed pair goes on its way.
    private func release(_ pair: Int) {
        let (from, to) = (pair / Self.hostLimit, pair % Self.hostLimit)
        for (link, isAnswer) in [(pair, false), (Self.pair(to, from), true)] where !links[link].held.isEmpty {
            let held = links[link].held
            links[link].held = held.filter { $0.isAnswer != isAnswer }
            for frame in held where frame.isAnswer == isAnswer {
                transmit(frame.event, link: link, lane: frame.lane, isAnswer: isAnswer)
            }
        }
    }
}
