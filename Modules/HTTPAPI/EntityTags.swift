import Causality
import Machine

/// What `If-Match` and `If-None-Match` hold (RFC 9110, section 13.1).
///
/// The tag of a key is its context token in quotes: what a reader saw, whole. So a write can be checked against it by
/// causality (``Precondition/unchanged(since:)``), with no table of hashes anywhere.
enum EntityTags: Equatable {
    /// `*`: whatever there is.
    case any
    /// A list of tags, without their quotes.
    case list([Tag])

    struct Tag: Equatable {
        var text: String
        var isWeak = false
    }

    /// Reads a field, or gives `nil` where it is none.
    init?(_ field: String) {
        if field == "*" {
            self = .any
            return
        }
        var tags: [Tag] = []
        var rest = field.utf8[...]
        func skipBlanks() { rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
        repeat {
            skipBlanks()
            let isWeak = rest.starts(with: "W/".utf8)
            rest = rest.dropFirst(isWeak ? 2 : 0)
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            tags.append(Tag(text: String(Substring(rest[..<end])), isWeak: isWeak))
            rest = rest[end...].dropFirst()
            skipBlanks()
            guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
            rest = rest.dropFirst()
        } while !rest.isEmpty
        self = .list(tags)
    }

    /// Whether one of the tags is `text`; a weak one counts only where that is asked for.
    func contains(_ text: String, weakly: Bool) -> Bool {
        switch self {
        case .any: true
        case .list(let tags): tags.contains { $0.text == text && (weakly || !$0.isWeak) }
        }
    }
}

/// The conditions of a write.
struct WriteConditions {
    var precondition = Precondition.none
    /// What the writer has seen, by its `If-Match`.
    var seen: CausalContext?

    /// The conditions that two fields set for a write of `key`.
    init(ifMatch: String?, ifNoneMatch: String?, key: ByteBuffer) throws(Problem) {
        if ifMatch != nil, ifNoneMatch != nil {
            throw .invalid("If-None-Match", "it cannot go together with If-Match")
        }
        if let ifMatch {
            try match(ifMatch, key: key)
        } else if let ifNoneMatch {
            guard EntityTags(ifNoneMatch) == .any else {
                throw .invalid("If-None-Match", "a write takes * only: write if the key has no value")
            }
            precondition = .absent
        }
    }

    private mutating func match(_ field: String, key: ByteBuffer) throws(Problem) {
        switch EntityTags(field) {
        case nil:
            throw .invalid("If-Match", "it is * or the quoted ETag of a read")
        case .any:
            precondition = .present
        case .list(let tags):
            // Weak tags match nothing here (RFC 9110, section 13.1.1).
            let strong = tags.filter { !$0.isWeak }
            guard strong.count <= 1 else { throw .invalid("If-Match", "one ETag can be checked, not several") }
            // What is no tag of ours, or that of another key, is not the tag of this one.
            guard let text = strong.first?.text, let token = try? ContextToken(text: text, key: key) else {
                throw .preconditionFailed
            }
            precondition = .unchanged(since: token.context)
            seen = token.context
        }
    }
}
