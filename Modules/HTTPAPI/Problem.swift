import Coordinator
import HTTPTypes
import Machine

/// Why a request has no other answer, as RFC 9457 writes it down.
struct Problem: Error, Equatable {
    /// The answer's status.
    var status: HTTPResponse.Status
    /// What kind of problem: a name that programs compare, `urn:toystore:` and this.
    var kind: String
    /// What happened here, in a sentence.
    var detail: String
    /// Replicas that are needed, and those that can be reached or have answered.
    var quorum: (required: Int, available: Int)?
    /// The ids of owners that cannot be reached.
    var missing: [String] = []
    /// The limit that was passed, in its own unit.
    var limit: Int?
    /// What is known of a write's effect; `nil` for a read.
    var outcome: RequestFailure.Outcome?
    /// The query parameter, header or JSON key that is wrong.
    var parameter: String?
    /// When to come back, in milliseconds.
    var retryAfterMilliseconds: Int?
    /// The methods that a path takes, for a 405.
    var allowed: [HTTPRequest.Method] = []

    init(_ status: HTTPResponse.Status, _ kind: String, _ detail: String) {
        self.status = status
        self.kind = kind
        self.detail = detail
    }

    static func == (left: Problem, right: Problem) -> Bool {
        left.status == right.status && left.kind == right.kind && left.detail == right.detail
            && left.quorum?.required == right.quorum?.required && left.quorum?.available == right.quorum?.available
            && left.missing == right.missing && left.limit == right.limit && left.outcome == right.outcome
            && left.parameter == right.parameter && left.retryAfterMilliseconds == right.retryAfterMilliseconds
            && left.allowed == right.allowed
    }

    /// The same problem of a request that would have written: nothing was.
    func notApplied(_ isWrite: Bool = true) -> Problem {
        var problem = self
        problem.outcome = isWrite ? .notApplied : nil
        return problem
    }
}

extension Problem {
    /// A parameter, header or key of the request has a value that it cannot have.
    static func invalid(_ parameter: String, _ detail: String) -> Problem {
        var problem = Problem(.badRequest, "invalid-parameter", "\(parameter): \(detail)")
        problem.parameter = parameter
        return problem
    }

    /// The request has a parameter or key that means nothing here.
    static func unknown(_ parameter: String, known: [String]) -> Problem {
        let list = known.isEmpty ? "there is none here" : "known here: \(known.joined(separator: ", "))"
        var problem = Problem(.badRequest, "unknown-parameter", "\(parameter) is no known parameter; \(list)")
        problem.parameter = parameter
        return problem
    }

    /// Something is over a limit.
    static func tooLarge(_ what: String, limit: Int, unit: String = "bytes") -> Problem {
        var problem = Problem(.contentTooLarge, "too-large", "\(what) is over the limit of \(limit) \(unit)")
        problem.limit = limit
        return problem
    }

    static let headersTooLarge = Problem(
        .requestHeaderFieldsTooLarge, "headers-too-large", "the request's header fields are over the limit")

    static let noSuchRoute = Problem(
        .notFound, "no-such-route", "there is nothing at this path; GET /openapi.json says what there is")

    static let noValue = Problem(.notFound, "not-found", "the key has no value")

    static let preconditionFailed = Problem(
        .preconditionFailed, "precondition-failed", RequestFailure.preconditionFailed.description)

    static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> Problem {
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "method-not-allowed", "this path takes \(names)")
        problem.allowed = allowed
        return problem
    }
}

extension Problem {
    /// A failure of the store. What is known of the effect concerns writes only.
    init(_ failure: RequestFailure, isWrite: Bool) {
        let detail = failure.description
        switch failure {
        case .unavailable(let required, let available, let missing, _):
            self.init(.serviceUnavailable, "unavailable", detail)
            quorum = (required, available)
            self.missing = missing.map(\.description)
        case .timeout(let required, let available, _):
            self.init(.gatewayTimeout, "timeout", detail)
            quorum = (required, available)
        case .busy(let milliseconds):
            self.init(.serviceUnavailable, "busy", detail)
            retryAfterMilliseconds = milliseconds
        case .tooLarge(let limit):
            self.init(.contentTooLarge, "too-large", detail)
            self.limit = limit
        case .tooManySiblings(let limit):
            self.init(.conflict, "too-many-siblings", detail)
            self.limit = limit
        case .preconditionFailed:
            self.init(.preconditionFailed, "precondition-failed", detail)
        case .invalid:
            self.init(.badRequest, "invalid", detail)
        case .storage:
            self.init(.serviceUnavailable, "storage", detail)
        }
        outcome = isWrite ? failure.outcome : nil
    }
}

extension Problem: Encodable {
    private enum Keys: String, CodingKey {
        case type, title, status, detail, required, available, missing, limit, outcome, parameter
        case retryAfterMilliseconds
    }

    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Keys.self)
        try members.encode("urn:toystore:\(kind)", forKey: .type)
        try members.encode(title, forKey: .title)
        try members.encode(status.code, forKey: .status)
        try members.encode(detail, forKey: .detail)
        try members.encodeIfPresent(quorum?.required, forKey: .required)
        try members.encodeIfPresent(quorum?.available, forKey: .available)
        if !missing.isEmpty {
            try members.encode(missing, forKey: .missing)
        }
        try members.encodeIfPresent(limit, forKey: .limit)
        try members.encodeIfPresent(outcome?.word, forKey: .outcome)
        try members.encodeIfPresent(parameter, forKey: .parameter)
        try members.encodeIfPresent(retryAfterMilliseconds, forKey: .retryAfterMilliseconds)
    }

    /// The kind in words for people: the same for every problem of a kind, as RFC 9457 section 3.1.3 wants it.
    var title: String {
        guard let first = kind.first else { return status.reasonPhrase }
        return first.uppercased() + kind.dropFirst().map { $0 == "-" ? " " : String($0) }.joined()
    }
}

extension RequestFailure.Outcome {
    /// As the JSON says it.
    var word: String {
        switch self {
        case .notApplied: "not-applied"
        case .unknown: "unknown"
        }
    }
}
