import Causality
import HTTPTypes
import Machine

/// Values as parts of one body (RFC 2046, section 5.1).
struct Multipart {
    /// Nearly 128 random bits: no value has them, and who writes values cannot foresee them. Always of one length, so that
    /// bodies of the same siblings are.
    let boundary = "toystore-" + Self.digits() + Self.digits()

    private static func digits() -> String {
        String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
    }

    var mediaType: String { "multipart/mixed; boundary=\(boundary)" }

    /// One part for each value, with its type and time.
    func encode(_ siblings: [Sibling]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(siblings.reduce(64) { $0 + $1.content.byteCount + 160 })
        for sibling in siblings {
            guard case .value(let bytes, let type) = sibling.content else { continue }
            buffer.writeString("--\(boundary)\r\nContent-Type: \(MediaType.ofStored(type))\r\n")
            buffer.writeString("\(HTTPField.Name.written): \(sibling.timestamp.text)\r\n")
            if let expires = sibling.expiryText {
                buffer.writeString("\(HTTPField.Name.expires): \(expires)\r\n")
            }
            buffer.writeString("\r\n")
            buffer.writeImmutableBuffer(bytes)
            buffer.writeString("\r\n")
        }
        buffer.writeString("--\(boundary)--\r\n")
        return buffer
    }
}
