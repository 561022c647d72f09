public import Coordinator
import Machine
import Wire

extension ToystoreClient: KeyValueStore {
    /// Carries out a read: sent again, to another node, where a connection was lost with it.
    public func perform(_ request: GetRequest) async throws(ClientFailure) -> ReadResult {
        try request.check()
        let answer = try await ask(
            .request, isRepeatable: true, timeout: request.options.timeout.map { .nanoseconds($0) }
        ) { left, payload in
            var request = request
            request.options.timeout = left.nanoseconds
            Request.get(request).encode(into: &payload)
        }
        switch try answer.response {
        case .found(let object): return ReadResult(object, key: request.key, wall: wallMilliseconds())
        case .absent: return ReadResult(nil, key: request.key, wall: wallMilliseconds())
        case .written, .failed: throw answer.malformed(.invalid("answer to a read"))
        }
    }

    /// Carries out a write or a delete: sent at most once.
    public func perform(_ request: PutRequest) async throws(ClientFailure) -> WriteResult {
        try request.check()
        let answer = try await ask(
            .request, isRepeatable: false, timeout: request.options.timeout.map { .nanoseconds($0) }
        ) { left, payload in
            var request = request
            request.options.timeout = left.nanoseconds
            Request.put(request).encode(into: &payload)
        }
        guard case .written(let dot, _) = try answer.response else {
            throw answer.malformed(.invalid("answer to a write"))
        }
        return WriteResult(dot, of: request)
    }

    /// The configuration's clock.
    public func wallMilliseconds() -> UInt64 {
        configuration.wallClock()
    }
}
