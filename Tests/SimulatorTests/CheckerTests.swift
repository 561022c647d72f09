import Causality
import Coordinator
import Machine
import Testing

@testable import Simulator

/// Every checker finds what it is there to find: each is given a history that breaks its rule, and the same history mended.
@Suite struct CheckerTests {
    private static let actor = ActorID(node: NodeID(high: 1, low: 2), epoch: 1)

    private static func dot(_ counter: UInt64, epoch: UInt64 = 1) -> Dot {
        Dot(actor: ActorID(node: NodeID(high: 1, low: 2), epoch: epoch), counter: counter)
    }

    /// A history of one register, written by one client after another.
    private struct Book {
        var history = History()

        init(_ model: KeyModel = .register) {
            history.keys = [KeyHistory(name: "key", key: ByteBuffer(string: "key"), model: model)]
        }

        mutating func write(
            past: [Int] = [], isBlind: Bool = false, outcome: Outcome = .done, dot: Dot? = nil,
            elements: WriteSet = WriteSet(), began: Int64 = 0, ended: Int64 = 1, copies: Int = 2
        ) {
            let number = history.keys[0].writes.count
            let value = ByteBuffer(string: history.keys[0].text(of: number, by: 0))
            var seen = WriteSet()
            for one in past {
                seen.insert(one)
            }
            if let dot {
                history.keys[0].writeOfDot[dot] = number
            }
            history.keys[0].writes.append(
                Write(
                    operation: operation(.write(number)), client: 0, value: value, past: seen, unnamed: CausalContext(),
                    isBlind: isBlind,
                    elements: elements, began: began, ended: ended, outcome: outcome, dot: dot, copies: copies))
        }

        mutating func operation(
            _ kind: Simulator.Operation.Kind, settled: CausalContext? = nil, session: Session? = nil
        ) -> Int {
            history.operations.append(
                Simulator.Operation(
                    kind: kind, key: 0, client: 0, host: 0, life: 0, options: RequestOptions(sloppy: false), began: 0,
                    settled: settled, session: session))
            return history.operations.count - 1
        }

        mutating func read(
            _ object: Object, settled: CausalContext? = nil, session: Session? = nil, keepsSessions: Bool = true
        ) -> Invariant? {
            let number = operation(.read, settled: settled, session: session)
            return AnswerChecker(keepsSessions: keepsSessions).check(.found(object), to: number, in: &history)?
                .invariant
        }
    }

    /// A copy that shows some values, each under its dot.
    private static func object(_ siblings: [(dot: Dot, value: String)]) -> Object {
        var result = Object()
        for (dot, value) in siblings {
            var one = Object()
            // Earlier dots of the actor are taken first, so that the value has the dot that is asked for.
            for counter in 1...dot.counter {
                one.write(
                    .value(ByteBuffer(string: counter == dot.counter ? value : ""), contentType: "text/plain"),
                    expiry: 0, timestamp: HybridTimestamp(rawValue: 0), seeing: .everythingHere, as: dot.actor)
            }
            result.merge(one)
        }
        return result
    }

    @Test func `a value that nobody wrote is found`() {
        var book = Book()
        book.write()
        #expect(book.read(Self.object([(Self.dot(1), "key write 0 of client 0")])) == nil)
        #expect(book.read(Self.object([(Self.dot(1), "key write 1 of client 0")])) == .nothingInvented)
    }

    @Test func `a dot of two writes, and a write of two dots, are found`() {
        var book = Book()
        book.write(dot: Self.dot(1))
        book.write()
        #expect(book.read(Self.object([(Self.dot(1), "key write 1 of client 0")])) == .dotsUnique)
        #expect(book.read(Self.object([(Self.dot(1, epoch: 2), "key write 0 of client 0")])) == .dotsUnique)
        #expect(book.read(Self.object([(Self.dot(1, epoch: 2), "key write 1 of client 0")])) == nil)
    }

    @Test func `a refused write that is there is found`() {
        var book = Book()
        book.write(outcome: .notApplied)
        #expect(book.read(Self.object([(Self.dot(1), "key write 0 of client 0")])) == .refusedIsNotWritten)
    }

    @Test func `siblings of which one had seen the other are found`() {
        var book = Book()
        book.write()
        book.write(past: [0])
        let both = Self.object([
            (Self.dot(1), "key write 0 of client 0"), (Self.dot(1, epoch: 2), "key write 1 of client 0"),
        ])
        #expect(book.read(both) == .siblingsConcurrent)
    }

    @Test func `a strict read that knows too little is found`() {
        var book = Book()
        book.write(dot: Self.dot(1))
        let settled = CausalContext([Self.dot(1)])
        #expect(book.read(Self.object([(Self.dot(1), "key write 0 of client 0")]), settled: settled) == nil)
        #expect(book.read(Object(), settled: settled) == .readsRegular)
    }

