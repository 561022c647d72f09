import Glibc

/// Reads a small text file.
enum TextFile {
    /// Why a file cannot be read: the system's words.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The most bytes of a file.
    static let byteLimit = 1 << 20

    /// The text of a file, or of a pipe. Blocks.
    static func read(_ path: String) throws(Failure) -> String {
        guard let file = fopen(path, "re") else { throw systemFailure() }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: byteLimit + 1)
        let count = fread(&bytes, 1, byteLimit + 1, file)
        guard ferror(file) == 0 else { throw systemFailure() }
        guard count <= byteLimit else { throw Failure(description: "it has more than \(byteLimit) bytes") }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw Failure(description: "it is no UTF-8 text")
        }
        return text
    }

    private static func systemFailure() -> Failure {
        Failure(description: String(cString: strerror(errno)))
    }
}
