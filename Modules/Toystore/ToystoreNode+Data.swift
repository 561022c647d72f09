public import Client
import Coordinator
import Machine
import Server

extension ToystoreNode {
    /// Carries out a read, wherever the key lives.
    public func perform(_ request: GetRequest) async throws(ClientFailure) -> ReadResult {
        try request.check()
        switch try await response(to: .get(request)) {
        case .found(let object): return ReadResult(object, key: request.key, wall: wallMilliseconds())
        case .absent: return ReadResult(nil, key: request.key, wall: wallMilliseconds())
        case .failed(let failure): throw .failed(failure)
        case .written: throw .invalid("the node answered a read with a write")
        }
    }

    /// Carries out a write or a delete, wherever the key lives. It is tried once: the caller knows what repeating it means.
    public func perform(_ request: PutRequest) async throws(ClientFailure) -> WriteResult {
        try request.check()
        switch try await response(to: .put(request)) {
        case .written(let dot, _): return WriteResult(dot, of: request)
        case .failed(let failure): throw .failed(failure)
        case .found, .absent: throw .failed(.storage("the node answered a write with a read", outcome: .unknown))
        }
    }

    /// The clock by which this machine's nodes let values expire.
    public func wallMilliseconds() -> UInt64 {
        NodeServer.wallMilliseconds()
    }

    private func response(to request: Request) async throws(ClientFailure) -> Response {
        try await ask { server, answer in server.service.serve(request, completion: answer) }
    }
}
