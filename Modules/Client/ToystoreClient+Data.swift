public import Causality
public import Coordinator
public import Machine
import Wire

extension ToystoreClient {
    /// Reads a key of 1 to 4096 bytes: its values, and the context to write with.
    ///
    /// A key that is absent, deleted or expired has no values; that is an answer, not a failure.
    public func get(
        _ key: ByteBuffer, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> ReadResult {
        try Self.check(key, options)
        let answer = try await ask(
            .request, isRepeatable: true, timeout: options.timeout.map { .nanoseconds($0) }
        ) { left, payload in
            Request.get(GetRequest(key: key, options: options.within(left))).encode(into: &payload)
        }
        switch try answer.response {
        case .found(let object): return ReadResult(object, key: key, wall: configuration.wallClock())
        case .absent: return ReadResult(nil, key: key, wall: configuration.wallClock())
        case .written, .failed: throw answer.malformed(.invalid("answer to a read"))
        }
    }

    /// Writes a value, of at most what the cluster's nodes take, under a key of 1 to 4096 bytes.
    ///
    /// - Parameters:
    ///   - value: The bytes.
    ///   - key: Where.
    ///   - contentType: The media type, at most 255 bytes of UTF-8.
    ///   - seen: What the write replaces: everything that the coordinating owner has, or only what a read has shown
    ///     (``ReadResult/seen``) and what came meanwhile stays beside it.
    ///   - precondition: What must hold at the coordinating owner; else the write fails with `preconditionFailed`.
    ///   - timeToLive: How long the value lives by this client's clock, up from a millisecond; `nil` for ever.
    ///   - options: How many replicas must have it, and by when.
    /// - Throws: A failure, whose `outcome` says whether the write may have taken effect all the same.
    @discardableResult
    public func put(
        _ value: ByteBuffer, for key: ByteBuffer, contentType: String = "", seeing seen: WriteContext = .everythingHere,
        precondition: Precondition = .none, timeToLive: Duration? = nil, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> WriteResult {
        guard contentType.utf8.count <= CausalityLimits.contentTypeBytes else {
            throw .invalid("a content type has at most \(CausalityLimits.contentTypeBytes) bytes")
        }
        var expiry: UInt64 = 0
        if let timeToLive {
            guard timeToLive >= .milliseconds(1) else { throw .invalid("a time to live is at least a millisecond") }
            expiry = configuration.wallClock().saturatingAdd(timeToLive)
        }
        return try await write(
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
        try await write(
            PutRequest(key: key, content: .tombstone, seeing: seen, precondition: precondition, options: options))
    }

    private func write(_ request: PutRequest) async throws(ClientFailure) -> WriteResult {
        try Self.check(request.key, request.options)
        let answer = try await ask(
            .request, isRepeatable: false, timeout: request.options.timeout.map { .nanoseconds($0) }
        ) { left, payload in
            var request = request
            request.options = request.options.within(left)
            Request.put(request).encode(into: &payload)
        }
        guard case .written(let dot, _) = try answer.response else {
            throw answer.malformed(.invalid("answer to a write"))
        }
        return WriteResult(dot: dot, context: ContextToken(request.seeing.following(dot), key: request.key))
    }

    static func check(_ key: ByteBuffer, _ options: RequestOptions) throws(ClientFailure) {
        guard (1...RequestLimits.keyBytes).contains(key.readableBytes) else {
            throw .invalid("a key has 1 to \(RequestLimits.keyBytes) bytes; this one has \(key.readableBytes)")
        }
        let sizes = [
            options.read, options.write, options.primaryRead, options.primaryWrite, options.durableWrite,
        ]
        for case .count(let count)? in sizes where !(1...QuorumSize.limit).contains(count) {
            throw .invalid("a number of replicas is 1 to \(QuorumSize.limit), not \(count)")
        }
    }
}

extension RequestOptions {
    /// The same, with what is left of the time.
    fileprivate func within(_ left: Duration) -> RequestOptions {
        var options = self
        options.timeout = left.nanosecondCount
        return options
    }
}

extension Duration {
    /// The duration in nanoseconds, the largest number for what is longer.
    fileprivate var nanosecondCount: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
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
