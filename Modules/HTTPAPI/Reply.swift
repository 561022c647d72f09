import FoundationEssentials
import HTTPTypes
import Machine

/// An answer before it goes into a connection.
struct Reply {
    var status: HTTPResponse.Status
    var headers = HTTPFields()
    var body = ByteBuffer()
    /// Whether nothing more is read from the connection after this.
    var closesConnection = false

    init(_ status: HTTPResponse.Status) {
        self.status = status
    }

    /// What goes out first. The length is always said, so that an answer without its body (to HEAD) is framed as well.
    var head: HTTPResponse {
        var response = HTTPResponse(status: status, headerFields: headers)
        if status.mayHaveBody {
            response.headerFields[.contentLength] = String(body.readableBytes)
        }
        if closesConnection {
            response.headerFields[.connection] = "close"
        }
        return response
    }

    /// A value as JSON.
    init(_ status: HTTPResponse.Status, json value: some Encodable, type: String = "application/json") {
        self.init(status)
        headers[.contentType] = type
        let encoder = JSONEncoder()
        // One form for one value, whatever the order in which a dictionary hashes.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            body = ByteBuffer(bytes: try encoder.encode(value))
        } catch {
            // Only a number that JSON has no form for gets here: infinity, or none.
            self.status = .internalServerError
            body = ByteBuffer(string: #"{"status":500,"title":"Unwritable","type":"urn:toystore:unwritable"}"#)
        }
    }

    /// A problem, with the headers that go with it.
    init(_ problem: Problem) {
        self.init(problem.status, json: problem, type: "application/problem+json")
        if let milliseconds = problem.retryAfterMilliseconds {
            headers[.retryAfter] = String(max(1, milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0)))
        }
        if !problem.allowed.isEmpty {
            headers[.allow] = problem.allowed.map(\.rawValue).joined(separator: ", ")
        }
    }
}

extension HTTPResponse.Status {
    /// Whether an answer of this status is framed by a length (RFC 9110, section 6.4.1).
    var mayHaveBody: Bool { code >= 200 && code != 204 && code != 304 }
}

extension HTTPField.Name {
    /// The context of a read, or what a write has seen: opaque, base64url.
    static let context = name("X-Toystore-Context")
    /// When the value was written, by its coordinator's clock (RFC 3339).
    static let written = name("X-Toystore-Written")
    /// When the value ends (RFC 3339); only where it does.
    static let expires = name("X-Toystore-Expires")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no field name") }
        return name
    }
}
