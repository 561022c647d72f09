import Gossip

// What it is to get no processor for a while, and then to have one again.
extension GossipWorld {
    /// What a blocked member wants to send.
    struct Block {
        var unsent: [(datagram: GossipDatagram, to: Int)] = []
        /// Whether its prober waits in a send, so that its other timers wait too.
        var isStuck = false
    }

    /// What waits to be read, the first to come first.
    struct Mail {
        private var arrivals: [Arrival?] = []
        private var readCount = 0
        /// Whether the next is in the schedule to be read.
        var isBeingRead = false

        var isEmpty: Bool { arrivals.isEmpty }

        mutating func append(_ arrival: consuming Arrival) {
            arrivals.append(arrival)
        }

        mutating func popFirst() -> Arrival? {
            guard readCount < arrivals.count else { return nil }
            let first = arrivals[readCount].take()
            readCount += 1
            if readCount == arrivals.count {
                arrivals.removeAll(keepingCapacity: true)
                readCount = 0
            }
            return first
        }
    }

    /// A member gets no processor from now on.
    mutating func block(_ index: Int) {
        guard places[index].isUp, places[index].block == nil else { return }
        places[index].block = Block()
    }

    /// A blocked member goes on: its sends come through, then its timers are served, and only then what came meanwhile is
    /// read. So the time for the answer to a probe that waited is over before any answer can come.
    mutating func release(_ index: Int) {
        guard let block = places[index].block else { return }
        places[index].block = nil
        for (datagram, recipient) in block.unsent {
            transmit(datagram, from: index, to: recipient)
        }
        expire(index)
        if readingTime > 0 {
            scheduleReading(by: index)
        } else {
            while let arrival = places[index].mail.popFirst() {
                take(arrival, at: index)
            }
        }
    }

    /// A member that is not blocked again reads the first of what waits, and then goes on to the next.
    mutating func readOne(by index: Int) {
        places[index].mail.isBeingRead = false
        guard places[index].isUp, places[index].block == nil, let arrival = places[index].mail.popFirst() else {
            return
        }
        take(arrival, at: index)
        scheduleReading(by: index)
    }

    private mutating func scheduleReading(by index: Int) {
        guard !places[index].mail.isEmpty, !places[index].mail.isBeingRead else { return }
        places[index].mail.isBeingRead = true
        schedule.insert(.reading(index), at: now + readingTime)
    }
}
