import Machine

/// How much clients may put under one key: checked at the edge, before a write, and nowhere else.
///
/// A write that leaves the object no worse than it is always passes, so that an object beyond a limit can be mended by
/// reading it and writing back one value (riak_kv#1648: 101 siblings of one object came to 1.3 GB).
public struct SiblingLimits: Hashable, Sendable {
    /// The most siblings of an object.
    public var siblings: Int
    /// The most bytes of one value.
    public var valueBytes: Int
    /// The most bytes of all values and media types of an object together.
    public var objectBytes: Int
    /// The most entries of an object's context.
    public var contextEntries: Int

    /// Limits, by default 100 siblings, values of 1 MiB, objects of 8 MiB, and 4,096 entries.
    public init(
        siblings: Int = 100, valueBytes: Int = 1 << 20, objectBytes: Int = 8 << 20, contextEntries: Int = 4_096
    ) {
        self.siblings = siblings
        self.valueBytes = valueBytes
        self.objectBytes = objectBytes
        self.contextEntries = contextEntries
    }

    /// Why a write is refused.
    @frozen
    public enum Refusal: Error, Hashable, Sendable {
        /// The value has more bytes than the limit.
        case valueTooLarge(limit: Int)
        /// The media type has more bytes than the limit.
        case contentTypeTooLong(limit: Int)
        /// The values together would have more bytes than the limit.
        case objectTooLarge(limit: Int)
        /// The object would have more siblings than the limit: the client has to read them and write with the context.
        case tooManySiblings(limit: Int)
        /// The context that the client sent would bring the object's beyond the limit.
        case contextTooLarge(limit: Int)
    }

    /// Why `object` does not take this write, or `nil` where it does. O(n + m).
    public func refusal(
        of content: Sibling.Content, on object: Object, seeing seen: WriteContext
    ) -> Refusal? {
        if case .value(let bytes, let contentType) = content {
            guard bytes.readableBytes <= valueBytes else { return .valueTooLarge(limit: valueBytes) }
            guard contentType.utf8.count <= CausalityLimits.contentTypeBytes else {
                return .contentTypeTooLong(limit: CausalityLimits.contentTypeBytes)
            }
        }
        guard case .seen(let seen) = seen else { return nil }

        var kept = (count: 0, bytes: 0)
        var replaced = (count: 0, bytes: 0)
        for sibling in object.siblings {
            if seen.contains(sibling.dot) {
                replaced.count += 1
                replaced.bytes += sibling.content.byteCount
            } else {
                kept.count += 1
                kept.bytes += sibling.content.byteCount
            }
        }
        guard kept.count + 1 <= siblings || replaced.count >= 1 else { return .tooManySiblings(limit: siblings) }
        guard kept.bytes + content.byteCount <= objectBytes || content.byteCount <= replaced.bytes else {
            return .objectTooLarge(limit: objectBytes)
        }
        if !object.context.descends(from: seen) {
            var context = object.context
            context.merge(seen)
            guard context.entryCount <= contextEntries || context.entryCount <= object.context.entryCount else {
                return .contextTooLarge(limit: contextEntries)
            }
        }
        return nil
    }
}

extension Sibling.Content {
    /// The number of bytes of the value and its media type.
    public var byteCount: Int {
        switch self {
        case .value(let bytes, let contentType): bytes.readableBytes + contentType.utf8.count
        case .tombstone: 0
        }
    }
}
