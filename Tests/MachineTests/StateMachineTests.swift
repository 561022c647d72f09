import Machine
import Testing

/// The smallest machine that has all parts of the contract: it echoes after a delay, and has a bound.
private struct Echo: StateMachine, ~Copyable {
    enum Event {
        case heard(String)
        case calledOff(SlotID)
    }

    enum Effect: Equatable {
        case promised(SlotID)
        case say(String)
        case busy
    }

    private var words = SlotTable<String>(capacity: 2)
    private var deadlines = DeadlineQueue()
    private var generations: [UInt32: SlotID] = [:]

    var nextDeadline: Instant? { deadlines.earliest }

    mutating func receive(_ event: consuming Event, at now: Instant, into effects: inout Effects<Effect>) {
        switch consume event {
        case .heard(let word):
            guard let id = words.insert(word) else { return effects.emit(.busy) }
            generations[id.index] = id
            deadlines.set(now.advanced(by: .seconds(1)), for: id.index)
            effects.emit(.promised(id))
        case .calledOff(let id):
            guard words.remove(id) != nil else { return }
            deadlines.remove(id.index)
        }
    }

    mutating func expire(at now: Instant, into effects: inout Effects<Effect>) {
        while let name = deadlines.popExpired(at: now) {
            if let id = generations[name], let word = words.remove(id) {
                effects.emit(.say(word))
            }
        }
    }
}

@Suite struct StateMachineTests {
    private func expectEffects(
        _ effects: inout Effects<Echo.Effect>, _ expected: [Echo.Effect],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let taken = effects.takeAll()
        #expect(taken == expected, sourceLocation: sourceLocation)
    }

    @Test func `a shell runs a machine from event to deadline without a clock`() {
        var echo = Echo()
        var effects = Effects<Echo.Effect>()
        let start = Instant(nanoseconds: 7)
        let (first, second) = (SlotID(index: 0, generation: 1), SlotID(index: 1, generation: 1))

        echo.receive(.heard("a"), at: start, into: &effects)
        echo.receive(.heard("b"), at: start.advanced(by: .milliseconds(1)), into: &effects)
        echo.receive(.heard("c"), at: start.advanced(by: .milliseconds(2)), into: &effects)
        expectEffects(&effects, [.promised(first), .promised(second), .busy])
        var next = echo.nextDeadline
        #expect(next == start.advanced(by: .seconds(1)))

        echo.receive(.calledOff(first), at: start.advanced(by: .milliseconds(3)), into: &effects)
        echo.receive(.calledOff(first), at: start.advanced(by: .milliseconds(3)), into: &effects)
        next = echo.nextDeadline
        #expect(next == start.advanced(by: .milliseconds(1001)))
        echo.expire(at: start.advanced(by: .seconds(1)), into: &effects)
        expectEffects(&effects, [])
        echo.expire(at: start.advanced(by: .milliseconds(1001)), into: &effects)
        expectEffects(&effects, [.say("b")])
        next = echo.nextDeadline
        #expect(next == nil)
    }

    @Test func `the parts of a machine can be handed from thread to thread`() {
        func requireSendable<Part: Sendable & ~Copyable>(_ type: Part.Type) {}
        requireSendable(Effects<Int>.self)
        requireSendable(Instant.self)
        requireSendable(NodeID.self)
        requireSendable(SeededGenerator.self)
        requireSendable(DeadlineQueue.self)
        requireSendable(SlotTable<Int>.self)
        requireSendable(BoundedQueue<Int>.self)
        requireSendable(DecodingFailure.self)
        requireSendable(ByteBuffer.self)
    }
}
