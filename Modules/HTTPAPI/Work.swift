import Causality
import Coordinator
import HTTPTypes
import Machine

/// What a request wants, known from its head alone: so that a body is read only for who may send one, and only as far as
/// it may go.
enum Work {
    /// Read a key.
    case get(GetRequest, Presentation)
    /// Write or delete a key. The body of a put is still to come, and its content is empty until then.
    case put(PutRequest, Presentation, hasBody: Bool)
    /// Many operations, in the body.
    case batch
    /// Anything that is not about values.
    case status(Route)

    /// Whether a failure has to say what is known of its effect.
    var isWrite: Bool {
        if case .put = self { true } else { false }
    }

    /// Whether the body is a part of the request.
    var hasBody: Bool {
        switch self {
        case .put(_, _, let hasBody): hasBody
        case .batch: true
        case .get, .status: false
        }
    }

    init(_ head: HTTPRequest, limits: HTTPAPIConfiguration, wall: UInt64) throws(Problem) {
        let target = Target(head.path ?? "/")
        do throws(Problem) {
            let route = try Route(path: target.path)
            guard route.methods.contains(head.method) else { throw .methodNotAllowed(route.methods) }
            switch (route, head.method) {
            case (.keyValue(let key), .put), (.keyValue(let key), .delete):
                self = try Self.write(key, head, target, limits, wall)
            case (.keyValue(let key), _):
                self = try Self.read(key, head, target, limits)
            case (.batch, _):
                _ = try QueryParameters(query: target.query, known: [], limits: limits)
                self = .batch
            default:
                _ = try QueryParameters(query: target.query, known: [], limits: limits)
                self = .status(route)
            }
        } catch {
            throw error.notApplied(!head.method.isSafe)
        }
    }

    private static func read(
        _ key: ByteBuffer, _ head: HTTPRequest, _ target: Target, _ limits: HTTPAPIConfiguration
    ) throws(Problem) -> Work {
        let parameters = try QueryParameters(query: target.query, known: QueryParameters.Name.common, limits: limits)
        return .get(GetRequest(key: key, options: parameters.options), try presentation(head, isRead: true))
    }

    private static func write(
        _ key: ByteBuffer, _ head: HTTPRequest, _ target: Target, _ limits: HTTPAPIConfiguration, _ wall: UInt64
    ) throws(Problem) -> Work {
        let isPut = head.method == .put
        let known = isPut ? QueryParameters.Name.allCases : QueryParameters.Name.common
        let parameters = try QueryParameters(query: target.query, known: known, limits: limits)
        let conditions = try WriteConditions(
            ifMatch: head.headerFields[.ifMatch], ifNoneMatch: head.headerFields[.ifNoneMatch], key: key)
        let content: Sibling.Content =
            isPut ? .value(ByteBuffer(), contentType: try contentType(of: head)) : .tombstone
        let seeing = try WriteContext(
            field: head.headerFields[.context], named: "X-Toystore-Context", key: key, otherwise: conditions.seen)
        let request = PutRequest(
            key: key, content: content, seeing: seeing, precondition: conditions.precondition,
            expiry: parameters.expiry(from: wall), returnsObject: parameters.returnsObject,
            options: parameters.options)
        return .put(request, try presentation(head, isRead: false), hasBody: isPut)
    }

    private static func presentation(_ head: HTTPRequest, isRead: Bool) throws(Problem) -> Presentation {
        var presentation = Presentation()
        presentation.prefersJSON = MediaType.prefersJSON(accept: head.headerFields[.accept])
        if isRead {
            presentation.ifMatch = try tags(head.headerFields[.ifMatch], named: "If-Match")
            presentation.ifNoneMatch = try tags(head.headerFields[.ifNoneMatch], named: "If-None-Match")
        }
        return presentation
    }

    private static func tags(_ field: String?, named name: String) throws(Problem) -> EntityTags? {
        guard let field else { return nil }
        guard let tags = EntityTags(field) else { throw .invalid(name, "it is * or a list of quoted ETags") }
        return tags
    }

    private static func contentType(of head: HTTPRequest) throws(Problem) -> String {
        // What the store does not keep it must not take: the bytes would come back as something else.
        if let coding = head.headerFields[.contentEncoding], coding.lowercased() != "identity" {
            var problem = Problem.invalid("Content-Encoding", "values are kept as they are, without a coding")
            problem.status = .unsupportedMediaType
            throw problem
        }
        guard head.headerFields[.contentRange] == nil else {
            throw .invalid("Content-Range", "a value is written whole")
        }
        let type = head.headerFields[.contentType] ?? ""
        guard type.utf8.count <= CausalityLimits.contentTypeBytes else {
            var problem = Problem.invalid(
                "Content-Type", "it is longer than \(CausalityLimits.contentTypeBytes) bytes")
            problem.limit = CausalityLimits.contentTypeBytes
            throw problem
        }
        return type
    }
}

extension WriteContext {
    /// What a writer says it has seen: `none` for nothing, a token of a read, or no word, and then `otherwise`, or all that
    /// there is.
    init(
        field: String?, named name: String, key: ByteBuffer, otherwise: CausalContext?
    ) throws(Problem) {
        guard let field else {
            self = otherwise.map { .seen($0) } ?? .everythingHere
            return
        }
        guard field != "none" else {
            self = .seen(CausalContext())
            return
        }
        do throws(ContextToken.Failure) {
            self = .seen(try ContextToken(text: field, key: key).context)
        } catch {
            switch error {
            case .foreign: throw .invalid(name, "it is the context of another key")
            case .malformed: throw .invalid(name, "it is none, or a context as a read or write gave it")
            }
        }
    }
}

extension HTTPRequest.Method {
    /// Whether a request of this method writes nothing.
    var isSafe: Bool { self == .get || self == .head }
}