    @Test func `a strict read that lacks what its session is owed is found, by the guarantee that it breaks`() {
        var book = Book()
        book.write(dot: Self.dot(1))
        let shown = Self.object([(Self.dot(1), "key write 0 of client 0")])
        let other = CausalContext([Self.dot(1, epoch: 2)])
        let sessions: [(Session, Invariant)] = [
            (Session(read: other), .monotonicReads), (Session(written: other), .readYourWrites),
            (Session(followed: other), .writesFollowReads), (Session(preceded: other), .monotonicWrites),
        ]
        for (session, guarantee) in sessions {
            #expect(book.read(shown, session: session) == guarantee)
            #expect(book.read(shown, session: session, keepsSessions: false) == nil, "a node has forgotten")
        }
        #expect(book.read(shown, session: Session(read: CausalContext([Self.dot(1)]))) == nil)
        let number = book.operation(.read, session: Session(read: other))
        #expect(
            AnswerChecker().check(.absent, to: number, in: &book.history)?.invariant == .monotonicReads,
            "nothing is less than what was read")
    }

    @Test func `who reads a write is owed what its author had read and written, and what that one was owed`() {
        let contexts = (1...4).map { CausalContext([Self.dot(1, epoch: $0)]) }
        let author = Session(
            read: contexts[0], written: contexts[1], followed: contexts[2], preceded: contexts[3])
        var session = Session(read: contexts[3])
        session.follow(author)
        #expect(session.followed == CausalContext([Self.dot(1), Self.dot(1, epoch: 3)]))
        #expect(session.preceded == CausalContext([Self.dot(1, epoch: 2), Self.dot(1, epoch: 4)]))
        #expect(session.read == contexts[3])
        #expect(session.lacking(in: contexts[3]).map(\.guarantee) == [.writesFollowReads, .monotonicWrites])
    }

    @Test func `a read that shows a write and not what its client had seen is found`() {
        var book = Book()
        book.write()
        let shown = Self.object([(Self.dot(2), "key write 0 of client 0")])
        book.history.keys[0].writes[0].context = CausalContext([Self.dot(1)])
        #expect(book.read(shown) == nil, "one actor's dots come in order")
        book.history.keys[0].writes[0].context = CausalContext([Self.dot(1, epoch: 2)])
        #expect(book.read(shown) == .causesAreKnown)
    }

    @Test func `an acknowledged write that is gone is found, and one that was replaced is not`() {
        var book = Book()
        book.write(dot: Self.dot(1))
        let checker = FinalChecker()
        let there = Self.object([(Self.dot(1), "key write 0 of client 0")])
        #expect(checker.check(there, of: book.history.keys[0]) == nil)
        #expect(checker.check(nil, of: book.history.keys[0])?.invariant == .acknowledgedIsPresent)
        book.write(dot: Self.dot(2))
        let replaced = Self.object([(Self.dot(2), "key write 1 of client 0")])
        #expect(checker.check(replaced, of: book.history.keys[0])?.invariant == .acknowledgedIsPresent)
        book.write(past: [0], dot: Self.dot(3))
        let seen = Self.object([(Self.dot(3), "key write 2 of client 0")])
        #expect(checker.check(seen, of: book.history.keys[0])?.what.hasPrefix("write 1") == true)
        book.history.keys[0].writes[1].outcome = .unknown
        #expect(checker.check(seen, of: book.history.keys[0]) == nil)
    }

    @Test func `a write that comes back after it was replaced is found`() {
        var book = Book()
        book.write(dot: Self.dot(1))
        book.write(past: [0], dot: Self.dot(1, epoch: 2))
        let back = Self.object([
            (Self.dot(1), "key write 0 of client 0"), (Self.dot(1, epoch: 2), "key write 1 of client 0"),
        ])
        #expect(FinalChecker().check(back, of: book.history.keys[0])?.invariant == .overwrittenStaysGone)
    }

    @Test func `what was on more disks than were lost has to survive, and nothing else`() {
        var book = Book()
        book.write(dot: Self.dot(1), copies: 2)
        #expect(FinalChecker(disksLost: 1).check(nil, of: book.history.keys[0])?.invariant == .survivesLoss)
        #expect(FinalChecker(disksLost: 2).check(nil, of: book.history.keys[0]) == nil)
    }

    @Test func `an element of a set that is gone is found`() {
        var book = Book(.set)
        book.write(dot: Self.dot(1), elements: WriteSet(0))
        book.write(past: [0], dot: Self.dot(2), elements: WriteSet(1))
        let left = Self.object([(Self.dot(2), "key write 1 of client 0")])
        #expect(FinalChecker().check(left, of: book.history.keys[0])?.invariant == .acknowledgedIsPresent)
    }
}
