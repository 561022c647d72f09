import Hashing
public import Machine

/// A context as a client carries it from a read to a write: opaque to the client, and good for one key.
///
/// The byte form is
///
///     version   1 byte, 1
///     key       4 bytes, a check of the key: the lower half of the second word of its Murmur3 hash
///     context   as in its own encoding, to the end
///
/// and the text form is base64url of it without padding. The check finds a context that belongs to another key, by
/// mistake. It does not authenticate: a client that forges contexts can replace what it has not read, as it could by
/// writing without one.
public struct ContextToken: Hashable, Sendable {
    /// Why a token is refused.
    public enum Failure: Error, Equatable, Sendable {
        /// It is not a token.
        case malformed(DecodingFailure)
        /// It is the context of another key.
        case foreign
    }

    /// What the client has seen.
    public let context: CausalContext
    private let keyCheck: UInt32

    private static let version: UInt8 = 1

    /// The token to hand out for a context of this key.
    public init(_ context: CausalContext, key: ByteBuffer) {
        self.context = context
        keyCheck = Self.check(of: key)
    }

    /// Reads a token that came in for a key, from all that remains of the buffer.
    public init(
        decoding buffer: inout ByteBuffer, key: ByteBuffer, limits: CausalityLimits = .client
    ) throws(Failure) {
        do throws(DecodingFailure) {
            guard try buffer.decodeInteger(as: UInt8.self, "token version") == Self.version else {
                throw .invalid("token version")
            }
            keyCheck = try buffer.decodeInteger("key check")
            context = try CausalContext(decoding: &buffer, limits: limits)
            try buffer.decodeEnd("token")
        } catch {
            throw .malformed(error)
        }
        guard keyCheck == Self.check(of: key) else { throw .foreign }
    }

    /// Reads the text form of a token that came in for a key.
    public init(text: some StringProtocol, key: ByteBuffer, limits: CausalityLimits = .client) throws(Failure) {
        guard var bytes = Base64URL.decode(text) else { throw .malformed(.invalid("token text")) }
        try self.init(decoding: &bytes, key: key, limits: limits)
    }

    /// Writes the byte form.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.version)
        buffer.writeInteger(keyCheck)
        context.encode(into: &buffer)
    }

    /// The text form: letters, digits, `-` and `_`.
    public var text: String {
        var bytes = ByteBuffer()
        encode(into: &bytes)
        return Base64URL.encode(bytes)
    }

    private static func check(of key: ByteBuffer) -> UInt32 {
        // The second word, since the first places the key, and keys of one partition share its upper bits.
        UInt32(truncatingIfNeeded: key.withUnsafeReadableBytes { Murmur3.hash128($0).1 })
    }
}
