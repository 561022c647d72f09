public import Causality
public import Coordinator
public import Machine

extension KeyValueStore {
    /// Reads a key whose bytes are those of a text in UTF-8.
    public func get(
        _ key: String, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> ReadResult {
        try await get(ByteBuffer(string: key), options: options)
    }

    /// Writes a text, in UTF-8, with the media type of a text unless told another.
    @discardableResult
    public func put(
        _ value: String, for key: String, contentType: String = "text/plain; charset=utf-8",
        seeing seen: WriteContext = .everythingHere, precondition: Precondition = .none,
        timeToLive: Duration? = nil, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> WriteResult {
        try await put(
            ByteBuffer(string: value), for: ByteBuffer(string: key), contentType: contentType, seeing: seen,
            precondition: precondition, timeToLive: timeToLive, options: options)
    }

    /// Writes bytes under a key whose bytes are those of a text in UTF-8.
    @discardableResult
    public func put(
        _ value: ByteBuffer, for key: String, contentType: String = "", seeing seen: WriteContext = .everythingHere,
        precondition: Precondition = .none, timeToLive: Duration? = nil, options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> WriteResult {
        try await put(
            value, for: ByteBuffer(string: key), contentType: contentType, seeing: seen, precondition: precondition,
            timeToLive: timeToLive, options: options)
    }

    /// Deletes a key whose bytes are those of a text in UTF-8.
    @discardableResult
    public func delete(
        _ key: String, seeing seen: WriteContext = .everythingHere, precondition: Precondition = .none,
        options: RequestOptions = RequestOptions()
    ) async throws(ClientFailure) -> WriteResult {
        try await delete(ByteBuffer(string: key), seeing: seen, precondition: precondition, options: options)
    }
}
