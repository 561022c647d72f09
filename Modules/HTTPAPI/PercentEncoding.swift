import Machine

/// Percent-encoding of arbitrary bytes (RFC 3986, section 2.1).
///
/// Text that was decoded on the way would lose the difference between `/` and `%2F`, and bytes that are no UTF-8; so this
/// reads the target as it came in the request line.
enum PercentEncoding {
    /// The bytes that a text stands for, or `nil` where it is none: a `%` without two hexadecimal digits behind it, or a
    /// character that has no place in a request's target and has to be encoded (spaces, controls, `#`, all beyond ASCII).
    static func decode(_ text: Substring) -> ByteBuffer? {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let character = rest.next() {
            switch character {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                bytes.writeInteger(high << 4 | low)
            case UInt8(ascii: "#"), ...UInt8(ascii: " "), 0x7f...:
                // A byte beyond ASCII may be the replacement of one that was no UTF-8, and so the key of another.
                return nil
            default:
                bytes.writeInteger(character)
            }
        }
        return bytes
    }

    /// The text that a text stands for, where its bytes are UTF-8.
    static func decodeText(_ text: Substring) -> String? {
        decode(text).flatMap { String(validating: $0.readableBytesView, as: UTF8.self) }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
