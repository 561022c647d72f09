import Hashing
import Machine
import Testing

@testable import Causality

@Suite struct HashTests {
    static let key = ByteBuffer(string: "key")

    @Test func `the hash is that of the key behind its length, the context and the dots`() {
        let clock: [UInt8] = [1] + EncodingTests.nodeA + [1, 2, 0, 1, 1]
        let object = Object([("a", 2, ["value"])])
        let expected = ([3, 0x6b, 0x65, 0x79] + clock).withUnsafeBytes { Murmur3.hash128($0).0 }
        #expect(object.hash(key: Self.key) == expected)

        var scratch = ByteBuffer(string: "what was here before")
        #expect(object.hash(key: Self.key, using: &scratch) == expected)
        #expect(object.hash(key: Self.key, using: &scratch) == expected)
    }

    @Test func `key, context and dots change the hash; values and expiry do not`() {
        let object = Object([("a", 2, ["value"])])
        let hash = object.hash(key: Self.key)
        #expect(object.hash(key: ByteBuffer(string: "kez")) != hash)
        #expect(Object([("a", 2, [])]).hash(key: Self.key) != hash)
        #expect(Object([("a", 3, ["value"])]).hash(key: Self.key) != hash)
        #expect(Object([("a", 2, ["value", "older"])]).hash(key: Self.key) != hash)
        #expect(Object([("a", 2, ["other"])]).hash(key: Self.key) == hash)
    }
}
