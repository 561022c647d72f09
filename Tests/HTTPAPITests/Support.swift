import Causality
import Coordinator
import FoundationEssentials
import Machine
import Testing

extension RawResponse {
    /// The body as a JSON object of scalars and lists of text, for comparison.
    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    }

    /// The problem that the answer is: its media type and status have to agree.
    func problem() throws -> ReadProblem {
        #expect(self["Content-Type"] == "application/problem+json")
        let problem = try json(ReadProblem.self)
        #expect(problem.status == status)
        #expect(problem.type.hasPrefix("urn:toystore:"))
        #expect(!problem.title.isEmpty && !problem.detail.isEmpty)
        return problem
    }
}

struct ReadProblem: Decodable {
    var type: String
    var title: String
    var status: Int
    var detail: String
    var required: Int?
    var available: Int?
    var missing: [String]?
    var limit: Int?
    var outcome: String?
    var parameter: String?
}

struct ReadSibling: Decodable, Equatable {
    var value: Data
    var contentType: String
    var written: String
    var expires: String?

    private enum CodingKeys: CodingKey { case value, contentType, written, expires }

    var text: String { String(decoding: value, as: UTF8.self) }
}

struct ReadAnswer: Decodable {
    var status: Int
    var context: String?
    var values: [ReadSibling]?
    var problem: ReadProblem?
}

/// The parts of a multipart body, read as RFC 2046 says.
func parts(of response: RawResponse) throws -> [(fields: [String], body: String)] {
    let type = try #require(response["Content-Type"])
    let boundary = try #require(type.split(separator: "boundary=").last.map(String.init))
    #expect(type == "multipart/mixed; boundary=\(boundary)")
    let pieces = ("\r\n" + response.text).split(separator: "\r\n--\(boundary)", omittingEmptySubsequences: false)
    #expect(pieces.first == "" && pieces.last == "--\r\n")
    return try pieces.dropFirst().dropLast().map { piece in
        let end = try #require(piece.firstRange(of: "\r\n\r\n"))
        let fields = piece[..<end.lowerBound].split(separator: "\r\n").map(String.init)
        return (fields, String(piece[end.upperBound...]))
    }
}
