/// Why bytes from outside were not what they had to be. Never a trap: a peer's word is only data.
public enum DecodingFailure: Error, Equatable, Sendable {
    /// The bytes ended before this field did.
    case truncated(_ field: String)
    /// A length or a count over its limit; nothing was allocated for it.
    case tooLarge(_ field: String, limit: Int)
    /// A value that the field cannot have.
    case invalid(_ field: String)
}

extension DecodingFailure: CustomStringConvertible {
    /// A sentence for a log or an answer.
    public var description: String {
        switch self {
        case .truncated(let field): "the bytes end within \(field)"
        case .tooLarge(let field, let limit): "\(field) is over its limit of \(limit)"
        case .invalid(let field): "\(field) has a value that it cannot have"
        }
    }
}
