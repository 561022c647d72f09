import Machine
import Testing

@testable import Causality

/// Reading and writing one copy.
@Suite struct ObjectTests {
    static func sibling(
        _ name: Character, at milliseconds: UInt64, expiry: UInt64 = 0, _ content: Sibling.Content
    ) -> Sibling {
        Sibling(
            dot: dot(name, 1), timestamp: HybridTimestamp(milliseconds: milliseconds), expiry: expiry, content: content)
    }

    static func object(_ siblings: Sibling...) -> Object {
        Object(context: CausalContext(siblings.map(\.dot)), siblings: siblings)
    }

    @Test func `a value is read until the millisecond of its expiry, and then the object is a tombstone`() {
        let object = Self.object(Self.sibling("a", at: 1, expiry: 100, .text("short")))
        #expect(!object.isDeleted(at: 99))
        #expect(object.liveSiblings(at: 99) == object.siblings)
        #expect(object.isDeleted(at: 100))
        #expect(object.liveSiblings(at: 100).isEmpty)
        #expect(object.latest(at: 99) == object.siblings[0])
        #expect(object.latest(at: 100) == nil)
        #expect(!object.isEmpty)
    }

    @Test func `a tombstone never expires, and hides no value that was written concurrently`() {
        let object = Self.object(
            Self.sibling("a", at: 1, .text("value")), Self.sibling("b", at: 2, expiry: 5, .tombstone))
        #expect(object.siblings[1].expiry == 0)
        #expect(!object.isDeleted(at: 9))
        #expect(object.liveSiblings(at: 9) == [object.siblings[0]])
    }

    @Test func `the last write wins by timestamp, then by dot, also where it ended a value`() {
        let early = Self.sibling("b", at: 1, .text("early"))
        let late = Self.sibling("a", at: 2, .text("late"))
        #expect(Self.object(late, early).latest(at: 0) == late)
        let same = Self.sibling("c", at: 2, .text("same time, greater dot"))
        #expect(Self.object(late, early, same).latest(at: 0) == same)
        #expect(Self.object(early, Self.sibling("c", at: 2, .tombstone)).latest(at: 0) == nil)
        let expired = Self.object(early, Self.sibling("c", at: 2, expiry: 10, .text("short")))
        #expect(expired.latest(at: 9) == expired.siblings[1])
        #expect(expired.latest(at: 10) == nil)
        #expect(Object().latest(at: 0) == nil)
        #expect(Object().isEmpty && Object().isDeleted(at: 0))
    }

    @Test func `a write without a context replaces what is here, one with the empty context nothing`() {
        var object = Object([("a", 1, ["a"]), ("b", 1, ["b"])])
        object.write("c", seeing: .seen(CausalContext()), as: "c")
        #expect(object.values == ["a", "b", "c"])
        object.write("d", seeing: .everythingHere, as: "b")
        #expect(object.values == ["d"])
        #expect(object.siblings.map(\.dot) == [dot("b", 2)])
        #expect(object.context == CausalContext([dot("a", 1), dot("b", 1), dot("b", 2), dot("c", 1)]))
    }

    @Test func `a write brings its writer's knowledge along, and a copy that lacked it takes nothing back`() {
        let elsewhere = Object([("b", 2, ["seen"])])
        var object = Object([("a", 1, ["unseen"])])
        object.write("new", seeing: .seen(elsewhere.context), as: "a")
        #expect(object.values == ["unseen", "new"])
        #expect(object.merged(elsewhere) == object)
    }

    @Test func `a delete is a write, so that it meets another copy with an identity and a time`() {
        let written = Object([("a", 1, ["value"])])
        var deleted = written
        let dot = deleted.write(
            .tombstone, timestamp: HybridTimestamp(milliseconds: 5), seeing: .seen(written.context), as: actor("a"))
        #expect(deleted.isDeleted(at: 0))
        #expect(deleted.siblings.map(\.dot) == [dot])
        #expect(!written.covers(deleted) && deleted.covers(written))
        #expect(written.hash(key: ByteBuffer()) != deleted.hash(key: ByteBuffer()))

        var rewritten = written
        rewritten.write("meanwhile", seeing: .seen(written.context), as: "b")
        let both = rewritten.merged(deleted)
        #expect(both.liveSiblings(at: 0).map(\.dot) == [Dot(actor: actor("b"), counter: 1)])
        #expect(both.siblings.count == 2)
    }

    @Test func `a client that is ahead in the coordinator's actor is not taken at its word, and loses nothing`() {
        // The caller should have asked for a fresh epoch; even so the write survives a merge with what the client saw.
        let forgotten = CausalContext([dot("a", 1), dot("a", 2), dot("a", 3)])
        var object = Object([("a", 1, ["old"])])
        let written = object.write("new", seeing: .seen(forgotten), as: "a")
        #expect(written == dot("a", 4))
        #expect(object.merged(Object(context: forgotten, siblings: [])).values == ["new"])
    }
}
