public import Causality
public import Coordinator
public import Machine

/// Where values are put and got: a cluster by way of a ``ToystoreClient``, or a node that runs in the same process. A program
/// that is written against this runs with the one and is tested with the other.
///
/// ```swift
/// func add(_ item: String, to cart: String, in store: some KeyValueStore) async throws {
///     let read = try await store.get(cart)
///     let items = read.values.compactMap(\.text) + [item]
///     try await store.put(items.joined(separator: "\n"), for: cart, seeing: read.seen)
/// }
/// ```
///
/// Keys have 1 to 4096 bytes, any bytes. Every method may be called from any number of tasks at a time; each ends by the
/// request's deadline, or at once when its task is cancelled.
public protocol KeyValueStore: Sendable {
    /// Carries out a read; ``get(_:options:)-(ByteBuffer,_)`` is the shorter way to say it.
    func perform(_ request: GetRequest) async throws(ClientFailure) -> ReadResult

    /// Carries out a write or a delete; `put` and `delete` are the shorter ways to say it. A failure's `outcome` says whether
    /// the write may have taken effect all the same.
    func perform(_ request: PutRequest) async throws(ClientFailure) -> WriteResult

    /// Wall milliseconds since 1970, by which values expire.
    func wallMilliseconds() -> UInt64
}

extension KeyValueStore {
    /// Reads a key: its values, and the context to write with.
    ///
    /// A key that is absent, deleted or expired has no values; that is an answer, not a failure.
    public func get(
        _ key: ByteBuffer, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> ReadResult {
        try await perform(GetRequest(key: key, options: options))
    }

    /// Writes a value, of at most what the cluster's nodes take.
    ///
    /// - Parameters:
    ///   - value: The bytes.
    ///   - key: Where.
    ///   - contentType: The media type, at most 255 bytes of UTF-8.
    ///   - seen: What the write replaces: everything that the coordinating owner has, or only what a read has shown
    ///     (``ReadResult/seen``) and what came meanwhile stays beside it.
    ///   - precondition: What must hold at the coordinating owner; else the write fails with `preconditionFailed`.
    ///   - timeToLive: How long the value lives by this machine's clock, up from a millisecond; `nil` for ever.
    ///   - options: How many replicas must have it, and by when.
    /// - Throws: A failure, whose `outcome` says whether the write may have taken effect all the same.
    @discardableResult
    public func put(
        _ value: ByteBuffer, for key: ByteBuffer, contentType: String = "", seeing seen: WriteContext = .everythingHere,
        precondition: Precondition = .none, timeToLive: Duration? = nil, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> WriteResult {
        var expiry: UInt64 = 0
        if let timeToLive {
            guard timeToLive >= .milliseconds(1) else { throw .invalid("a time to live is at least a millisecond") }
            expiry = wallMilliseconds().saturatingAdd(timeToLive)
        }
        return try await perform(
            PutRequest(
                key: key, content: .value(value, contentType: contentType), seeing: seen, precondition: precondition,
                expiry: expiry, options: options))
    }

    /// Deletes a key, which also succeeds where there is nothing. Parameters and failures are those of a put.
    @discardableResult
    public func delete(
        _ key: ByteBuffer, seeing seen: WriteContext = .everythingHere, precondition: Precondition = .none,
        options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> WriteResult {
        try await perform(
            PutRequest(key: key, content: .tombstone, seeing: seen, precondition: precondition, options: options))
    }
}

extension UInt64 {
    /// This many milliseconds and a duration, at most the largest number.
    fileprivate func saturatingAdd(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
        let (sum, carry) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000_000_000))
        let (end, wrap) = addingReportingOverflow(sum)
        return overflow || carry || wrap ? .max : end
    }
}
