import Causality
import Client
import FoundationEssentials
import Machine

/// What a read has found, for people and for programs.
struct ValueReport: Encodable {
    /// One value; the same names as in the HTTP door's JSON.
    struct Value: Encodable {
        /// Base64.
        let value: String
        let contentType: String
        /// RFC 3339, with milliseconds.
        let written: String
        let expires: String?
    }

    let key: String?
    /// Instead of `key`, where that is no text.
    let keyBase64: String?
    /// Empty where the key was never written.
    let context: String
    /// The newest first.
    let values: [Value]
    private let quotedKey: String
    private let sizes: [Int]

    private enum CodingKeys: CodingKey {
        case key, keyBase64, context, values
    }

    init(key: Key, _ read: ReadResult) {
        self.key = key.text
        keyBase64 = key.base64
        quotedKey = key.quoted
        context = read.context.context.isEmpty ? "" : read.context.text
        values = read.values.map { value in
            Value(
                value: Data(value.bytes.readableBytesView).base64EncodedString(), contentType: value.contentType,
                written: Self.time(value.written.milliseconds), expires: value.expiry.map(Self.time))
        }
        sizes = read.values.map(\.bytes.readableBytes)
    }

    /// What there is where one value was asked for, and what to do.
    var listing: String {
        var table = Table(columns: [.right, .left, .right, .left])
        for (index, value) in values.enumerated() {
            table.add([
                "\(index + 1)", value.written, Quantity.count(UInt64(sizes[index])) + " bytes",
                value.contentType.isEmpty ? "-" : value.contentType,
            ])
        }
        return """
            \(quotedKey) has \(values.count) siblings, written concurrently:
            \(table.text(indent: 2))Choose one with --sibling NUMBER or --latest, or see them with --all. To make one of them, put the \
            merged value with --context \(context)
            """
    }

    /// Wall milliseconds since 1970 as RFC 3339.
    static func time(_ milliseconds: UInt64) -> String {
        // The year 9999, beyond which there is no such form. The formatter cuts what is less than a millisecond, and a
        // binary fraction may be just below one: half a millisecond keeps it above.
        let seconds = Double(min(milliseconds, 253_402_300_799_999)) / 1000 + 0.0005
        return Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
