import FoundationEssentials

/// Limits and times of the HTTP door. Each has a default that suits a node of any size.
public struct HTTPAPIConfiguration: Sendable {
    /// How long a connection may be silent between requests, and before the end of a request's headers.
    public var idleTimeout: Duration = .seconds(60)
    /// How long a request may take from the end of its headers to the end of its body.
    public var requestTimeout: Duration = .seconds(60)
    /// How long a client may leave an answer unread before it is cut off.
    public var stallTimeout: Duration = .seconds(30)
    /// How long requests in flight have to finish when the server stops.
    public var stopGrace: Duration = .seconds(5)
    /// Connections that are open at once; further ones wait in the system's queue.
    public var connectionLimit = 8192
    /// Bytes of one header field. A context of the most entries that an honest object collects fits.
    public var headerByteLimit = 128 << 10
    /// Bytes of all header fields of a request together.
    public var headerListByteLimit = 384 << 10
    /// Header fields of a request.
    public var headerCountLimit = 128
    /// Bytes of the bodies of all requests in flight together; beyond that a request is answered with 503 and
    /// `Retry-After`.
    public var bodyByteLimit = 256 << 20
    /// When a request that found no room is told to come back, in milliseconds.
    public var retryAfterMilliseconds = 1000
    /// Bytes of a batch's body.
    public var batchByteLimit = 16 << 20
    /// Operations of a batch.
    public var batchOperationLimit = 1000
    /// Operations of a batch that run at once.
    public var batchConcurrency = 16
    /// Bytes of the values that a batch answers with; a read beyond that is answered with 413.
    public var batchAnswerByteLimit = 32 << 20
    /// Bytes that are read and thrown away after a body was refused, so that the client comes to see why.
    public var lingerByteLimit = 16 << 20
    /// The largest `timeout` that a request may ask for, in milliseconds: as long as a node works at one.
    public var timeoutLimit = 60_000
    /// The largest `ttl` that a write may ask for, in seconds: a hundred years.
    public var ttlLimit = 3_155_760_000
    /// Wall time in milliseconds since 1970: what `ttl` is added to and expiry is compared with.
    public var wallClock: @Sendable () -> UInt64 = Self.systemWallClock

    /// The defaults.
    public init() {}

    private static func systemWallClock() -> UInt64 {
        // Before 1970 a clock is broken, and nothing has expired.
        UInt64(max(0, Date().timeIntervalSince1970 * 1000))
    }
}
