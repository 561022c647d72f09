public import Causality
package import Coordinator
public import Machine

/// What a read found.
public struct ReadResult: Sendable, Equatable {
    /// The values that nothing known replaced, the newest first; none where the key is absent, deleted or expired. More than
    /// one are siblings: written concurrently, for the application to merge.
    public let values: [StoredValue]
    /// What the reader has seen, to hand on as text and give back with a write. Empty where the key was never written, and
    /// not empty where it was deleted.
    public let context: ContextToken

    /// The value of the last write by the writers' clocks, for who wants one; `nil` where that write was a delete or has
    /// expired, even if an earlier value is still among ``values``.
    public let latest: StoredValue?

    /// The context for a write that replaces exactly what was read here, and nothing that came meanwhile.
    public var seen: WriteContext { .seen(context.context) }

    /// What a coordinator found under a key, seen at `wall` milliseconds since 1970.
    package init(_ object: Object?, key: ByteBuffer, wall: UInt64) {
        let object = object ?? Object()
        values = object.liveSiblings(at: wall).compactMap(StoredValue.init).sorted { left, right in
            (left.written, left.dot) > (right.written, right.dot)
        }
        latest = object.latest(at: wall).flatMap(StoredValue.init)
        context = ContextToken(object.context, key: key)
    }
}

/// One value of a key.
public struct StoredValue: Sendable, Equatable {
    /// The value.
    public let bytes: ByteBuffer
    /// Its media type as it was written; empty where none was given.
    public let contentType: String
    /// When it was written, by its coordinator's clock.
    public let written: HybridTimestamp
    /// When it ends, in wall milliseconds since 1970; `nil` for never.
    public let expiry: UInt64?
    /// The name of the write.
    public let dot: Dot

    /// The value as text; `nil` where its bytes are not UTF-8.
    public var text: String? { String(validating: bytes.readableBytesView, as: UTF8.self) }

    init?(_ sibling: Sibling) {
        guard case .value(let value, let contentType) = sibling.content else { return nil }
        // A slice would keep the whole receive buffer in memory for as long as the caller keeps the value.
        var bytes = ByteBuffer()
        bytes.writeImmutableBuffer(value)
        self.bytes = bytes
        self.contentType = contentType
        written = sibling.timestamp
        expiry = sibling.expiry == 0 ? nil : sibling.expiry
        dot = sibling.dot
    }
}

/// What a write did.
public struct WriteResult: Sendable, Equatable {
    /// The name of the write.
    public let dot: Dot
    /// What the writer has seen now: the context that it gave, and its own write. The next write with it replaces this one,
    /// and no sibling that the writer was not shown.
    public let context: ContextToken

    /// The context for a write that replaces this one.
    public var seen: WriteContext { .seen(context.context) }

    /// The write that got this dot.
    package init(_ dot: Dot, of request: PutRequest) {
        self.dot = dot
        context = ContextToken(request.seeing.following(dot), key: request.key)
    }
}
