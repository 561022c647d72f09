public import Machine

/// One write of a key that no known write has replaced.
public struct Sibling: Equatable, Sendable {
    /// What was written.
    public enum Content: Equatable, Sendable {
        /// A value and its media type, at most ``CausalityLimits/contentTypeBytes`` of UTF-8; empty where none was
        /// given.
        case value(ByteBuffer, contentType: String)
        /// A delete.
        case tombstone
    }

    /// The name of the write. One dot is one write: two siblings under the same dot are the same.
    public let dot: Dot
    /// When it was written, by its coordinator's clock.
    public let timestamp: HybridTimestamp
    /// When a value ends, in wall milliseconds since 1970; 0 for never, and always for a tombstone.
    public let expiry: UInt64
    /// What was written.
    public let content: Content

    /// A write; `expiry` counts for a value only.
    public init(dot: Dot, timestamp: HybridTimestamp, expiry: UInt64 = 0, content: Content) {
        self.dot = dot
        self.timestamp = timestamp
        if case .tombstone = content {
            self.expiry = 0
        } else {
            self.expiry = expiry
        }
        self.content = content
    }

    /// Whether there is a value to read at a wall time in milliseconds since 1970: one that is neither a tombstone nor
    /// expired. A value ends at the very millisecond of its expiry.
    public func isLive(at wall: UInt64) -> Bool {
        if case .tombstone = content {
            return false
        }
        return expiry == 0 || wall < expiry
    }
}
