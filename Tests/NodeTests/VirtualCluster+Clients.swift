import Causality
import Coordinator
import Machine
import Node
import Testing
import Wire

/// A client's side of a virtual cluster.
extension VirtualCluster {
    /// Asks a node and waits for the answer, which has to come by the request's deadline.
    func ask(_ request: Request, of index: Int) throws -> Response {
        let client = submit(request, to: index)
        let timeout = Duration.nanoseconds(request.options.timeout ?? 5_000_000_000)
        let isAnswered = run(within: timeout) { answer(to: client) != nil }
        #expect(isAnswered, "host \(index) has not answered by the deadline; seed \(options.seed)")
        return try #require(answer(to: client))
    }

    func get(_ key: String, of index: Int, _ options: RequestOptions = RequestOptions()) throws -> Response {
        try ask(.get(GetRequest(key: ByteBuffer(string: key), options: options)), of: index)
    }

    func put(
        _ key: String, _ value: String, of index: Int, seeing: WriteContext = .everythingHere,
        _ options: RequestOptions = RequestOptions()
    ) throws -> Response {
        try ask(Self.write(key, value, seeing: seeing, options), of: index)
    }

    static func write(
        _ key: String, _ value: String, seeing: WriteContext = .everythingHere,
        _ options: RequestOptions = RequestOptions()
    ) -> Request {
        .put(
            PutRequest(
                key: ByteBuffer(string: key),
                content: .value(ByteBuffer(string: value), contentType: "text/plain"), seeing: seeing,
                options: options))
    }

    /// What a client sends is what a node is asked: through bytes.
    static func recoded(_ request: Request) -> Request {
        var bytes = ByteBuffer()
        request.encode(into: &bytes)
        do {
            return try Request(decoding: &bytes)
        } catch {
            preconditionFailure("a request cannot be read again: \(error)")
        }
    }

    static func recoded(_ response: Response) -> Response {
        var bytes = ByteBuffer()
        response.encode(into: &bytes)
        do {
            return try Response(decoding: &bytes)
        } catch {
            preconditionFailure("a response cannot be read again: \(error)")
        }
    }
}

extension Response {
    /// The values of a read in the order of their texts; empty where there is none.
    var values: [String]? {
        switch self {
        case .found(let object):
            object.siblings.compactMap { sibling in
                if case .value(let bytes, _) = sibling.content { String(buffer: bytes) } else { nil }
            }.sorted()
        case .absent: []
        case .written, .failed: nil
        }
    }

    var context: CausalContext? {
        if case .found(let object) = self { object.context } else { nil }
    }

    var dot: Dot? {
        if case .written(let dot, _) = self { dot } else { nil }
    }

    var failure: RequestFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}
