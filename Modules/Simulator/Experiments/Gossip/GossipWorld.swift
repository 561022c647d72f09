import Gossip
import Machine

/// A world of ``Gossip`` machines alone, from one schedule: for experiments with hundreds of members and hours of their time.
///
/// Datagrams arrive after a small delay, each once. What a member asks to be written down is written at once. A member can
/// be *blocked*, as processes are that get no processor: what comes to it waits, and what it sends waits; its clock goes on.
struct GossipWorld: ~Copyable {
    /// What there is to a member beside its machine, which is large and lies apart, so that nothing copies it.
    struct Place {
        let address: GossipAddress
        var isUp = true
        /// When the earliest of its timers in the schedule is due.
        var timer: Int64?
        var block: Block?
        /// What came while it was blocked, and behind that what came before it had read all.
        var mail = Mail()
    }

    enum Arrival {
        case datagram(GossipDatagram, from: Int)
        case state(GossipState, from: Int)
        case answer(GossipState)
    }

    enum Happening {
        case timer(Int)
        case arrival(Arrival, at: Int)
        case reading(Int)
    }

    /// Someone's opinion of another, from some time on.
    struct Opinion {
        let time: Int64
        let observer: Int
        let subject: Int
    }

    /// A probe, as it leaves.
    struct Probe {
        let time: Int64
        let prober: Int
        let target: Int
    }

    private var machines: [Gossip] = []
    var places: [Place] = []
    private(set) var now: Int64 = 0
    private(set) var datagramCount = 0
    /// Of the datagrams, while ``isCountingBytes``.
    private(set) var byteCount = 0
    /// Who found whom suspect, and who called whom unreachable, in the order of time.
    var suspicions: [Opinion] = []
    var verdicts: [Opinion] = []
    /// Every probe, while ``isRecordingProbes``.
    var probes: [Probe] = []
    var isRecordingProbes = false
    var isCountingBytes = false
    /// How long a member takes to read each of the messages that waited for it, in nanoseconds; zero: it reads all at once.
    var readingTime: Int64 = 0

    var schedule = Schedule<Happening>()
    private var generator: SeededGenerator
    private var effects = Effects<GossipEffect>(capacity: 64)
    /// Empty, and takes the place of ``effects`` while those are carried out.
    private var moreEffects = Effects<GossipEffect>(capacity: 64)
    private let cluster = ClusterTag(name: "experiment")
    /// How long a datagram is on its way, in nanoseconds: a local network.
    private static let delay: Range<Int64> = 100_000..<500_000
    private static let host = "10.0.0.1"

    /// Members that all know all others, and start within a period.
    init(_ count: Int, configuration: GossipConfiguration, seed: UInt64) {
        precondition((1...GossipState.memberLimit).contains(count), "\(count) members in a world of gossip")
        generator = SeededGenerator(seed: seed)
        for index in 0..<count {
            let machine = Gossip(
                id: NodeID(from: &generator), address: Self.address(of: index), cluster: cluster,
                configuration: configuration, seed: generator.next())
            machines.append(machine)
            places.append(Place(address: machine.own.address))
        }
        for index in 0..<count {
            receive(.join(seeds: []), by: index)
        }
        let everyone = GossipState(
            cluster: cluster, sender: .zero, members: machines.map { GossipUpdate($0.own) })
        for index in 0..<count {
            receive(.pushPullAnswered(everyone), by: index)
        }
    }

    /// Lets the world go on.
    mutating func run(for duration: Duration) {
        let end = now + duration.nanoseconds
        while let (time, happening) = schedule.popFirst(until: end) {
            now = time
            switch happening {
            case .timer(let index): timerIsDue(of: index)
            case .arrival(let arrival, let index): arrive(arrival, at: index)
            case .reading(let index): readOne(by: index)
            }
        }
        now = end
    }

    /// A member stops for good, without a word.
    mutating func crash(_ index: Int) {
        places[index].isUp = false
        places[index].block = nil
    }

    /// Sets the counters and lists back.
    mutating func forgetFigures() {
        datagramCount = 0
        byteCount = 0
        suspicions.removeAll(keepingCapacity: true)
        verdicts.removeAll(keepingCapacity: true)
        probes.removeAll(keepingCapacity: true)
    }

    // MARK: What happens to a member

