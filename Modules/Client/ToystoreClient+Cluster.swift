public import Machine
import Wire

extension ToystoreClient {
    /// The members, what they hold, and what moves, as one node sees it: the JSON of the HTTP door's `/v1/cluster`.
    public func status(timeout: Duration? = nil) async throws(ClientFailure) -> ByteBuffer {
        try await query(.cluster, timeout: timeout)
    }

    /// Every partition's owners: the JSON of the HTTP door's `/v1/ring`.
    public func ring(timeout: Duration? = nil) async throws(ClientFailure) -> ByteBuffer {
        try await query(.ring, timeout: timeout)
    }

    /// Where a key of 1 to 4096 bytes lives: the JSON of the HTTP door's `/v1/locate`.
    public func locate(_ key: ByteBuffer, timeout: Duration? = nil) async throws(ClientFailure) -> ByteBuffer {
        try key.checkAsKey()
        return try await query(.locate(key: key), timeout: timeout)
    }

    private func query(_ query: StatusQuery, timeout: Duration?) async throws(ClientFailure) -> ByteBuffer {
        let answer = try await ask(.query, isRepeatable: true, timeout: timeout) { _, payload in
            query.encode(into: &payload)
        }
        return try answer.payload
    }
}
