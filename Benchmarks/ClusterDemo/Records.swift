import Foundation
import Hashing
import Machine

/// What the demo writes: each line of a text file is a key, and its value follows from the key alone, so that a reader can
/// tell every byte without keeping any.
struct Records: Sendable {
    /// What the file is called.
    let name: String
    private let keys: [ByteBuffer]

    /// The lines of a file without the empty and repeated ones and those too long for a key; at most `limit`.
    init(file path: String, limit: Int) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DemoFailure("\(path) cannot be read")
        }
        let text = ByteBuffer(bytes: data)
        var seen: Set<ByteBuffer> = []
        var keys: [ByteBuffer] = []
        var rest = text.readableBytesView
        while !rest.isEmpty, keys.count < limit {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            if (1...4096).contains(end - rest.startIndex),
                let key = text.getSlice(at: rest.startIndex, length: end - rest.startIndex), seen.insert(key).inserted
            {
                keys.append(key)
            }
            rest = rest[min(end + 1, rest.endIndex)...]
        }
        name = URL(fileURLWithPath: path).lastPathComponent
        self.keys = keys
    }

    /// How many there are.
    var count: Int { keys.count }

    /// The key of a record.
    func key(of record: Int) -> ByteBuffer { keys[record] }

    /// Whether the record's value is binary: each third one is.
    func isBinary(_ record: Int) -> Bool { record % 3 == 2 }

    /// The media type of a record's value.
    func contentType(of record: Int) -> String {
        isBinary(record) ? "application/octet-stream" : "text/plain; charset=utf-8"
    }

    /// The value of a record: most are short, one in twenty has up to 4 KiB, one in a thousand up to 32 KiB, some have none.
    func value(of record: Int) -> ByteBuffer {
        let key = keys[record]
        var generator = SeededGenerator(seed: Token(key: key).value)
        let limit: UInt64 =
            switch generator.below(1000) {
            case 0: 32 << 10
            case 1...50: 4 << 10
            default: 200
            }
        let size = Int(generator.below(limit + 1))
        var value = ByteBuffer()
        value.reserveCapacity(size + key.readableBytes + 8)
        if isBinary(record) {
            while value.writerIndex < size {
                value.writeInteger(generator.next())
            }
        } else {
            while value.writerIndex < size {
                value.writeImmutableBuffer(key)
                value.writeInteger(UInt8(ascii: "\n"))
            }
        }
        value.moveWriterIndex(to: size)
        return value
    }

    /// A record's key as text, for messages.
    func text(of record: Int) -> String {
        String(decoding: keys[record].readableBytesView, as: UTF8.self)
    }
}

/// Why the demo cannot go on, in a sentence.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