    private mutating func timerIsDue(of index: Int) {
        guard places[index].isUp, places[index].timer == now else { return }
        places[index].timer = nil
        guard places[index].block?.isStuck != true else { return }
        expire(index)
    }

    private mutating func arrive(_ arrival: consuming Arrival, at index: Int) {
        guard places[index].isUp else { return }
        if places[index].block == nil, places[index].mail.isEmpty {
            take(arrival, at: index)
        } else {
            places[index].mail.append(arrival)
        }
    }

    mutating func take(_ arrival: consuming Arrival, at index: Int) {
        switch arrival {
        case .datagram(let datagram, let from):
            receive(.received(datagram, from: places[from].address), by: index)
        case .state(let state, let from):
            receive(.pushPullRequested(state, PushPullID(rawValue: UInt64(from))), by: index)
        case .answer(let state):
            receive(.pushPullAnswered(state), by: index)
        }
    }

    private mutating func receive(_ event: consuming GossipEvent, by index: Int) {
        machines[index].receive(event, at: Instant(nanoseconds: now), into: &effects)
        carryOut(of: index)
    }

    mutating func expire(_ index: Int) {
        if let deadline = machines[index].nextDeadline, deadline.nanoseconds <= now {
            machines[index].expire(at: Instant(nanoseconds: now), into: &effects)
            carryOut(of: index)
        } else {
            arm(index)
        }
    }

    // MARK: What a member wants

    private mutating func carryOut(of index: Int) {
        while !effects.isEmpty {
            var all = exchange(&effects, with: exchange(&moreEffects, with: Effects(capacity: 0)))
            all.drain { carryOut($0, of: index) }
            moreEffects = all
        }
        arm(index)
    }

    private mutating func carryOut(_ effect: GossipEffect, of index: Int) {
        switch effect {
        case .send(let datagram, let address):
            send(datagram, from: index, to: Self.index(of: address))
        case .pushPull(let state, let address):
            deliver(.state(state, from: index), to: Self.index(of: address))
        case .answerPushPull(let id, let state):
            deliver(.answer(state), to: Int(id.rawValue))
        case .refusePushPull:
            break
        case .persistIncarnation(let ceiling):
            machines[index].receive(
                .incarnationPersisted(ceiling), at: Instant(nanoseconds: now), into: &effects)
        case .observe(.suspected(let member, _)):
            suspicions.append(Opinion(time: now, observer: index, subject: Self.index(of: member.address)))
        case .observe(.unreachable(let member)):
            verdicts.append(Opinion(time: now, observer: index, subject: Self.index(of: member.address)))
        case .observe:
            break
        }
    }

    private mutating func send(_ datagram: GossipDatagram, from index: Int, to recipient: Int) {
        if isRecordingProbes, case .ping = datagram.message {
            probes.append(Probe(time: now, prober: index, target: recipient))
        }
        guard places[index].block != nil else { return transmit(datagram, from: index, to: recipient) }
        places[index].block?.unsent.append((datagram, recipient))
        switch datagram.message {
        case .ping, .pingRequest: places[index].block?.isStuck = true
        case .acknowledgement, .negativeAcknowledgement, .news: break
        }
    }

    mutating func transmit(_ datagram: GossipDatagram, from index: Int, to recipient: Int) {
        datagramCount += 1
        if isCountingBytes {
            byteCount += datagram.encodedByteCount
        }
        deliver(.datagram(datagram, from: index), to: recipient)
    }

    private mutating func deliver(_ arrival: Arrival, to recipient: Int) {
        guard places[recipient].isUp else { return }
        let delay = Self.delay.lowerBound + Int64(generator.below(UInt64(Self.delay.count)))
        schedule.insert(.arrival(arrival, at: recipient), at: now + delay)
    }

    /// Keeps one timer in the schedule that is due no later than the machine's.
    private mutating func arm(_ index: Int) {
        guard let deadline = machines[index].nextDeadline?.nanoseconds else { return }
        let due = max(deadline, now)
        if let timer = places[index].timer, timer <= due { return }
        places[index].timer = due
        schedule.insert(.timer(index), at: due)
    }

    // MARK: Addresses are places

    private static func address(of index: Int) -> GossipAddress {
        guard let address = GossipAddress(host: host, port: UInt16(index + 1)) else {
            preconditionFailure("\(host) is no host")
        }
        return address
    }

    private static func index(of address: GossipAddress) -> Int { Int(address.port) - 1 }
}
