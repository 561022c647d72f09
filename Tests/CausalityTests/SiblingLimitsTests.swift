import Machine
import Testing

@testable import Causality

@Suite struct SiblingLimitsTests {
    static let limits = SiblingLimits(siblings: 3, valueBytes: 10, objectBytes: 20, contextEntries: 4)

    static func refusal(
        of content: Sibling.Content, on object: Object, seeing seen: WriteContext = .seen(CausalContext())
    ) -> SiblingLimits.Refusal? {
        limits.refusal(of: content, on: object, seeing: seen)
    }

    @Test func `values and media types have limits of their own`() {
        #expect(Self.refusal(of: .text("1234567890"), on: Object()) == nil)
        #expect(Self.refusal(of: .text("1234567890x"), on: Object()) == .valueTooLarge(limit: 10))
        #expect(
            Self.refusal(of: .text("1234567890x"), on: Object(), seeing: .everythingHere) == .valueTooLarge(limit: 10))
        let long = String(repeating: "x", count: 256)
        #expect(
            Self.refusal(of: .value(ByteBuffer(), contentType: long), on: Object()) == .contentTypeTooLong(limit: 255))
    }

    @Test func `a write may fill the siblings up, and beyond that only replace`() {
        #expect(Self.refusal(of: .text("c"), on: Object([("a", 2, ["b", "a"])])) == nil)
        let full = Object([("a", 3, ["c", "b", "a"])])
        #expect(Self.refusal(of: .text("d"), on: full) == .tooManySiblings(limit: 3))
        #expect(Self.refusal(of: .tombstone, on: full) == .tooManySiblings(limit: 3))
        #expect(Self.refusal(of: .text("d"), on: full, seeing: .seen(CausalContext([dot("a", 2)]))) == nil)
        #expect(Self.refusal(of: .text("d"), on: full, seeing: .everythingHere) == nil)
        let over = Object([("a", 5, ["e", "d", "c", "b", "a"])])
        #expect(Self.refusal(of: .text("f"), on: over, seeing: .seen(CausalContext([dot("a", 2)]))) == nil)
        #expect(Self.refusal(of: .text("f"), on: over) == .tooManySiblings(limit: 3))
    }

    @Test func `the bytes of all siblings together may not grow beyond the limit`() {
        let object = Object([("a", 2, ["1234567890", "12345"])])
        #expect(Self.refusal(of: .text("12345"), on: object) == nil)
        #expect(Self.refusal(of: .text("123456"), on: object) == .objectTooLarge(limit: 20))
        let over = Object([("a", 3, ["1234567890", "1234567890", "12"])])
        let seen = WriteContext.seen(CausalContext([dot("a", 1)]))
        #expect(Self.refusal(of: .text("12"), on: over, seeing: seen) == nil)
        #expect(Self.refusal(of: .text("123"), on: over, seeing: seen) == .objectTooLarge(limit: 20))
        #expect(Self.refusal(of: .tombstone, on: over, seeing: seen) == nil)
    }

    @Test func `a client's context may not blow up the object's, which may be as large as it is`() {
        let large = CausalContext("abcde".map { dot($0, 1) })
        #expect(Self.refusal(of: .text("x"), on: Object(), seeing: .seen(large)) == .contextTooLarge(limit: 4))
        let object = Object(context: large, siblings: [])
        #expect(Self.refusal(of: .text("x"), on: object, seeing: .seen(large)) == nil)
        #expect(Self.refusal(of: .text("x"), on: object, seeing: .seen(CausalContext([dot("a", 2)]))) == nil)
    }
}
