import Hashing
import Machine
import Testing

@testable import Causality

@Suite struct ContextTokenTests {
    static let key = ByteBuffer(string: "cart:42")
    static let context = CausalContext([dot("a", 1), dot("a", 2), dot("b", 7)])

    @Test func `a token has the bytes that the format says, and comes back from its text`() throws {
        let token = ContextToken(Self.context, key: Self.key)
        var bytes = ByteBuffer()
        token.encode(into: &bytes)
        var expected = ByteBuffer(bytes: [1])
        expected.writeInteger(UInt32(truncatingIfNeeded: Murmur3.hash128(Self.key).1))
        expected.writeBytes([2] + EncodingTests.nodeA + [1, 2, 0] + EncodingTests.nodeB + [1, 0, 1, 5])
        #expect(bytes == expected)
        #expect(try ContextToken(text: token.text, key: Self.key) == token)
        #expect(try ContextToken(decoding: &bytes, key: Self.key).context == Self.context)
    }

    @Test func `the context of another key is foreign`() {
        let token = ContextToken(Self.context, key: Self.key)
        #expect(throws: ContextToken.Failure.foreign) {
            try ContextToken(text: token.text, key: ByteBuffer(string: "cart:43"))
        }
    }

    @Test func `texts that are no tokens are malformed`() {
        let text = ContextToken(Self.context, key: Self.key).text
        var longer = ByteBuffer()
        ContextToken(Self.context, key: Self.key).encode(into: &longer)
        longer.writeInteger(UInt8(0))
        let texts = [
            "", "none", "AA", text + "=", text + "A", String(text.dropLast()), " " + text, Base64URL.encode(longer),
        ]
        for text in texts {
            do throws(ContextToken.Failure) {
                _ = try ContextToken(text: text, key: Self.key)
                Issue.record("took \(text)")
            } catch {
                #expect(error != .foreign)
            }
        }
        #expect(throws: ContextToken.Failure.malformed(.tooLarge("actors", limit: 1))) {
            try ContextToken(text: text, key: Self.key, limits: CausalityLimits(actors: 1))
        }
    }

    @Test func `base64url gives the texts of RFC 4648 without padding, and takes no others`() {
        let pairs = [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ]
        for (bytes, text) in pairs {
            #expect(Base64URL.encode(ByteBuffer(string: bytes)) == text)
            #expect(Base64URL.decode(text) == ByteBuffer(string: bytes))
        }
        #expect(Base64URL.encode(ByteBuffer(bytes: [0xfb, 0xff])) == "-_8")
        for text in ["Z", "Zm9vY", "Zh", "Zm9=", "Zg==", "Zm 8", "+/8", "é"] {
            #expect(Base64URL.decode(text) == nil, "\(text)")
        }
    }

    @Test func `any bytes come back from base64url, and every text that is taken is the one of its bytes`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let bytes = ByteBuffer(
                bytes: (0..<generator.below(40)).map { _ in UInt8.random(in: 0...255, using: &generator) })
            var text = Array(Base64URL.encode(bytes).utf8)
            #expect(Base64URL.decode(String(decoding: text, as: UTF8.self)) == bytes)
            guard !text.isEmpty else { continue }
            text[Int(generator.below(UInt64(text.count)))] = UInt8(generator.below(128))
            let changed = String(decoding: text, as: UTF8.self)
            if let decoded = Base64URL.decode(changed) {
                #expect(Base64URL.encode(decoded) == changed)
            }
        }
    }
}
