import Client
import FoundationEssentials
import Machine

extension Verb {
    /// The value that a node's JSON stands for.
    func decode<Value: Decodable>(_ type: Value.Type, from json: ByteBuffer) throws(CommandFailure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(json.readableBytesView))
        } catch {
            throw CommandFailure(
                .cannotServe,
                "the node's answer is not what this release of toystore reads. See that both are of the same release.")
        }
    }
}

extension Console {
    /// Writes a node's JSON as it came, on lines of its own.
    func write(json: ByteBuffer) {
        var line = json
        line.writeString("\n")
        writeBytes(line)
    }
}

extension Encodable {
    /// The value as JSON for people and programs: indented, keys in order, a newline at the end.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Texts and numbers always have a form.
        let data = (try? encoder.encode(self)) ?? Data()
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

/// What a write tells: its key, and the context of who wrote it.
struct WriteReport: Encodable {
    let key: String?
    /// Instead of `key`, where that is no text.
    let keyBase64: String?
    let context: String

    init(key: Key, context: String) {
        self.key = key.text
        keyBase64 = key.base64
        self.context = context
    }
}
