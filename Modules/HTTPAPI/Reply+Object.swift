import Causality
import FoundationEssentials
import HTTPTypes
import Machine

/// How a reader wants what there is.
struct Presentation {
    /// Siblings as a JSON array rather than as parts.
    var prefersJSON = false
    /// The conditions of the read.
    var ifMatch: EntityTags?
    var ifNoneMatch: EntityTags?
}

/// One value as JSON has it: bytes as base64.
struct SiblingValue: Encodable {
    var value: String
    var contentType: String
    var written: String
    var expires: String?

    /// The value of a sibling, or `nil` for a tombstone.
    init?(_ sibling: Sibling) {
        guard case .value(let bytes, let type) = sibling.content else { return nil }
        value = Data(bytes.readableBytesView).base64EncodedString()
        contentType = MediaType.ofStored(type)
        written = sibling.timestamp.text
        expires = sibling.expiryText
    }
}

extension Reply {
    /// What a reader gets of an object at a wall time: nothing, a value, or siblings, and the context of all.
    init(_ object: Object, key: ByteBuffer, at wall: UInt64, as presentation: Presentation) {
        // Newest first, as the Swift client has them.
        let live = object.liveSiblings(at: wall).sorted { ($0.timestamp, $0.dot) > ($1.timestamp, $1.dot) }
        let token = ContextToken(object.context, key: key).text
        // Values only ever go by expiry, so while none has, the context stands for what there is to read.
        let isWhole = object.siblings.allSatisfy { $0.content == .tombstone || $0.isLive(at: wall) }
        if live.isEmpty {
            let condition = presentation.ifMatch == nil ? Problem.noValue : Problem.preconditionFailed
            self.init(condition)
        } else if presentation.ifMatch?.contains(token, weakly: false) == false {
            self.init(Problem.preconditionFailed)
        } else if isWhole, presentation.ifNoneMatch?.contains(token, weakly: true) == true {
            self.init(.notModified)
            headers[.eTag] = "\"\(token)\""
        } else {
            self.init(live, prefersJSON: presentation.prefersJSON)
            headers[.eTag] = "\"\(token)\""
        }
        if !object.isEmpty {
            headers[.context] = token
        }
    }

    private init(_ live: [Sibling], prefersJSON: Bool) {
        guard live.count == 1, let only = live.first, case .value(let bytes, let type) = only.content else {
            self.init(siblings: live, prefersJSON: prefersJSON)
            headers[.vary] = "Accept"
            return
        }
        self.init(.ok)
        body = bytes
        headers[.contentType] = MediaType.ofStored(type)
        headers[.written] = only.timestamp.text
        if let expires = only.expiryText {
            headers[.expires] = expires
        }
    }

    private init(siblings: [Sibling], prefersJSON: Bool) {
        if prefersJSON {
            self.init(.multipleChoices, json: siblings.compactMap(SiblingValue.init))
        } else {
            self.init(.multipleChoices)
            let multipart = Multipart()
            body = multipart.encode(siblings)
            headers[.contentType] = multipart.mediaType
        }
    }
}

extension HybridTimestamp {
    /// The wall time for people.
    var text: String { Timestamp(milliseconds: milliseconds).rfc3339 }
}

extension Sibling {
    /// The end of a value that has one, for people.
    var expiryText: String? { expiry == 0 ? nil : Timestamp(milliseconds: expiry).rfc3339 }
}
