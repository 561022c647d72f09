import ArgumentParser
import FoundationEssentials
import Machine

/// How a key is written on the command line, which takes texts only, while a key is any bytes.
enum KeyEncoding: String, CaseIterable, ExpressibleByArgument {
    /// The bytes of the text in UTF-8.
    case text
    /// As in a URL: `%` and two hexadecimal digits for a byte.
    case percent
    /// With or without padding, in the usual alphabet or that of URLs.
    case base64
}

/// The key that a command is about.
struct KeyOptions: ParsableArguments {
    @Argument(help: "The key, 1 to 4096 bytes.") var key: String

    @Option(
        name: .customLong("key-encoding"),
        help: ArgumentHelp(
            "How the key is written: as it is, percent-encoded as in a URL, or in Base64. (default: text)",
            valueName: KeyEncoding.allCases.map(\.rawValue).joined(separator: "|")))
    var encoding: KeyEncoding?

    /// The key as bytes.
    func decoded() throws(CommandFailure) -> Key {
        switch encoding ?? .text {
        case .text:
            return Key(bytes: ByteBuffer(string: key))
        case .percent:
            guard let bytes = Self.percentDecoded(key) else {
                throw CommandFailure(
                    .usage, "“\(key)” is not percent-encoded: two hexadecimal digits must follow each %.")
            }
            return Key(bytes: bytes)
        case .base64:
            var text = key.replacing("-", with: "+").replacing("_", with: "/")
            if text.utf8.count % 4 > 1, !text.hasSuffix("=") {
                text += String(repeating: "=", count: 4 - text.utf8.count % 4)
            }
            guard let data = Data(base64Encoded: text) else {
                throw CommandFailure(.usage, "“\(key)” is not Base64.")
            }
            return Key(bytes: ByteBuffer(bytes: data))
        }
    }

    private static func percentDecoded(_ text: String) -> ByteBuffer? {
        var bytes = ByteBuffer()
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.writeInteger(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
                return nil
            }
            bytes.writeInteger(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// A key, and its forms for people and for programs.
struct Key {
    let bytes: ByteBuffer

    /// The key as a text; `nil` where it is none.
    var text: String? { String(validating: bytes.readableBytesView, as: UTF8.self) }

    /// In Base64 where it is no text: what the HTTP door's batches call `keyBase64`.
    var base64: String? { text == nil ? Data(bytes.readableBytesView).base64EncodedString() : nil }

    /// In quotes; percent-encoded where it is no text.
    var quoted: String {
        if let text { return "“\(text)”" }
        let graphic = UInt8(ascii: "!")...UInt8(ascii: "~")
        return "“"
            + bytes.readableBytesView.map { byte in
                if graphic.contains(byte), byte != UInt8(ascii: "%") { return String(UnicodeScalar(byte)) }
                return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }.joined() + "”"
    }
}
