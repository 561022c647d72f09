import Causality
import Coordinator
import FoundationEssentials
import HTTPTypes
import Machine

/// One operation of a batch as its JSON object has it: names and plain values, or `nil` where it is no such object.
///
/// Decoding never throws for an operation, so that one that is wrong gets its own answer and the others theirs.
struct BatchOperation: Decodable {
    /// A string, number or boolean, as text.
    private struct Scalar: Decodable {
        let text: String
        let isText: Bool

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let string = try? value.decode(String.self) {
                (text, isText) = (string, true)
            } else if let number = try? value.decode(Int.self) {
                (text, isText) = (String(number), false)
            } else {
                (text, isText) = (String(try value.decode(Bool.self)), false)
            }
        }
    }

    private let fields: [String: Scalar]?

    init(from decoder: any Decoder) throws {
        fields = try? decoder.singleValueContainer().decode([String: Scalar].self)
    }

    private static let keyNames = ["op", "key", "keyBase64"]
    private static let writeNames = ["context", "ifMatch", "ifNoneMatch"]
    private static let valueNames = ["value", "contentType"]

    /// The request that the operation stands for.
    func request(limits: HTTPAPIConfiguration, valueByteLimit: Int, wall: UInt64) throws(Problem) -> Coordinator.Request
    {
        guard let fields else {
            throw Problem(.badRequest, "malformed", "an operation is an object of strings, whole numbers and booleans")
        }
        let operation = try text("op", in: fields)
        let parameters = operation == "put" ? QueryParameters.Name.allCases : QueryParameters.Name.common
        let names: [String]
        switch operation {
        case "get": names = Self.keyNames
        case "put": names = Self.keyNames + Self.writeNames + Self.valueNames
        case "delete": names = Self.keyNames + Self.writeNames
        default: throw .invalid("op", "it is get, put or delete")
        }

        var query = QueryParameters()
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
            guard let parameter = QueryParameters.Name(rawValue: name), parameters.contains(parameter) else {
                throw .unknown(name, known: names + parameters.map(\.rawValue))
            }
            try query.set(parameter, to: value.text, limits: limits)
        }
        let key = try key(in: fields)
        guard operation != "get" else { return .get(GetRequest(key: key, options: query.options)) }

        let conditions = try WriteConditions(
            ifMatch: try text("ifMatch", in: fields), ifNoneMatch: try text("ifNoneMatch", in: fields), key: key)
        let content: Sibling.Content =
            operation == "put" ? try content(in: fields, limit: valueByteLimit) : .tombstone
        let seeing = try WriteContext(
            field: try text("context", in: fields), named: "context", key: key, otherwise: conditions.seen)
        return .put(
            PutRequest(
                key: key, content: content, seeing: seeing, precondition: conditions.precondition,
                expiry: query.expiry(from: wall), returnsObject: query.returnsObject, options: query.options))
    }

    /// Whether the operation would write, as far as it can be read.
    var isWrite: Bool { fields?["op"]?.text != "get" }

    private func text(_ name: String, in fields: [String: Scalar]) throws(Problem) -> String? {
        guard let scalar = fields[name] else { return nil }
        guard scalar.isText else { throw .invalid(name, "it is a string") }
        return scalar.text
    }

    private func key(in fields: [String: Scalar]) throws(Problem) -> ByteBuffer {
        let key: ByteBuffer
        switch (try text("key", in: fields), try text("keyBase64", in: fields)) {
        case (let text?, nil): key = ByteBuffer(string: text)
        case (nil, let base64?): key = try bytes("keyBase64", base64)
        default: throw .invalid("key", "an operation has either key (text) or keyBase64 (any bytes)")
        }
        guard key.readableBytes > 0 else { throw .invalid("key", "it is empty; a key has at least one byte") }
        guard key.readableBytes <= RequestLimits.keyBytes else {
            throw .tooLarge("the key", limit: RequestLimits.keyBytes)
        }
        return key
    }

    private func content(in fields: [String: Scalar], limit: Int) throws(Problem) -> Sibling.Content {
        guard let base64 = try text("value", in: fields) else { throw .invalid("value", "a put needs one, in base64") }
        let value = try bytes("value", base64)
        guard value.readableBytes <= limit else { throw .tooLarge("the value", limit: limit) }
        let type = try text("contentType", in: fields) ?? ""
        guard type.utf8.count <= CausalityLimits.contentTypeBytes else {
            throw .invalid("contentType", "it is longer than \(CausalityLimits.contentTypeBytes) bytes")
        }
        return .value(value, contentType: type)
    }

    private func bytes(_ name: String, _ base64: String) throws(Problem) -> ByteBuffer {
        guard let data = Data(base64Encoded: base64) else { throw .invalid(name, "it is not base64") }
        return ByteBuffer(bytes: data)
    }
}

/// A batch as its JSON array has it, read no further than its limit.
struct BatchDocument: Decodable {
    let operations: [BatchOperation]
    /// Whether there are more than the limit.
    let isTooLong: Bool

    static let limitKey = CodingUserInfoKey(rawValue: "limit")

    init(from decoder: any Decoder) throws {
        let limit = Self.limitKey.flatMap { decoder.userInfo[$0] as? Int } ?? 0
        var elements = try decoder.unkeyedContainer()
        var operations: [BatchOperation] = []
        while !elements.isAtEnd, operations.count < limit {
            operations.append(try elements.decode(BatchOperation.self))
        }
        self.operations = operations
        isTooLong = !elements.isAtEnd
    }
}
