import FoundationEssentials
import Glibc
import Machine

/// The world as a command sees it: what it is given, and where it writes.
struct Console: Sendable {
    /// The variables of the environment.
    var environment: [String: String]
    /// Whether people read what is written, and no other program.
    var isTerminal: Bool
    /// Reads all of the standard input, or of a file where a path is given: at most a number of bytes.
    var readAll: @Sendable (_ path: String?, _ limit: Int) throws(ReadFailure) -> ByteBuffer
    /// Writes to the standard output.
    var writeBytes: @Sendable (ByteBuffer) -> Void
    /// Writes to the standard error.
    var complain: @Sendable (String) -> Void

    /// Why input cannot be had.
    enum ReadFailure: Error {
        /// The system's words.
        case system(String)
        case tooLong
    }

    func write(_ text: String) {
        writeBytes(ByteBuffer(string: text))
    }

    /// The process's own.
    static let system = Console(
        environment: ProcessInfo.processInfo.environment,
        isTerminal: isatty(STDOUT_FILENO) == 1,
        readAll: { path, limit throws(ReadFailure) in
            guard let path else { return try read(STDIN_FILENO, limit: limit) }
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw systemFailure() }
            defer { Glibc.close(file) }
            return try read(file, limit: limit)
        },
        writeBytes: { write($0, to: STDOUT_FILENO) },
        complain: { write(ByteBuffer(string: $0), to: STDERR_FILENO) })

    private static func read(_ file: Int32, limit: Int) throws(ReadFailure) -> ByteBuffer {
        var bytes = ByteBuffer()
        while bytes.readableBytes <= limit {
            var count = 0
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 16) { room in
                count = Glibc.read(file, room.baseAddress, room.count)
                return max(count, 0)
            }
            if count == 0 { return bytes }
            guard count > 0 || errno == EINTR else { throw systemFailure() }
        }
        throw .tooLong
    }

    private static func write(_ bytes: ByteBuffer, to file: Int32) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let count = rest.withUnsafeReadableBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                // Nobody is left to tell where the output has gone.
                guard errno == EINTR else { return }
                continue
            }
            rest.moveReaderIndex(forwardBy: count)
        }
    }

    private static func systemFailure() -> ReadFailure {
        .system(String(cString: strerror(errno)))
    }
}
