import Machine

/// Base64 in the alphabet for URLs and file names, without padding (RFC 4648, section 5).
///
/// Strict: one text for each sequence of bytes, so that texts can be compared as such.
enum Base64URL {
    /// The text of some bytes.
    static func encode(_ bytes: ByteBuffer) -> String {
        let view = bytes.readableBytesView
        return String(unsafeUninitializedCapacity: (view.count * 8 + 5) / 6) { text in
            var count = 0
            var pending: UInt32 = 0
            var pendingBits: UInt32 = 0
            func put(_ digit: UInt32) {
                text[count] = character(of: UInt8(truncatingIfNeeded: digit & 0x3f))
                count += 1
            }
            for byte in view {
                pending = pending << 8 | UInt32(byte)
                pendingBits += 8
                while pendingBits >= 6 {
                    pendingBits -= 6
                    put(pending >> pendingBits)
                }
            }
            if pendingBits > 0 {
                put(pending << (6 - pendingBits))
            }
            return count
        }
    }

    /// The bytes of a text, or `nil` where it is no text that ``encode(_:)`` gives: a character outside of the alphabet,
    /// padding, an impossible length, or bits set behind the last byte.
    static func decode(_ text: some StringProtocol) -> ByteBuffer? {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(text.utf8.count * 6 / 8)
        var pending: UInt32 = 0
        var pendingBits: UInt32 = 0
        for character in text.utf8 {
            guard let digit = digit(of: character) else { return nil }
            pending = pending << 6 | UInt32(digit)
            pendingBits += 6
            if pendingBits >= 8 {
                pendingBits -= 8
                bytes.writeInteger(UInt8(truncatingIfNeeded: pending >> pendingBits))
            }
        }
        // What remains fills up the last digit with zeros; six bits of it would be a digit too many.
        guard pendingBits < 6, pending & ((1 << pendingBits) - 1) == 0 else { return nil }
        return bytes
    }

    private static func character(of digit: UInt8) -> UInt8 {
        switch digit {
        case 0..<26: UInt8(ascii: "A") + digit
        case 26..<52: UInt8(ascii: "a") + (digit - 26)
        case 52..<62: UInt8(ascii: "0") + (digit - 52)
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }

    private static func digit(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
