import Coordinator
import HTTPTypes
import Machine

/// What a path names.
enum Route: Equatable {
    case keyValue(ByteBuffer)
    case batch
    case cluster
    case ring
    case locate(ByteBuffer)
    case health
    case readiness
    case openAPI

    /// The methods that the path takes.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .keyValue: [.get, .head, .put, .delete]
        case .batch: [.post]
        case .cluster, .ring, .locate, .health, .readiness, .openAPI: [.get, .head]
        }
    }

    /// The route of a path as it came in the request line.
    ///
    /// A key is all that follows the prefix, so a slash in it may be encoded or not: proxies that decode `%2F` do no harm.
    init(path: Substring) throws(Problem) {
        switch path {
        case "/v1/kv:batch": self = .batch
        case "/v1/cluster": self = .cluster
        case "/v1/ring": self = .ring
        case "/healthz": self = .health
        case "/readyz": self = .readiness
        case "/openapi.json": self = .openAPI
        default:
            if let key = try Self.key(in: path, behind: "/v1/kv/") {
                self = .keyValue(key)
            } else if let key = try Self.key(in: path, behind: "/v1/locate/") {
                self = .locate(key)
            } else {
                throw .noSuchRoute
            }
        }
    }

    private static func key(in path: Substring, behind prefix: String) throws(Problem) -> ByteBuffer? {
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        let text = path.utf8.dropFirst(prefix.utf8.count)
        guard let key = PercentEncoding.decode(Substring(text)) else {
            throw .invalid("key", "it is not percent-encoded: two hexadecimal digits after each %, ASCII otherwise")
        }
        guard key.readableBytes > 0 else { throw .invalid("key", "it is empty; a key has at least one byte") }
        guard key.readableBytes <= RequestLimits.keyBytes else {
            var problem = Problem.tooLarge("the key", limit: RequestLimits.keyBytes)
            problem.status = .uriTooLong
            throw problem
        }
        return key
    }
}

/// A request's target in its parts.
struct Target {
    let path: Substring
    let query: Substring?

    /// The parts of a target in origin form (`/path?query`) or absolute form (`http://host/path?query`), which a server
    /// has to take as well (RFC 9112, section 3.2.2).
    init(_ target: String) {
        var rest = target[...]
        if target.utf8.first != UInt8(ascii: "/"), let scheme = target.firstRange(of: "://") {
            let authority = target[scheme.upperBound...]
            rest = authority.firstIndex { $0 == "/" || $0 == "?" }.map { authority[$0...] } ?? "/"
        }
        guard let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            path = rest
            query = nil
            return
        }
        path = rest[..<mark]
        query = rest[rest.utf8.index(after: mark)...]
    }
}
